"""`prdgen serve`: the editing server, its worker and its embedded services."""

from __future__ import annotations

from pathlib import Path

import click

from prdgen.cli.main import repository_option


@click.command()
@repository_option
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", "-p", type=int, help="Port; 0 takes a free one.  [default: 8400]")
@click.option("--addr", "-a", help="host:port in one, as `mkdocs serve -a`.")
@click.option("--example", is_flag=True, help="Make and serve an example repository in ./example.")
@click.option("--no-worker", is_flag=True, help="Do not start the background worker here.")
def command(
    repository: Path, host: str | None, port: int | None, addr: str | None, *,
    example: bool, no_worker: bool,
) -> None:  # fmt: skip
    """Serve the editor, the pages and the site of a repository.

    Starts PostgreSQL and Valkey from wheels unless PRDGEN_DATABASE_URL and PRDGEN_REDIS_URL name
    others, brings index and site up to date, and prints a sign-in link. Ctrl-C stops everything.

    \b
    prdgen serve                      # the repository in this folder
    prdgen serve -C ../prds -p 9000   # another one, on another port
    """
    from prdgen import settings
    from prdgen.server import run

    if addr:
        name, _, number = addr.rpartition(":")
        if not number.isdecimal():
            raise click.BadParameter(f"expected HOST:PORT, got {addr!r}", param_hint="--addr")
        host, port = name.strip("[]") or host, int(number)
    if example:
        from prdgen.flows import init

        repository = Path("example")
        if not (repository / ".git").exists():
            init.lay(repository, example=True, say=lambda line: click.echo(line, err=True))
    values = settings.load(repository, overrides={"host": host, "port": port})
    run.serve(values, with_worker=not no_worker, say=lambda line: click.echo(line, err=True))
