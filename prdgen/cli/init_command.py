"""`prdgen init`: lay out a repository for PRDs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--example", is_flag=True, help="With six linked example PRDs.")
def command(folder: Path, *, example: bool) -> None:
    """Lay out FOLDER for PRDs: mkdocs.yml, site/, prd-templates/ and hooks/.

    Makes the folder and the Git repository when they are missing. Nothing that exists is changed:
    an existing MkDocs repository keeps its mkdocs.yml and its pages; what was left alone is listed.

    \b
    prdgen init my-prds && prdgen serve -C my-prds
    """
    from prdgen.flows import init

    init.lay(folder, example=example, say=click.echo)
    click.echo(f"Next: prdgen serve -C {folder}")
