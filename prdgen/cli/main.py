"""The `prdgen` command: its group, its common options, and how errors are shown."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from prdgen import __version__, settings
from prdgen.errors import PrdgenError


class CannotUse(PrdgenError):
    """{where} cannot be used: {got}."""

    cure = "Check that it exists, that this user may write there, and that its disk has space."


COMMANDS: Final[dict[str, str]] = {
    "init": "Lay out a new repository, or take over one that exists.",
    "serve": "Write together in the browser: the editing server, and the site beside it.",
    "new": "Make a page from a template.",
    "build": "Build the static site into public/, without a server.",
    "publish": "Publish the site to a folder or a bucket, list the builds there, go back to one.",
    "check": "Check pages: links, requirement ids, front matter, diagrams.",
    "index": "List pages, requirements and what links where, or rebuild the server's index.",
    "export": "Write a page as PDF, Word, Markdown or JSON.",
    "user": "Add people and make sign-in links and API tokens.",
    "hooks": "Let Git merge pages word by word and check them at commits; or take that out again.",
    "hook": "What Git's hooks call.",
    "merge-file": "Merge a page word by word, as Git's merge driver.",
    "doctor": "Say what is in order on this machine and in this repository, and what is not.",
    "worker": "Do background jobs (serve starts one by itself).",
}
"""Command → one line of help. Modules are imported when their command is called."""


class Commands(click.Group):
    """The group: commands are loaded when called, errors become one readable paragraph."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import `prdgen.cli.<name>_command` and take its `command`."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"prdgen.cli.{cmd_name.replace('-', '_')}_command")
        command: click.Command = module.command
        command.short_help = COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, text in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a PrdgenError ends it with its message, its cure and its exit code."""
        try:
            return _with_errors(super().invoke, ctx)
        except PrdgenError as error:
            click.echo(f"{click.style('Error:', fg='red', bold=True)} {error}", err=True)
            click.echo(f"{click.style('To do:', fg='yellow', bold=True)} {error.hint}", err=True)
            sys.exit(error.exit_code)


def _with_errors(run: Callable[[click.Context], Any], ctx: click.Context) -> Any:
    """What the system refuses (a full disk, missing rights) as an error of ours."""
    try:
        return run(ctx)
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain about it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return None
    except OSError as error:
        if error.filename is None:
            raise
        raise CannotUse(where=error.filename, got=error.strerror) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="prdgen")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Product requirement documents, live in the browser and plain in Git.

    Begin with `prdgen init my-prds` and `prdgen serve --repository my-prds`. Every setting can be
    given in `prdgen.toml` or as PRDGEN_NAME; `prdgen doctor --settings` shows them.
    """
    if ctx.invoked_subcommand != "worker":  # `serve` starts one, and has said it already.
        for line in settings.unknown_variables(os.environ):
            click.echo(f"{click.style('Warning:', fg='yellow', bold=True)} {line}", err=True)


def repository_option(command: Any) -> Any:
    """`--repository/-C`: the repository to work on; the current folder unless given."""
    return click.option(
        "--repository",
        "-C",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="PRDGEN_REPOSITORY",
        default=Path(),
        show_default="the current folder",
        help="The Git repository to work on.",
    )(command)
