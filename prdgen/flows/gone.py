"""a path or a branch that is no more → what became of it, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from anyio import to_thread

from prdgen.flows import drafts, read, recovered, whereabouts
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.flows.errors import DraftEnded, NoSuchPage, PageDeleted, PageRecovered, PageRenamed
from prdgen.git import log as git_log
from prdgen.review.state import Review
from prdgen.store.documents import Document


@dataclass(frozen=True, slots=True)
class End:
    """What became of the draft whose page somebody has open."""

    state: Literal["merged", "closed", "deleted"]
    title: str
    by: str | None
    draft: str | None
    """The address of the draft's page."""
    page: str | None
    """The page's address on main; None: it is not there."""
    on_main: bool
    """Whether main has everything that was committed."""
    branch_stays: bool
    """Whether what is typed now still goes to the branch."""


async def page(app: App, branch: str, page_path: str) -> NoSuchPage | None:
    """What became of the page: renamed, kept in a draft, or deleted by somebody; None: nobody knows,
    or it is there.
    """
    return await to_thread.run_sync(_page, app, branch, page_path)


def _page(app: App, branch: str, page_path: str) -> NoSuchPage | None:
    facts = {"page_path": page_path, "branch": branch}
    tip = app.repository.tip(branch)
    if tip is None or app.repository.mode(tip, page_path) is not None:
        return None
    if now := whereabouts.now_at(app, branch, page_path):
        return PageRenamed(**facts, now=now)
    if draft := recovered.find(app, page_path):
        return PageRecovered(**facts, draft=draft)
    last = git_log.last_change(app.repository, tip, page_path)
    if last is None:
        return None
    before = app.repository.commit_info(last.commit).parents
    return PageDeleted(
        **facts, name=last.by, day=f"{last.at:%-d %B %Y}", subject=last.subject,
        before=before[0] if before else last.commit,
    )  # fmt: skip


def branch(app: App, address: str) -> DraftEnded | None:
    """In a thread: the draft that `<branch>/<page_path>` (or `<branch>/`, of all its pages) was in, once it is
    over or its branch is gone, also by a name that its branch had before; None: there was none.
    """
    here = app.repository.branches()
    found = [
        (name, review)
        for review in drafts.reviews(app)
        if drafts.state_of(review, here) != "open"
        for name in drafts.names(review)
        if address.startswith(f"{name}/")
    ]
    if not found:
        return None
    name, review = max(
        found, key=lambda each: (len(each[0]), each[0] == each[1].branch, each[1].changed_at)
    )
    page_path = address[len(name) + 1 :]
    return DraftEnded(
        title=review.title, branch=review.branch, fate=fate(review), id=review.id,
        main=app.main_branch, now=on_main(app, page_path) if page_path else None,
    )  # fmt: skip


def fate(review: Review) -> str:
    """What became of a draft that is over, or whose branch is gone, in words."""
    if review.state == "open":
        return "its branch was deleted"
    return f"merged into {review.base}" if review.state == "merged" else review.state


def on_main(app: App, page_path: str) -> str | None:
    """In a thread: where main has the page of that path now; None: nowhere."""
    tip = app.repository.tip(app.main_branch)
    if tip is None:
        return None
    if app.repository.read(tip, page_path) is not None:
        return page_path
    return whereabouts.now_at(app, app.main_branch, page_path)


async def end(app: App, row: Document) -> End | None:
    """What became of the draft this document is in; None: it goes on, or it is main."""
    if row.branch == app.main_branch:
        return None
    return await to_thread.run_sync(_end, app, row)


def _end(app: App, row: Document) -> End | None:
    tip, main = app.repository.tip(row.branch), app.repository.tip(app.main_branch)
    review = next((each for each in drafts.reviews(app) if each.branch == row.branch), None)
    over = review is not None and review.state != "open" and _still(app, review, tip)
    if tip is not None and not over:
        return None
    now = on_main(app, row.page_path)
    page = read.address("p", app.main_branch, now) if now else None
    last = tip or row.tip_commit
    if review is None or review.state == "open":
        known = last is not None and main is not None and app.repository.is_ancestor(last, main)
        return End("deleted", row.branch, None, None, page, known, branch_stays=False)
    return End(
        review.state, review.title, review.ended_by, drafts.address(review.id), page,
        review.state == "merged", branch_stays=tip is not None,
    )  # fmt: skip


def _still(app: App, review: Review, tip: str | None) -> bool:
    """Whether the branch is the one that was reviewed, and not a new one by its name."""
    if tip is None:
        return True
    if not app.repository.is_ancestor(review.tip or "", tip):
        return False
    if review.made == review.tip:
        # Main moved to the draft's last commit: a later branch is one that has more of main.
        main = app.repository.tip(app.main_branch)
        return main is None or app.repository.merge_base(main, tip) == review.made
    return review.made is None or not app.repository.is_ancestor(review.made, tip)


def went_on(app: App, found: Iterable[Draft], known: Sequence[Review]) -> dict[str, Review]:
    """In a thread: branches in which somebody wrote on since their draft was over, and that draft."""
    ended: dict[str, Review] = {}
    for review in known:
        if review.state != "open":
            ended.setdefault(review.branch, review)
    return {
        draft.branch: ended[draft.branch]
        for draft in found
        if draft.review is None
        and draft.branch in ended
        and _still(app, ended[draft.branch], draft.tip)
    }
