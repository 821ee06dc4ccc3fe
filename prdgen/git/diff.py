"""The difference of two texts of a page, as the unified diff Git shows."""

from __future__ import annotations

import pygit2


def unified(
    before: str, after: str, page_path: str, *, old_path: str | None = None, context: int = 3
) -> str:
    """What changed in a page between two of its texts; empty when nothing did.

    `old_path` is the page's name at the time of `before` when it had another.
    """
    if before == after:
        return ""
    # The patch points into both texts and does not keep them: they live until it is read.
    old, new = before.encode(), after.encode()
    patch = pygit2.Patch.create_from(
        old,
        new,
        old_as_path=old_path or page_path,
        new_as_path=page_path,
        context_lines=context,
    )
    printed = (patch.data or b"").decode("utf-8", "replace")
    del patch, old, new
    return printed
