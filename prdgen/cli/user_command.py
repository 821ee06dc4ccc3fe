"""`prdgen user`: people and their sign-in links, from the server's own terminal."""

from __future__ import annotations

from pathlib import Path

import click

from prdgen.cli.main import repository_option


@click.group()
def command() -> None:
    """Add people, list them, and make sign-in links (also when single sign-on is down)."""


@command.command("add")
@repository_option
@click.argument("email")
@click.option("--name", help="Name as commits show it.  [default: from the address]")
@click.option("--role", default="editor", show_default=True,
              help="reader, commenter, editor, maintainer or owner.")
def add(repository: Path, email: str, name: str | None, role: str) -> None:  # fmt: skip
    """Add a person and print a one-time sign-in link for them."""
    import anyio

    from prdgen import settings
    from prdgen.flows import accounts

    link = anyio.run(accounts.add, settings.load(repository), email, name, role)
    click.echo(link)


@command.command("link")
@repository_option
@click.argument("email")
def link(repository: Path, email: str) -> None:
    """Print a new one-time sign-in link for a person."""
    import anyio

    from prdgen import settings
    from prdgen.flows import accounts

    click.echo(anyio.run(accounts.link, settings.load(repository), email))


@command.command("list")
@repository_option
def list_(repository: Path) -> None:
    """List everyone with an account."""
    import anyio

    from prdgen import settings
    from prdgen.flows import accounts

    for person, role in anyio.run(accounts.everyone, settings.load(repository)):
        click.echo(f"{person.name}  <{person.email}>  {role}")
