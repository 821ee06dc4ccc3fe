"""`prdgen new`: a page from a template, in the working tree."""

from __future__ import annotations

from pathlib import Path

import click

from prdgen.cli.main import repository_option


@click.command()
@repository_option
@click.argument("title")
@click.option("--template", "-t", default="feature", show_default=True, help="Template's name.")
@click.option("--folder", help="Folder in the repository.  [default: the usual one]")
@click.option("--list", "listing", is_flag=True, help="List the templates and stop.")
def command(
    repository: Path, title: str, template: str, folder: str | None, *, listing: bool
) -> None:
    """Write a page titled TITLE from a template; you commit it, or edit it in the browser.

    \b
    prdgen new "One-click checkout" --template feature
    """
    from prdgen import settings
    from prdgen.flows import clone as clones
    from prdgen.flows import new_file
    from prdgen.page import templates

    clone = clones.open_clone(settings.load(repository))
    if listing:
        for each in templates.list_(new_file.templates_dir(clone)):
            click.echo(f"{each.name:16} {each.description}")
        return
    click.echo(new_file.write(clone, title, template, folder))
