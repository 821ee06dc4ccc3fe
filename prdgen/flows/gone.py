"""a path or a branch that is no more → what became of it, in words."""

from __future__ import annotations

from anyio import to_thread

from prdgen.flows import drafts, recovered, whereabouts
from prdgen.flows.context import App
from prdgen.flows.errors import DraftEnded, NoSuchPage, PageDeleted, PageRecovered, PageRenamed
from prdgen.git import log as git_log
from prdgen.review.state import Review


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
        **facts, name=last.author_name, day=f"{last.at:%-d %B %Y}", subject=last.subject,
        before=before[0] if before else last.commit,
    )  # fmt: skip


def branch(app: App, address: str) -> DraftEnded | None:
    """In a thread: the draft that `<branch>/<page_path>` was in, once it is over; None: there was none."""
    found = [
        review
        for review in drafts.reviews(app)
        if review.state != "open" and address.startswith(f"{review.branch}/")
    ]
    if not found:
        return None
    review = max(found, key=lambda each: (len(each.branch), each.changed_at))
    page_path = address[len(review.branch) + 1 :]
    return DraftEnded(
        title=review.title, branch=review.branch, fate=fate(review), id=review.id,
        main=app.main_branch, now=on_main(app, page_path),
    )  # fmt: skip


def fate(review: Review) -> str:
    """What became of a draft, in words."""
    return f"merged into {review.base}" if review.state == "merged" else review.state


def on_main(app: App, page_path: str) -> str | None:
    """In a thread: where main has the page of that path now; None: nowhere."""
    tip = app.repository.tip(app.main_branch)
    if tip is None:
        return None
    if app.repository.read(tip, page_path) is not None:
        return page_path
    return whereabouts.now_at(app, app.main_branch, page_path)
