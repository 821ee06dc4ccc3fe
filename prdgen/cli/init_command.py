"""`prdgen init`: lay out a repository for PRDs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--example", is_flag=True, help="With six linked example PRDs.")
@click.option(
    "--convert",
    is_flag=True,
    help="Write Material's !!!, ??? and === in existing pages as GitHub reads them.",
)
def command(folder: Path, *, example: bool, convert: bool) -> None:
    """Lay out FOLDER for PRDs: mkdocs.yml, site/, prd-templates/ and hooks/.

    Makes the folder and the Git repository when they are missing. Nothing that exists is changed:
    an existing MkDocs repository keeps its mkdocs.yml and its pages, and what of it is carried on and
    what is not is listed.

    \b
    prdgen init my-prds && prdgen serve -C my-prds
    prdgen init . --convert                  # in a repository with an mkdocs.yml
    """
    from prdgen.flows import init

    init.lay(folder, example=example, convert=convert, say=click.echo)
    click.echo(f"Next: prdgen serve -C {folder}")
