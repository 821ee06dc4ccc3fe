"""PDF of pages: one page at once, several as a book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prdgen.builder import book, exports, sheets
from prdgen.builder.exports import Meta, Part, Progress

_LONG: Final = 1_000_000
"""Characters of HTML from which on a page is set in parts, as a book is."""


def make(
    parts: Sequence[Part], meta: Meta, *, nice: int = 0, progress: Progress = exports.nobody_asks
) -> bytes:
    """The PDF of `parts` in order: title, contents with page numbers, bookmarks, running heads,
    requirement index, tags. The same input gives the same bytes. Only images in `meta.files` are
    shown. Several parts are a book, which is set and joined piece by piece; `progress` is told
    (parts done, parts) and may raise to stop it.

    Raises ChildFailed, ChildTookTooLong. Blocks; call it in a thread.
    """
    if len(parts) == 1 and len(parts[0].html) < _LONG:
        progress(0, 1)
        return _page(parts[0], meta, nice).data
    return book.make(parts, meta, nice=nice, progress=progress)


def _page(part: Part, meta: Meta, nice: int) -> sheets.Sheets:
    contents = any(heading.level > 1 for heading in part.outline)
    return sheets.make(
        [exports.without_title(part.html)],
        meta,
        sheets.Layout(
            before=sheets.title("front", meta) + ("#contents();" if contents else ""),
            numbering="1 / 1",
            index=[(each.id, each.text, each.id, "") for each in part.requirements],
        ),
        nice=nice,
    )
