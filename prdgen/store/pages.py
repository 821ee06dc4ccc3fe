"""The page index: what every page at a branch's tip is, says, requires and points to."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Literal

from prdgen.errors import Invalid
from prdgen.store import errors, jsonable, statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("pages")


@dataclass(frozen=True, slots=True)
class PageRow:
    """One page at a branch's tip; `text` is its plain text, empty in lists."""

    branch: str
    page_path: str
    blob: str
    commit: str
    title: str
    description: str | None
    status: str | None
    owner: str | None
    tags: tuple[str, ...]
    front_matter: dict[str, Any]
    problems: list[dict[str, Any]]
    outline: list[dict[str, Any]]
    """Headings: level, text, slug, line."""
    word_count: int
    text: str
    updated_at: datetime
    updated_by: str | None
    draft: bool


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """One requirement and where it stands; `page_path` and `title` are given when read."""

    id: str
    text: str
    line: int
    end_line: int
    notation: str
    status: str | None = None
    page_path: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One link; `target` is resolved: a page_path, a requirement's id, or an address."""

    kind: str
    target: str
    fragment: str | None
    line: int
    text: str
    page_path: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class IndexedPage:
    """A page with everything the index wants of it."""

    row: PageRow
    requirements: Sequence[RequirementRow] = ()
    links: Sequence[LinkRow] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """Some pages and where the next ones start (None: there are no more)."""

    pages: list[PageRow]
    after: str | None


@dataclass(frozen=True, slots=True)
class Facets:
    """How many pages have each value, most used first."""

    status: dict[str, int] = field(default_factory=dict)
    owner: dict[str, int] = field(default_factory=dict)
    tag: dict[str, int] = field(default_factory=dict)


async def replace_pages(
    tx: Tx, branch: str, tip: str, upserts: Sequence[IndexedPage], deletes: Sequence[str], *,
    from_tip: str | None = None, whole: bool = False,
) -> None:  # fmt: skip
    """Bring the index of `branch` to the commit `tip`, all of it or nothing; its words come with `index_words`.

    `whole`: every page not in `upserts` goes. `from_tip`: raises IndexMoved unless the index was of
    that commit. Indexers of one branch wait for each other.
    """
    found = await statements.row(tx, _SQL["lock_tip"], branch=branch)
    if from_tip is not None and (found is None or found["tip"] != from_tip):
        got = found["tip"] if found else "none"
        raise errors.IndexMoved(branch=branch, what="The index", expected=from_tip, got=got,
                                found=got)  # fmt: skip
    await statements.run(tx, _SQL["set_tip"], branch=branch, tip=tip)
    paths = [page.row.page_path for page in upserts]
    if whole:
        for name in ("delete_others", "delete_other_words"):
            await statements.run(tx, _SQL[name], branch=branch, page_paths=paths)
    await statements.run(
        tx, _SQL["delete_words"], branch=branch, page_paths=list({*deletes} - {*paths})
    )
    gone = [*paths, *deletes]
    await statements.run(tx, _SQL["delete_pages"], branch=branch, page_paths=gone)
    if upserts:
        rows = [_page(branch, page.row, page) for page in upserts]
        await statements.many(tx, _SQL["insert_page"], rows)
        await _insert_parts(tx, branch, upserts)


async def index_words(tx: Tx, branch: str) -> int:
    """Let the search find what the pages of a branch say by now; how many said something else before.
    Until then it finds what they said. Where none did it costs a look at the blobs of both.
    """
    if await statements.row(tx, _SQL["lock_tip"], branch=branch) is None:
        return 0
    rows = await statements.rows(tx, _SQL["insert_words"], branch=branch)
    if rows:
        paths = [row["page_path"] for row in rows]
        await statements.run(tx, _SQL["learn_words"], branch=branch, page_paths=paths)
    return len(rows)


async def _insert_parts(tx: Tx, branch: str, upserts: Sequence[IndexedPage]) -> None:
    for name, parts in (("requirements", _requirement), ("links", _link)):
        rows = [
            (branch, page.row.page_path, position, *parts(part))
            for page in upserts
            for position, part in enumerate(getattr(page, name))
        ]
        if rows:
            await statements.copy(tx, _SQL[f"insert_{name}"], rows)


def _requirement(row: RequirementRow) -> tuple[Any, ...]:
    texts = (jsonable.text(row.id), jsonable.text(row.text))
    status = row.status and jsonable.text(row.status)
    return *texts, row.line, row.end_line, row.notation, status


def _link(row: LinkRow) -> tuple[Any, ...]:
    fragment = row.fragment and jsonable.text(row.fragment)
    return row.kind, jsonable.text(row.target), fragment, row.line, jsonable.text(row.text)


async def indexed_tip(tx: Tx, branch: str) -> str | None:
    """The commit the branch's index is of."""
    row = await statements.row(tx, _SQL["indexed_tip"], branch=branch)
    return row["tip"] if row else None


