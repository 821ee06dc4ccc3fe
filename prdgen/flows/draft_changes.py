"""draft → how it differs from main: pages, requirements, other files, and where main moved on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from operator import not_
from typing import Final, Literal

from anyio import to_thread

from prdgen.builder import render
from prdgen.files.text import readable
from prdgen.flows import compare, drafts, join, pages_of, read
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.flows.pages_of import Globs
from prdgen.git import log as git_log
from prdgen.git.errors import Unmergeable, UnrelatedHistories
from prdgen.git.repository import Repository
from prdgen.git.values import FileChange, Version
from prdgen.page import facts, requirements
from prdgen.page import tree as trees
from prdgen.review.state import Review
from prdgen.store import documents

DRAWN: Final = 30
"""Pages whose difference is drawn at once."""
LISTED: Final = 60 * DRAWN
"""Pages that are named in one list, with a link to each."""
_KEPT: Final = 16
"""Drafts, as one commit has them, of which it is known what they change."""
_MOST_COMMITS = 200
Kind = Literal["added", "changed", "moved", "removed"]


@dataclass(frozen=True, slots=True)
class PageChange:
    """A page the draft changed. `html` and `source` are None when it is only listed."""

    kind: str
    page_path: str
    old_path: str | None
    title: str
    html: str | None
    source: str | None
    text: str = ""
    """Its text in the draft."""


@dataclass(frozen=True, slots=True)
class RequirementChange:
    """What the draft did to a requirement, by its id; `moved` is into another page."""

    id: str
    kind: Kind
    page_path: str
    before: str | None
    after: str | None
    old_page: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a draft stands beside main, by commits."""

    base: str | None
    """The commit both have; None: they have nothing in common."""
    ahead: tuple[Version, ...]
    behind: tuple[Version, ...]
    """What main has that the draft has not, newest first."""
    same_words: tuple[str, ...] = ()
    """Pages in which both changed the same words."""
    one_deleted: tuple[str, ...] = ()
    """Files that one of them edited and the other deleted, with what both did in words."""
    two_names: tuple[tuple[str, str], ...] = ()
    """Pages that both renamed: as main calls it, and as the draft does."""
    blocked: str | None = None
    """Why they cannot be merged here, in words."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How a draft differs from the commit it was made from."""

    standing: Standing
    pages: tuple[PageChange, ...]
    requirements: tuple[RequirementChange, ...]
    files: tuple[FileChange, ...]
    """Files that are no pages."""
    uncommitted: tuple[str, ...]
    """Pages of the draft in which text is typed that is not committed yet."""
    first: int = 0
    """The place (from 0) of the first page that is drawn."""
    each: int = DRAWN
    """How many are drawn at once."""

    @property
    def drawn(self) -> tuple[PageChange, ...]:
        """The pages whose difference is drawn."""
        return self.pages[self.first : self.first + self.each]

    @property
    def listed(self) -> range:
        """The places of the pages that are named: the part of them that has the drawn ones in it."""
        start = self.first // LISTED * LISTED
        return range(start, min(start + LISTED, len(self.pages)))

    @property
    def of_drawn(self) -> tuple[RequirementChange, ...]:
        """The requirements of these pages."""
        paths = {path for page in self.drawn for path in (page.page_path, page.old_path)}
        return tuple(
            r for r in self.requirements if paths & {r.page_path, r.old_page or r.page_path}
        )


UNKNOWN: Final = Changes(Standing(None, (), ()), (), (), (), ())
"""Of a draft whose commits are not in this clone."""


def standing(clone: Clone, draft: Draft) -> Standing:
    """In a thread: what the draft and main have that the other has not."""
    repository = clone.repository
    main = repository.tip(clone.main_branch)
    base = drafts.fork_of(clone, draft)
    if main is None or base is None:
        ahead = tuple(git_log.between(repository, None, draft.tip, limit=_MOST_COMMITS))
        return Standing(None, ahead, (), blocked="the two have no commit in common")
    ahead = tuple(git_log.between(repository, main, draft.tip, limit=_MOST_COMMITS))
    behind = tuple(git_log.between(repository, draft.tip, main, limit=_MOST_COMMITS))
    if not behind or not ahead:
        return Standing(base, ahead, behind)
    try:
        joined = join.tips(clone, main, draft.tip, named="ours")
    except (Unmergeable, UnrelatedHistories) as error:
        return Standing(base, ahead, behind, blocked=error.message)
    pages = sorted({page for page, _ in joined.disputes})
    deleted = join.said(joined.revived, clone.main_branch, "the draft")
    return Standing(base, ahead, behind, tuple(pages), tuple(deleted), two_names=joined.renamed)


async def of(app: App, draft: Draft, number: int = 1) -> Changes:
    """How the draft differs from main: against the commit both have, as a pull request shows it. Drawn
    are the pages around that with a `number` (from 1).
    """
    where = await to_thread.run_sync(standing, app, draft)
    context = await read.render_context(app, draft.branch, draft.tip)
    async with app.store.transaction() as tx:
        rows = await documents.list_live(tx, draft.branch)
    typed = sorted(row.page_path for row in rows if row.uncommitted)
    titles = await read.titles(app, draft.branch)
    return await to_thread.run_sync(_changes, app, draft.tip, where, context, typed, titles, number)


