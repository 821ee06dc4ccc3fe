"""`prdgen export`: a page as a file."""

from __future__ import annotations

from pathlib import Path

import click

from prdgen.cli.main import repository_option


@click.command()
@repository_option
@click.argument("page_path")
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
@click.option("--output", "-o", type=click.Path(path_type=Path), default=Path(),
              help="File or folder to write to.")  # fmt: skip
def command(
    repository: Path, page_path: str, formats: str, branch: str | None, commit: str | None,
    output: Path,
) -> None:  # fmt: skip
    """Write PAGE_PATH as PDF, Word, Markdown or JSON, as a commit has it.

    \b
    prdgen export site/prds/checkout.md --format pdf,docx --output out/
    """
    from prdgen import settings
    from prdgen.files.text import readable
    from prdgen.flows import clone as clones
    from prdgen.flows import export
    from prdgen.flows.errors import NoSuchPage

    clone = clones.open_clone(settings.load(repository))
    branch = branch or clone.main_branch
    at = clone.repository.resolve(commit) if commit else clones.tip_of(clone, branch)
    data = clone.repository.read(at, page_path)
    if data is None:
        raise NoSuchPage(page_path=page_path, branch=branch)
    for kind in formats.split(","):
        made = export.make(clone, branch, page_path, readable(data), at, kind.strip())
        whole = output.suffix == f".{kind.strip()}"
        target = output if whole else output / made.file_name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(made.data)
        click.echo(str(target))
