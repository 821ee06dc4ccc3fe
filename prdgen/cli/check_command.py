"""`prdgen check`: what writers should look at."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from prdgen.cli.main import repository_option


@click.command()
@repository_option
@click.argument("pages", nargs=-1)
@click.option("--branch", "-b", help="Check a branch's tip instead of the working tree.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def command(repository: Path, pages: tuple[str, ...], branch: str | None, *, as_json: bool) -> None:
    """Check PAGES (all, unless named): links, images, requirement ids, front matter, diagrams.

    Looks at the working tree, committed or not; exits with 1 when something is wrong.

    \b
    prdgen check                             # every page
    prdgen check site/prds/checkout.md --json
    """
    from prdgen import settings
    from prdgen.flows import check
    from prdgen.flows import clone as clones

    clone = clones.open_clone(settings.load(repository))
    found = check.pages(clone, pages, branch)
    if as_json:
        click.echo(json.dumps({"problems": [asdict(problem) for problem in found]}))
    else:
        for problem in found:
            click.echo(f"{problem.page_path}:{problem.line}: {problem.message}")
            if problem.hint:
                click.echo(f"    {problem.hint}")
        click.echo(f"{len(found)} problem{'' if len(found) == 1 else 's'}", err=True)
    if found:
        raise SystemExit(1)