async def of_over(app: App, review: Review, number: int = 1) -> Changes | None:
    """How a draft that is merged or closed differed from main, in the same way; None when its commits
    are not in this clone.
    """
    tip = review.tip
    if not tip or not await to_thread.run_sync(git_log.has_commit, app.repository, tip):
        return None
    where = await to_thread.run_sync(_stood, app, review, tip)
    context = await read.render_context(app, app.main_branch, tip)
    titles = await read.titles(app, app.main_branch)
    return await to_thread.run_sync(_changes, app, tip, where, context, [], titles, number)


def address_of_page(branch: str, number: int) -> str:
    """Where the difference of a draft's page with that number (from 1) is drawn: by an id that no heading has."""
    first = (number - 1) // DRAWN * DRAWN
    which = f"?from={first + 1}" if first else ""
    return f"{drafts.address_of(branch)}{which}#page.{number}"


def _stood(clone: Clone, review: Review, tip: str) -> Standing:
    """In a thread: where a draft stood when it was over."""
    repository = clone.repository
    main = repository.tip(clone.main_branch)
    if review.made and git_log.has_commit(repository, review.made):
        main = next(iter(repository.commit_info(review.made).parents), None)
    base = repository.merge_base(main, tip) if main else None
    ahead = git_log.between(repository, base, tip, limit=_MOST_COMMITS)
    return Standing(base, tuple(ahead), ())


def _changes(
    app: App, tip: str, where: Standing, context: render.RenderContext, typed: Iterable[str],
    titles: Mapping[str, str], number: int,
) -> Changes:  # fmt: skip
    """In a thread: what a commit changed since the base; only the texts of what is drawn are read."""
    globs = pages_of.globs(app)
    pages, files = apart(app.repository, globs, where.base, tip)
    first = min(max(number - 1, 0), max(len(pages) - 1, 0)) // DRAWN * DRAWN
    shown = []
    for place, change in enumerate(pages):
        title = titles.get(change.path) or change.path
        html = source = None
        after = ""
        if first <= place < first + DRAWN:
            before, after = texts(app, where.base, tip, change)
            title = facts.of(change.path, after or before).title
            html, source = compare.rendered(change.path, before, after, context)
        shown.append(
            PageChange(change.kind, change.path, change.old_path, title, html, source, after)
        )
    became = _became(app.repository, globs, where.base, tip)
    return Changes(where, tuple(shown), became, files, tuple(typed), first)


@lru_cache(maxsize=_KEPT)
def apart(
    repository: Repository, globs: Globs, base: str | None, tip: str
) -> tuple[tuple[FileChange, ...], tuple[FileChange, ...]]:
    """In a thread: the pages that differ between two commits, in the order of a draft's page; other files."""
    changed = repository.changed(base, tip)
    are_pages = [globs.match(c.path) or globs.match(c.old_path or "") for c in changed]
    pages = tuple(compress(changed, are_pages))
    return pages, tuple(compress(changed, map(not_, are_pages)))


def texts(clone: Clone, base: str | None, tip: str, change: FileChange) -> tuple[str, str]:
    """In a thread: a page before and after; empty where it is not."""
    return _texts(clone.repository, base, tip, change)


def _texts(
    repository: Repository, base: str | None, tip: str, change: FileChange
) -> tuple[str, str]:
    before = repository.read(base, change.old_path or change.path) if base else None
    after = repository.read(tip, change.path) if change.kind != "deleted" else None
    return readable(before or b""), readable(after or b"")


@lru_cache(maxsize=_KEPT)
def _became(
    repository: Repository, globs: Globs, base: str | None, tip: str
) -> tuple[RequirementChange, ...]:
    """What became of every requirement of the pages that changed, by id; it reads all of them, once."""
    before: dict[str, tuple[str, str]] = {}
    after: dict[str, tuple[str, str]] = {}
    changed, _ = apart(repository, globs, base, tip)
    for change in changed:
        old, new = _texts(repository, base, tip, change)
        for found, text, path in (
            (before, old, change.old_path or change.path),
            (after, new, change.path),
        ):
            if requirements.possible(text):
                for each in requirements.of(trees.parse(text)):
                    found.setdefault(each.id, (each.text, path))
    renamed = {change.old_path: change.path for change in changed if change.old_path}
    made = []
    for id_ in sorted(before.keys() | after.keys()):
        was, now = before.get(id_), after.get(id_)
        if was is None:
            assert now is not None
            made.append(RequirementChange(id_, "added", now[1], None, now[0], None))
        elif now is None:
            made.append(RequirementChange(id_, "removed", was[1], was[0], None, None))
        elif was[0] != now[0]:
            elsewhere = was[1] if renamed.get(was[1], was[1]) != now[1] else None
            made.append(RequirementChange(id_, "changed", now[1], was[0], now[0], elsewhere))
        elif renamed.get(was[1], was[1]) != now[1]:
            made.append(RequirementChange(id_, "moved", now[1], was[0], now[0], was[1]))
    return tuple(made)
