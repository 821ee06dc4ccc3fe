"""`prdgen export`: pages as files, one page or many together."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from prdgen.cli.main import repository_option


@click.command()
@repository_option
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--book", is_flag=True, help="The whole site, in the order of its navigation.")
@click.option(
    "--format",
    "-f",
    "formats",
    default="pdf",
    show_default=True,
    help="pdf, docx, md, json, or several with commas.",
)
@click.option("--branch", "-b", help="Branch.  [default: the main branch]")
@click.option("--commit", help="A commit instead of the branch's tip.")
@click.option("--comments", is_flag=True,
              help="Word of a draft's page with the open comments of its review.")  # fmt: skip
@click.option("--output", "-o", type=click.Path(path_type=Path), default=Path(),
              help="File or folder to write to.")  # fmt: skip
def command(
    repository: Path, paths: tuple[str, ...], book: bool, formats: str, branch: str | None,
    commit: str | None, comments: bool, output: Path,
) -> None:  # fmt: skip
    """Write pages as PDF, Word, Markdown or JSON, as a commit has them.

    A PATH is a page or a folder. One page is a document of its own; several, a folder or the whole site
    are one document with one contents, as PDF or Word.

    \b
    prdgen export site/prds/checkout.md --format pdf,docx --output out/
    prdgen export site/prds/checkout.md site/prds/search.md --output both.pdf
    prdgen export site/prds
    prdgen export --book
    """
    from prdgen import settings
    from prdgen.files.text import readable
    from prdgen.flows import clone as clones
    from prdgen.flows import export, export_book

    if book == bool(paths):
        raise click.UsageError("Name pages or folders, or use --book for the whole site.")
    if comments and (book or formats.strip() != "docx" or len(paths) != 1):
        raise click.UsageError("--comments is for one page as docx.")
    clone = clones.open_clone(settings.load(repository))
    branch = branch or clone.main_branch
    at = clone.repository.resolve(commit) if commit else clones.tip_of(clone, branch)
    wanted = tuple(path.strip("/") for path in paths)
    data = clone.repository.read(at, wanted[0]) if len(wanted) == 1 else None
    for kind in (kind.strip() for kind in formats.split(",")):
        if data is not None:
            made = export.make(
                clone, branch, wanted[0], readable(data), at, kind, comments=comments
            )
        else:
            several = export_book.Wanted(branch, at, kind, wanted)
            made = export_book.make(clone, several, _tell)
        target = output if output.suffix == f".{kind}" else output / made.file_name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(made.data)
        click.echo(str(target))


def _tell(done: int, count: int) -> None:
    """How far it is, for whoever looks on."""
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {count} pages", nl=done == count, err=True)
