"""`prdgen merge-file`: merge one page the way Git asks its merge drivers to."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_FILE = click.Path(path_type=Path, dir_okay=False)
_LABELS = ("ours", "base", "theirs")


@click.command()
@click.argument("base", type=_FILE)
@click.argument("ours", type=_FILE)
@click.argument("theirs", type=_FILE)
@click.option("--marker-size", default=7, show_default=True, help="Length of conflict markers.")
@click.option(
    "--label", "-L", "labels", multiple=True, help="For ours, base, theirs, in this order."
)
@click.option("--diff3", "style", flag_value="diff3", help="Show the base in conflicts too.")
@click.option(
    "--zdiff3", "style", flag_value="zdiff3", help="The same, less what both sides share."
)
@click.option("--stdout", "-p", "to_stdout", is_flag=True, help="Print it; leave OURS as it is.")
@click.option(
    "--conflict-code", default=1, show_default=True, help="Exit code that says: conflicts."
)
@click.option("--path", "named", help="How messages call the file.  [default: OURS]")
def command(
    base: Path, ours: Path, theirs: Path, labels: tuple[str, ...], style: str | None,
    named: str | None, *, marker_size: int, to_stdout: bool, conflict_code: int,
) -> None:  # fmt: skip
    """Merge what OURS and THEIRS made of BASE into OURS, word by word. Needs no server.

    This is the merge driver that `prdgen hooks install` gives to Git (its %O %A %B). Exits with 0 when
    all is merged, with 1 when somebody must choose: both versions stand between conflict markers,
    in the style of `merge.conflictStyle`. Over 128: nothing was merged and nothing written.

    \b
    prdgen merge-file --diff3 old.md mine.md yours.md -p
    """
    from prdgen.files.errors import NotEditable
    from prdgen.flows import merge_file

    parts = [merge_file.read(path) for path in (base, ours, theirs)]
    given = dict(zip(_LABELS, labels, strict=False))
    # A Git that knows no labels hands its placeholders on.
    shown = {name: label for name, label in given.items() if label and not label.startswith("%")}
    try:
        markers = merge_file.markers_for(base.parent, style, marker_size, shown)
        merged = merge_file.merge(parts[0], parts[1], parts[2], markers)
    except NotEditable as error:
        why = error.facts["reason"]
        click.echo(f"{named or ours} is merged by line, as Git does it: {why}.", err=True)
        merged = merge_file.by_line(base, ours, theirs, markers)
    if to_stdout:
        sys.stdout.buffer.write(merged.data)
    elif merged.data != parts[1]:
        merge_file.write(ours, merged.data)
    if merged.conflicts:
        raise SystemExit(conflict_code)
