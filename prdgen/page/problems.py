"""One thing about a page that its writers should look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something to look at in a page; a problem never keeps the page from being shown."""

    line: int
    """The file's line, from 1."""
    message: str
    code: str = ""
    """Stable kebab-case name of this kind of problem."""
    hint: str = ""
    """What to do about it."""
    page_path: str = ""
    """Empty where the page is known from around it."""
