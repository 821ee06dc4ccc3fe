"""Full-text search over the page index: words, beginnings of words, ids, and mistyped words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from prdgen.store import statements
from prdgen.store.statements import Tx

START_MARK: Final = "\x02"
"""In front of each highlighted word; the door escapes the text, then turns marks into markup."""
STOP_MARK: Final = "\x03"

_SQL: Final = statements.load("search")
_MARKS: Final = f'StartSel="{START_MARK}", StopSel="{STOP_MARK}"'
_TITLE_MARKS: Final = f"{_MARKS}, HighlightAll=true"
_SNIPPET_MARKS: Final = (
    f'{_MARKS}, MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter=" … "'
)
_ID: Final = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+")
_LAST_WORD: Final = re.compile(r"(?:^|\s)(\w{2,})$")
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Hit:
    """One page found: `title_marked` and `snippet` have marks around the words that matched."""

    page_path: str
    title: str
    status: str | None
    owner: str | None
    tags: tuple[str, ...]
    updated_at: datetime
    rank: float
    title_marked: str
    snippet: str


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first; `total` counts those on other pages too."""

    hits: list[Hit]
    total: int
    corrected: str | None = None
    """The query these hits are for, when nothing matched the one that was typed."""


async def search(
    tx: Tx, branch: str, query: str, limit: int = 20, offset: int = 0, *, drafts: bool = True
) -> Found:
    """Pages of `branch` for what a person typed: words, "phrases", -not, or.

    The last word may be unfinished; a requirement's id finds its definition first, then its uses.
    When nothing matches, words no page has are taken for the most similar ones some page has, and
    names that look alike count.
    """
    query = query.strip()[:_LONGEST]
    if not query:
        return Found([], 0)
    found = await _run(tx, branch, query, limit, offset, drafts=drafts, alike=False)
    if found.hits:
        return found
    corrected = await _correct(tx, branch, query)
    if corrected != query:
        found = await _run(tx, branch, corrected, limit, offset, drafts=drafts, alike=False)
        if found.hits:
            return replace(found, corrected=corrected)
    return await _run(tx, branch, query, limit, offset, drafts=drafts, alike=True)


async def _run(
    tx: Tx, branch: str, query: str, limit: int, offset: int, *, drafts: bool, alike: bool
) -> Found:
    upper = query.upper()
    params: dict[str, Any] = {
        "branch": branch, "query": query, "limit": limit, "offset": offset, "drafts": drafts,
        "alike": alike, "prefix": await _prefix(tx, query), "exact": _escape(query),
        "req_id": upper if _ID.fullmatch(upper) else None,
        "title_marks": _TITLE_MARKS, "snippet_marks": _SNIPPET_MARKS,
    }  # fmt: skip
    rows = await statements.rows(tx, _SQL["search"], **params)
    total = rows[0]["total"] if rows else 0
    return Found([_hit(row) for row in rows], total)


async def _prefix(tx: Tx, query: str) -> str:
    """The query with its last word as a beginning; an empty query where that has no meaning."""
    last = _LAST_WORD.search(query)
    if last is None or '"' in query or query.rsplit(None, 1)[-1].startswith("-"):
        return ""
    words = [word for word in query.split() if re.fullmatch(r"\w+", word)]
    if len(words) != len(query.split()) or {"or", "OR"} & set(words):
        return ""
    row = await statements.row(tx, _SQL["prefix"], word=" & ".join(words))
    return str(row["words"]) if row and row["words"] else ""


async def _correct(tx: Tx, branch: str, query: str) -> str:
    for word in dict.fromkeys(_WORD.findall(query)):
        if await statements.row(tx, _SQL["known"], branch=branch, word=word):
            continue
        likely = await statements.row(tx, _SQL["likely"], word=word)
        if likely:
            query = re.sub(rf"\b{re.escape(word)}\b", str(likely["word"]), query)
    return query


def _hit(row: dict[str, Any]) -> Hit:
    del row["total"]
    for name in ("title_marked", "snippet"):
        # A requirement's id is two words to PostgreSQL; the reader sees one.
        row[name] = row[name].replace(STOP_MARK + START_MARK, "")
    return Hit(**{**row, "tags": tuple(row["tags"])})


def _escape(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
