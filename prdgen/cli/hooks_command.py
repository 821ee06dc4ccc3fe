"""`prdgen hooks`: Git in this clone, with prdgen's merge driver and hooks or without."""

from __future__ import annotations

from pathlib import Path

import click

from prdgen.cli.main import repository_option


@click.group()
def command() -> None:
    """Let Git merge pages word by word, and check them at commits and pushes.

    \b
    prdgen hooks install         # in a clone; again does no harm
    prdgen hooks uninstall       # as it was before
    """


@command.command()
@repository_option
@click.option(
    "--shared", is_flag=True, help="Also into a core.hooksPath that is not this clone's alone."
)
def install(repository: Path, *, shared: bool) -> None:
    """Set up the merge driver and five hooks in this clone.

    A hook that is there already is kept and called first. Nothing tracked is changed: a line for
    .gitattributes, which gives the driver to everybody who installs it, is printed.

    \b
    prdgen hooks install -C my-prds
    """
    from prdgen.flows import hook_install

    hook_install.install(repository, click.echo, shared=shared)


@command.command()
@repository_option
def uninstall(repository: Path) -> None:
    """Take the merge driver and the hooks out; the hooks that were there before are back.

    \b
    prdgen hooks uninstall -C my-prds
    """
    from prdgen.flows import hook_install

    hook_install.uninstall(repository, click.echo)
