"""What a review says → the text a forge shows, and back: each side knows its own words again.

A hidden mark at the end names the log's entry, so that a comment whose posting nobody could note is
recognised by what it holds.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_MARK: Final = re.compile(r"\s*<!-- prdgen:([0-9a-z-]{1,64}) -->\s*")
_FOOT: Final = "<!-- prdgen:review -->"
_SUGGESTION: Final = re.compile(
    r"^(`{3,}|~{3,})suggestion(?::-(\d{1,3})\+(\d{1,3}))?[ \t]*\n(.*?)^\1[`~]*[ \t]*$\n?",
    re.MULTILINE | re.DOTALL,
)
_LONGEST: Final = 100_000
_SAYS: Final = {
    "approved": "approved this", "changes_requested": "asked for changes",
    "closed": "closed this", "reopened": "opened this again", "taken": "took the suggestion",
}  # fmt: skip


class Suggested(NamedTuple):
    """A comment's proposal for whole lines: so many before and after its own are meant, too."""

    text: str
    """What else the comment says."""
    words: str
    before: int
    after: int


def plain(text: str) -> str:
    """A text as both sides keep it: LF only, without blank edges, of a bearable length."""
    found = "\n".join(text.replace("\0", "").splitlines()).strip()
    if len(found) > _LONGEST:
        return f"{found[:_LONGEST]}\n\n… (the rest is at the forge)"
    return found


def comment(entry_id: str, name: str, kind: str, text: str, note: str = "") -> str:
    """The text of a comment at the forge for what `name` said or did here."""
    did = f" {_SAYS[kind]}" if kind in _SAYS else ""
    head = f"**{_escaped(name)}**{did} in prdgen{note}{':' if text else '.'}"
    return "\n\n".join(part for part in (head, text, f"<!-- prdgen:{entry_id} -->") if part)


def mark_of(text: str) -> str | None:
    """The entry that a comment at the forge is of, when it is one of ours."""
    found = _MARK.findall(text)
    return found[-1] if found else None


def without_mark(text: str) -> str:
    """A comment's words alone."""
    return plain(_MARK.sub("\n", text))


def body(description: str, address: str) -> str:
    """The description of a pull request; with an address, where else one can read it."""
    link = f"[This review in prdgen]({address})" if address else ""
    return "\n\n".join(part for part in (description, f"{_FOOT}\n{link}".strip()) if part)


def description_of(text: str) -> str:
    """What people wrote of a pull request's description."""
    return plain(text.partition(_FOOT)[0])


def fence(info: str, words: str) -> str:
    """A block of whole lines that the forge can take by a button."""
    longest = max((len(run) for run in re.findall(r"`+", words)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{info}\n{words}\n{ticks}"


def suggested(text: str) -> Suggested | None:
    """The first proposal in a comment; None: it has none."""
    found = _SUGGESTION.search(f"{text}\n")
    if found is None:
        return None
    rest = plain(text[: found.start()] + text[found.end() :])
    return Suggested(rest, found[4].removesuffix("\n"), int(found[2] or 0), int(found[3] or 0))


def quoted(words: str, page_path: str | None, line: int) -> str:
    """Where a comment belongs that the forge does not take at its line."""
    where = f"`{page_path}`, line {line}" if page_path and line else f"`{page_path}`"
    cited = "\n".join(f"> {line_}".rstrip() for line_ in words.splitlines()[:8])
    return "\n\n".join(part for part in (where if page_path else "", cited) if part)


def _escaped(name: str) -> str:
    return re.sub(r"([\\`*_\[\]<>@#])", r"\\\1", name)
