"""`prdgen hook NAME`: what the scripts in hooks/ call."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from prdgen.errors import PrdgenError


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(name: str, arguments: tuple[str, ...]) -> None:
    """Do what prdgen does at Git's hook NAME, with the ARGUMENTS that Git gives to it.

    pre-commit and pre-push refuse what would break pages (a link, a requirement's number, conflict
    markers), prepare-commit-msg names the sections that changed, post-merge and post-checkout say
    what is worth knowing. Ends with 10 to stop Git. When the repository cannot be read it says why,
    in a line, and stops nobody.

    \b
    prdgen hook pre-commit
    """
    from prdgen import settings
    from prdgen.flows import clone as clones
    from prdgen.flows import hook

    given = sys.stdin.read() if name == "pre-push" else ""
    try:
        said = hook.run(clones.open_clone(settings.load(Path())), name, arguments, given)
    except PrdgenError as error:
        click.echo(f"prdgen: {name} was left out. {error.message}", err=True)
        return
    for line in said.lines:
        click.echo(line, err=True)
    if said.refused:
        raise SystemExit(hook.REFUSED)