async def indexed_branches(tx: Tx) -> dict[str, str]:
    """Every branch with an index, and the commit it is of."""
    rows = await statements.rows(tx, _SQL["indexed_branches"])
    return {row["branch"]: row["tip"] for row in rows}


async def forget_branch(tx: Tx, branch: str) -> None:
    """Drop the index of a branch that is gone."""
    await statements.run(tx, _SQL["forget_branch"], branch=branch)


async def indexed_blobs(tx: Tx, branch: str) -> dict[str, str]:
    """page_path → blob of every indexed page."""
    rows = await statements.rows(tx, _SQL["all_blobs"], branch=branch)
    return {row["page_path"]: row["blob"] for row in rows}


async def get_page(tx: Tx, branch: str, page_path: str) -> PageRow | None:
    """One page with its text, or None."""
    row = await statements.row(tx, _SQL["get_page"], branch=branch, page_path=page_path)
    return _row(row) if row else None


async def list_pages(
    tx: Tx, branch: str, *, status: str | None = None, owner: str | None = None,
    tag: str | None = None, query: str | None = None, after: str | None = None, limit: int = 50,
    order: Literal["path", "recent"] = "path", drafts: bool = True,
) -> Listing:  # fmt: skip
    """Pages of a branch that pass every filter given, from where `after` (of the listing before)
    points. Raises Invalid for an `after` that is none.
    """
    after_at, after_path = _read_cursor(after)
    name = "list_by_path" if order == "path" else "list_by_recency"
    rows = await statements.rows(
        tx, _SQL[name], branch=branch, status=status, owner=owner, tag=tag, query=query or None,
        drafts=drafts, limit=limit + 1, after_path=after_path, after_at=after_at,
    )  # fmt: skip
    pages = [_row(row) for row in rows[:limit]]
    return Listing(pages, _cursor(pages[-1]) if len(rows) > limit else None)


async def facets(tx: Tx, branch: str, *, drafts: bool = True) -> Facets:
    """How many pages have each status, owner and tag."""
    found = Facets()
    for row in await statements.rows(tx, _SQL["facets"], branch=branch, drafts=drafts):
        getattr(found, row["kind"])[row["value"]] = row["count"]
    return found


async def links_to(tx: Tx, branch: str, page_path: str) -> list[LinkRow]:
    """The links on other pages that point to this one."""
    rows = await statements.rows(tx, _SQL["links_to"], branch=branch, target=page_path)
    return [LinkRow(**row) for row in rows]


async def requirement_uses(tx: Tx, branch: str, req_id: str) -> list[LinkRow]:
    """The places that point to a requirement."""
    rows = await statements.rows(tx, _SQL["requirement_uses"], branch=branch, target=req_id)
    return [LinkRow(**row) for row in rows]


async def all_links(tx: Tx, branch: str) -> list[LinkRow]:
    """Every link to a page or requirement on the branch: what a whole site's build asks once."""
    return [LinkRow(**row) for row in await statements.rows(tx, _SQL["all_links"], branch=branch)]


async def requirements(
    tx: Tx, branch: str, *, page_path: str | None = None, req_id: str | None = None,
    after: str | None = None, limit: int = 1000,
) -> list[RequirementRow]:  # fmt: skip
    """Requirements by id, of one page or with one id if asked; `after` an id for the next ones."""
    rows = await statements.rows(
        tx, _SQL["requirements"], branch=branch, page_path=page_path, req_id=req_id, after=after,
        limit=limit,
    )  # fmt: skip
    return [RequirementRow(**row) for row in rows]


def _page(branch: str, row: PageRow, page: IndexedPage) -> dict[str, Any]:
    headings = " \n".join(
        [*(str(heading["text"]) for heading in row.outline), *row.tags,
         *(requirement.id for requirement in page.requirements),
         row.page_path.replace("/", " ").replace("-", " ").removesuffix(".md")]
    )  # fmt: skip
    about = " \n".join(part for part in (row.description, row.owner, row.status) if part)
    texts = {
        **{column.name: getattr(row, column.name) for column in fields(row)},
        "headings": headings, "about": about,
        "names": f"{row.title} \n{headings} \n{row.owner or ''}"[:20_000],
    }  # fmt: skip
    return _clean(texts) | {
        "branch": branch, "page_path": row.page_path,
        "tags": [jsonable.text(tag) for tag in row.tags],
        "front_matter": jsonable.jsonb(row.front_matter),
        "problems": jsonable.jsonb(row.problems), "outline": jsonable.jsonb(row.outline),
    }  # fmt: skip


def _clean(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: jsonable.text(value) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _row(row: dict[str, Any]) -> PageRow:
    return PageRow(**{**row, "tags": tuple(row["tags"])})


def _cursor(page: PageRow) -> str:
    text = json.dumps([page.updated_at.isoformat(), page.page_path])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(after: str | None) -> tuple[datetime | None, str | None]:
    if after is None:
        return None, None
    try:
        at, page_path = json.loads(base64.urlsafe_b64decode(after.encode()))
        return datetime.fromisoformat(at), str(page_path)
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid(
            what="`after`", where="the page list", expected="the value a listing gave", got=after
        ) from error
