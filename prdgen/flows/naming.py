"""titles → file names, and names as case-blind file systems see them."""

from __future__ import annotations

import re
import unicodedata


def folded(page_path: str) -> str:
    """A path as file systems that ignore case and Unicode form see it."""
    return unicodedata.normalize("NFC", page_path).casefold()


def file_name(title: str) -> str:
    """`Checkout: 1-click` → `checkout-1-click.md`; letters of every script are kept."""
    words = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFC", title).casefold()).strip("-_")
    return f"{words[:80].strip('-') or 'page'}.md"
