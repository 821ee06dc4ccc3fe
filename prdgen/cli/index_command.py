"""`prdgen index`: what is in the repository, as lists."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from prdgen.cli.main import repository_option


@click.command()
@repository_option
@click.option("--branch", "-b", help="Branch to look at.  [default: the main branch]")
@click.option("--requirements", is_flag=True, help="List requirements instead of pages.")
@click.option("--rebuild", is_flag=True, help="Rebuild the server's index of all branches.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    repository: Path, branch: str | None, *, requirements: bool, rebuild: bool, as_json: bool
) -> None:
    """List pages (or requirements) at a branch's tip, read from Git.

    With --rebuild the server's index in PostgreSQL is thrown away and made again from Git.

    \b
    prdgen index --json
    prdgen index --requirements --branch draft/checkout
    """
    import anyio

    from prdgen import settings
    from prdgen.flows import clone as clones
    from prdgen.flows import index, listing

    values = settings.load(repository)
    if rebuild:
        counted = anyio.run(index.rebuild, values)
        said = f"Indexed {counted['pages']} pages on {counted['branches']} branches"
        click.echo(json.dumps(counted) if as_json else said)
        return
    clone = clones.open_clone(values)
    found = listing.pages(clone, branch or clone.main_branch)
    if requirements:
        rows = [{"page_path": f.page_path, **asdict(r)} for f in found for r in f.requirements]
        lines = [f"{row['id']:14} {row['page_path']}:{row['line']}  {row['text']}" for row in rows]
    else:
        rows = [{"page_path": f.page_path, "title": f.title, "status": f.status, "owner": f.owner,
                 "tags": f.tags, "requirements": len(f.requirements)} for f in found]  # fmt: skip
        lines = [f"{row['page_path']}  {row['title']}  {row['status']}" for row in rows]
    click.echo(json.dumps(rows, default=str) if as_json else "\n".join(lines))
