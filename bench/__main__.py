"""`python -m bench NAME`: progress on stderr, the outcome on stdout, its last line one JSON object."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bench import machine, repositories
from bench.figures import Report

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, in one line.")
_CORPUS = click.option(
    "--corpus", type=click.Path(path_type=Path, file_okay=False), default=repositories.CORPUS,
    show_default="../shared/corpus", help="The folder that holds rfcs/, the bulk input.",
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure prdgen beside its peers, in one run on one machine.

    Benchmarks assert nothing: they print what they saw, the peers' figures, and which targets were
    missed. What each figure means is in docs/benchmarks.md.

    For example: python -m bench sync --documents 2 --json
    """


@main.command()
@click.option("--documents", default=4, show_default=True, help="Documents typed into at once.")
@click.option("--editors", default=4, show_default=True, help="Editors in each document.")
@click.option("--rate", default=5.0, show_default=True, help="Edits a second of one editor.")
@click.option("--seconds", default=20.0, show_default=True, help="How long they type.")
@click.option("--characters", default=8000, show_default=True, help="Length of a document.")
@click.option("--no-peers", is_flag=True, help="Leave the peers out.")
@_JSON
def sync(*, no_peers: bool, as_json: bool, **amount: Any) -> None:
    """Editors typing together, beside automerge-repo's server and Hocuspocus."""
    show(_sync(amount, with_peers=not no_peers), as_json=as_json)


@main.command()
@click.option("--rounds", default=30, show_default=True, help="Edits whose way is timed.")
@_CORPUS
@_JSON
def edit(rounds: int, corpus: Path, *, as_json: bool) -> None:
    """One edit's way to file, commit and site, and from a file to an editor."""
    show(_edit(rounds, corpus), as_json=as_json)


@main.command()
@_CORPUS
@_JSON
def start(corpus: Path, *, as_json: bool) -> None:
    """First and second start on a large repository, and the memory of an idle server."""
    show(_start(corpus), as_json=as_json)


@main.command()
@_CORPUS
@_JSON
def build(corpus: Path, *, as_json: bool) -> None:
    """The static site of a large repository, beside MkDocs with Material."""
    show(_build(corpus), as_json=as_json)


@main.command("all")
@_CORPUS
@_JSON
def everything(corpus: Path, *, as_json: bool) -> None:
    """Every benchmark, one after the other."""
    steps: list[Callable[[], Report]] = [
        lambda: _sync({}, with_peers=True),
        lambda: _edit(30, corpus),
        lambda: _start(corpus),
        lambda: _build(corpus),
    ]
    here = machine.name()
    reports = []
    for step in steps:
        reports.append(step())
        if not as_json:
            click.echo(reports[-1].as_text())
    if as_json:
        click.echo(json.dumps({r.bench: r.as_json() for r in reports} | {"machine": here}))


def show(report: Report, *, as_json: bool) -> None:
    """The outcome, for people or for programs."""
    found = report.as_json() | {"machine": machine.name()}
    click.echo(json.dumps(found) if as_json else report.as_text())


def _sync(amount: dict[str, Any], *, with_peers: bool) -> Report:
    from bench import load, sync

    usual = {"documents": 4, "editors": 4, "rate": 5.0, "seconds": 20.0, "characters": 8000}
    return sync.run(load.Load(**(usual | amount)), say, with_peers=with_peers)


def _edit(rounds: int, corpus: Path) -> Report:
    from bench import edit

    return edit.run(corpus, rounds, say)


def _start(corpus: Path) -> Report:
    from bench import start

    return start.run(corpus, say)


def _build(corpus: Path) -> Report:
    from bench import build

    return build.run(corpus, say)


def say(text: str) -> None:
    """One line of progress."""
    click.echo(f"{time.strftime('%H:%M:%S')} {text}", err=True)


if __name__ == "__main__":
    main()
