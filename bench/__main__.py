"""`python -m bench NAME`: progress on stderr, the outcome on stdout, its last line one JSON object."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bench import machine, node, repositories
from bench.figures import Figures, Report

_OFFICIAL_EDITORS = 20
"""An official client takes about 3 ms of a processor for each edit of anybody."""
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
@click.option(
    "--warm-seconds", default=5.0, show_default=True, help="Typed before that, unmeasured."
)
@click.option(
    "--recorded/--official", default=None,
    help="Editors that send changes made before, or official clients (by default up to 20).",
)  # fmt: skip
@click.option("--no-peers", is_flag=True, help="Leave the peers out.")
@_JSON
def sync(*, recorded: bool | None, no_peers: bool, as_json: bool, **amount: Any) -> None:
    """Editors typing together, beside automerge-repo's server and Hocuspocus."""
    from bench import load, sync

    if recorded is None:
        recorded = amount["documents"] * amount["editors"] > _OFFICIAL_EDITORS
    amount["recorded"] = recorded
    show(lambda: sync.run(load.Load(**amount), say, with_peers=not no_peers), as_json=as_json)


@main.command()
@click.option("--rounds", default=30, show_default=True, help="Edits whose way is timed.")
@_CORPUS
@_JSON
def edit(rounds: int, corpus: Path, *, as_json: bool) -> None:
    """One edit's way to file, commit and site, and from a file to an editor."""
    from bench import edit

    show(lambda: edit.run(corpus, say, rounds), as_json=as_json)


@main.command()
@_CORPUS
@_JSON
def start(corpus: Path, *, as_json: bool) -> None:
    """First and second start on a large repository, and the memory of an idle server."""
    from bench import start

    show(lambda: start.run(corpus, say), as_json=as_json)


@main.command()
@click.option(
    "--pages", default=10_000, show_default=True, help="Of the large repository; 0: none."
)
@click.option("--no-peers", is_flag=True, help="Leave out MkDocs and Hugo.")
@_CORPUS
@_JSON
def build(corpus: Path, *, pages: int, no_peers: bool, as_json: bool) -> None:
    """The static site of a repository, beside MkDocs with Material, and of a large one."""
    from bench import build

    show(lambda: build.run(corpus, say, pages, peers=not no_peers), as_json=as_json)


@main.command()
@click.option("--seconds", default=10.0, show_default=True, help="Of each load.")
@_CORPUS
@_JSON
def read(seconds: float, corpus: Path, *, as_json: bool) -> None:
    """Readers of the site, as fast as it goes and while commits go on, beside nginx."""
    from bench import read

    show(lambda: read.run(corpus, say, seconds), as_json=as_json)


@main.command()
@click.option("--keystrokes", type=int, help="Type only so many of the 259,778.")
@_CORPUS
@_JSON
def history(keystrokes: int | None, corpus: Path, *, as_json: bool) -> None:
    """Hundreds of thousands of keystrokes in one page: what they leave, and what it weighs."""
    from bench import history

    show(lambda: history.run(corpus, say, keystrokes), as_json=as_json)


@main.command()
@click.option("--clients", default=200, show_default=True, help="Editors that come back at once.")
@click.option("--away", default=30.0, show_default=True, help="Seconds without the server.")
@_JSON
def reconnect(clients: int, away: float, *, as_json: bool) -> None:
    """A crowd of editors loses the server while typing, and comes back at once."""
    from bench import reconnect

    show(lambda: reconnect.run(say, clients, away), as_json=as_json)


@main.command()
@click.option("--keys", default=200, show_default=True, help="Keys typed into each page.")
@click.option("--opens", default=3, show_default=True, help="Times each large page is opened.")
@_JSON
def editor(keys: int, opens: int, *, as_json: bool) -> None:
    """A person at a real browser: keys, first and second load, large pages."""
    from bench import editor

    show(lambda: editor.run(say, keys, opens), as_json=as_json)


@main.command()
@click.option("--made", "count", default=5000, show_default=True, help="Merges that are made up.")
@click.option("--seed", default=1, show_default=True, help="Another seed makes other ones.")
@click.option(
    "--repository", type=click.Path(path_type=Path, file_okay=False), default=node.ROOT,
    show_default="this one", help="A repository whose merges are made again.",
)  # fmt: skip
@click.option("--no-packages", is_flag=True, help="Leave out the release lines of npm packages.")
@_CORPUS
@_JSON
def merge(
    count: int, seed: int, repository: Path, corpus: Path, *, no_packages: bool, as_json: bool
) -> None:
    """Three-way merges of pages, real and made, beside `git merge-file`."""
    from bench import merge

    packages = not no_packages
    show(
        lambda: merge.run(corpus, say, count, seed, repository, with_packages=packages),
        as_json=as_json,
    )


@main.command()
@click.option("--small", is_flag=True, help="A few hundred pages, to see whether it works.")
@_CORPUS
@_JSON
def git(corpus: Path, *, small: bool, as_json: bool) -> None:
    """Commits and pushes in a repository of 10,000 pages while people type, beside Git itself."""
    from bench import git

    show(lambda: git.run(corpus, say, git.SMALL if small else git.Amount()), as_json=as_json)


@main.command()
@click.option("--book", is_flag=True, help="Also all pages of the corpus as one PDF.")
@_CORPUS
@_JSON
def export(corpus: Path, *, book: bool, as_json: bool) -> None:
    """PDF and Word of the largest pages and of the mission's document, first and again."""
    from bench import export

    show(lambda: export.run(corpus, say, book=book), as_json=as_json)


@main.command("all")
@_CORPUS
@_JSON
def everything(corpus: Path, *, as_json: bool) -> None:
    """Every benchmark, one after the other."""
    from bench import build, edit, export, git, history, load, merge, read, reconnect, start, sync

    steps: dict[str, Callable[[], Report]] = {
        "sync": lambda: sync.run(load.Load(), say),
        "edit": lambda: edit.run(corpus, say),
        "start": lambda: start.run(corpus, say),
        "build": lambda: build.run(corpus, say),
        "export": lambda: export.run(corpus, say, book=True),
        "read": lambda: read.run(corpus, say),
        "history": lambda: history.run(corpus, say),
        "reconnect": lambda: reconnect.run(say),
        "merge": lambda: merge.run(corpus, say),
        "git": lambda: git.run(corpus, say, git.Amount()),
    }
    found = {}
    for name, step in steps.items():
        report, found[name] = measured(step)
        if not as_json:
            click.echo(report.as_text())
    if as_json:
        click.echo(json.dumps({"bench": "all", **found}))


def show(run: Callable[[], Report], *, as_json: bool) -> None:
    """Run one benchmark and show what it found, for people or for programs."""
    report, found = measured(run)
    click.echo(json.dumps(found) if as_json else report.as_text())


def measured(run: Callable[[], Report]) -> tuple[Report, Figures]:
    """A benchmark's report, and the same as JSON with the machine it ran on."""
    watch = machine.Watch()
    report = run()
    return report, report.as_json() | {"machine": watch.describe()}


def say(text: str) -> None:
    """One line of progress."""
    click.echo(f"{time.strftime('%H:%M:%S')} {text}", err=True)


if __name__ == "__main__":
    main()
