"""`prdgen user`: people, their sign-in links and API tokens, from the server's own terminal."""

from __future__ import annotations

from pathlib import Path

import click

from prdgen.cli.main import repository_option


@click.group()
def command() -> None:
    """Add people, list them, and make sign-in links and API tokens.

    Works beside a running server and without one.

    \b
    prdgen user add ada@example.org --name "Ada Moreau" --role editor
    prdgen user link ada@example.org
    """


@command.command("add")
@repository_option
@click.argument("email")
@click.option("--name", help="Name as commits show it.  [default: from the address]")
@click.option(
    "--role",
    default="editor",
    show_default=True,
    help="reader, commenter, editor, maintainer or owner.",
)
def add(repository: Path, email: str, name: str | None, role: str) -> None:  # fmt: skip
    """Add a person and print a one-time sign-in link for them.

    \b
    prdgen user add ada@example.org --role maintainer
    """
    import anyio

    from prdgen import settings
    from prdgen.flows import accounts

    link = anyio.run(accounts.add, settings.load(repository), email, name, role)
    click.echo(link)


@command.command("link")
@repository_option
@click.argument("email")
def link(repository: Path, email: str) -> None:
    """Print a new one-time sign-in link for a person.

    \b
    prdgen user link ada@example.org
    """
    import anyio

    from prdgen import settings
    from prdgen.flows import accounts

    click.echo(anyio.run(accounts.link, settings.load(repository), email))


@command.command("role")
@repository_option
@click.argument("email")
@click.argument("role")
def role(repository: Path, email: str, role: str) -> None:
    """Give a person another role, which counts at once.

    \b
    prdgen user role ada@example.org maintainer
    """
    import anyio

    from prdgen import settings
    from prdgen.flows import accounts

    anyio.run(accounts.role, settings.load(repository), email, role)
    click.echo(f"{email} is {role} now.", err=True)


@command.command("out")
@repository_option
@click.argument("email")
def out(repository: Path, email: str) -> None:
    """Sign a person out everywhere, and end their API tokens and links.

    They come back only with a new link. What they wrote stays theirs.

    \b
    prdgen user out ada@example.org
    """
    import anyio

    from prdgen import settings
    from prdgen.flows import accounts

    anyio.run(accounts.out, settings.load(repository), email)
    click.echo(f"{email} is signed out everywhere.", err=True)


@command.command("token")
@repository_option
@click.argument("email")
@click.option("--name", default="command line", show_default=True, help="What the token is for.")
@click.option("--read-only", is_flag=True, help="The token may read and nothing else.")
def token(repository: Path, email: str, name: str, *, read_only: bool) -> None:
    """Print a new API token of a person; it is shown this once and lasts a year.

    \b
    prdgen user token ada@example.org --name "nightly export" --read-only
    curl -H "Authorization: Bearer TOKEN" http://127.0.0.1:8400/api/pages
    """
    import anyio

    from prdgen import settings
    from prdgen.flows import accounts

    scope = "read" if read_only else "write"
    click.echo(anyio.run(accounts.token, settings.load(repository), email, name, scope))


@command.command("list")
@repository_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(repository: Path, *, as_json: bool) -> None:
    """List everyone with an account.

    \b
    prdgen user list --json
    """
    import json

    import anyio

    from prdgen import settings
    from prdgen.flows import accounts

    found = anyio.run(accounts.everyone, settings.load(repository))
    if as_json:
        rows = [{"name": p.name, "email": p.email, "role": role} for p, role in found]
        click.echo(json.dumps(rows))
        return
    for person, role in found:
        click.echo(f"{person.name}  <{person.email}>  {role}")
