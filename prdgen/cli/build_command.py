"""`prdgen build`: the static site, without a server."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import click

from prdgen.cli.main import repository_option


@click.command()
@repository_option
@click.option("--branch", "-b", help="Branch to build.  [default: the main branch]")
@click.option("--clean", is_flag=True, help="Render every page again.")
@click.option("--strict", is_flag=True, help="Exit with 1 when a page has a problem.")
@click.option("--no-search", is_flag=True, help="Skip the search index.")
@click.option(
    "--compress",
    is_flag=True,
    help="Write .br, .zst and .gz beside the files, for web servers that send them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(
    repository: Path, branch: str | None, *, clean: bool, strict: bool, no_search: bool,
    compress: bool, as_json: bool,
) -> None:  # fmt: skip
    """Build the committed pages into public/, ready for any web server.

    Only what changed since the last build is rendered; the folder is switched whole, so a reader
    never sees half a site.

    \b
    prdgen build --strict      # in CI: broken links and ids fail
    """
    from prdgen import memory

    # A build makes hardly anything that only the collector finds, and it looks again and again.
    gc.set_threshold(memory.MANY)
    from prdgen import settings
    from prdgen.flows import clone as clones
    from prdgen.flows import publish

    clone = clones.open_clone(settings.load(repository, overrides={"main_branch": branch}))
    tip = clones.tip_of(clone, clone.main_branch)
    made = publish.finish(clone, tip, clean=clean, searched=not no_search, twins=compress)
    if as_json:
        click.echo(json.dumps({
            "commit": tip, "pages": len(made.manifest.pages), "rendered": len(made.rendered),
            "changed": len(made.changed), "seconds": round(made.seconds, 3),
            "public": str(clone.public_dir), "problems": list(made.problems),
        }))  # fmt: skip
    else:
        for problem in made.problems:
            click.echo(f"{problem['page_path']}:{problem['line']}: {problem['message']}", err=True)
        click.echo(
            f"{len(made.manifest.pages)} pages in {clone.public_dir} "
            f"({len(made.rendered)} rendered, {made.seconds:.1f} s, {len(made.problems)} problems)"
        )
    if strict and made.problems:
        raise SystemExit(1)
