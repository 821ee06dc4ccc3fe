"""renamed branch → its open review and its documents, under the new name at once."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from anyio import to_thread

from prdgen.flows import pull, rename, servers
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.live import Live
from prdgen.git import branch_names, review_logs
from prdgen.git.branch_names import Renamed
from prdgen.git.values import Signature
from prdgen.review import log
from prdgen.review.log import Entry
from prdgen.review.state import Review, fold
from prdgen.store import documents
from prdgen.store.documents import Document
from prdgen.store.errors import DocumentMissing, LeaseLost

logger = logging.getLogger(__name__)


async def seen(app: App, new: Iterable[str]) -> None:
    """There are `new` branches: what belongs to one that is only called so now goes to its new name,
    before another one has the old, or is written on. Documents that another server holds follow there.
    """
    olds = await to_thread.run_sync(_olds, app, list(new))
    if not olds:
        return
    await to_thread.run_sync(_reviews, app)
    async with app.store.transaction() as tx:
        rows = [row for old in olds for row in await documents.list_live(tx, old)]
    alive = {server.process_id for server in await to_thread.run_sync(servers.alive, app.state_dir)}
    for row in rows:
        branch = await to_thread.run_sync(rename.renamed_to, app, row)
        if branch is None:
            continue
        live = await app.keeper.hold(row) if row.lease_holder and app.keeper else None
        if live is not None:
            await _follow(app, live)
        elif row.lease_holder not in alive:
            await _move(app, row, branch)


async def _follow(app: App, live: Live) -> None:
    async with live.lock:
        if live.kept and await rename.follow_branch(app, live):
            await pull.tip(app, live)


async def _move(app: App, row: Document, branch: str) -> None:
    try:
        async with app.store.transaction() as tx:
            if await documents.find_live(tx, branch, row.page_path) is None:
                await documents.move(tx, row.id, branch, row.page_path, row.fence)
    except (DocumentMissing, LeaseLost) as error:
        logger.debug("%s goes to %s with who took it: %s", row.page_path, branch, error)


def _olds(app: App, branches: list[str]) -> list[str]:
    """In a thread: what these branches were called."""
    lines = [line for name in branches for line in branch_names.formerly(app.repository, name)]
    return sorted({line.old for line in lines})


def _reviews(app: App) -> None:
    """In a thread: write into each open review the name that its branch has now."""
    logs = review_logs.every(app.repository)
    found = [fold(id_, log.entries(data)) for id_, data in logs.items()]
    for id_, name in names(app, [each for each in found if each]).items():
        say(app, id_, name.now, name.by)


def names(clone: Clone, reviews: Iterable[Review]) -> dict[str, Renamed]:
    """In a thread: by their ids, the open reviews whose branch Git renamed since they have it. Not to main,
    nor to a branch that has an open review. Of several reviews the one that had the name last goes along.
    """
    open_ = [each for each in reviews if each.state == "open"]
    taken = {each.branch for each in open_} | {clone.main_branch}
    free = [name for name in clone.repository.branches() if name not in taken]
    lines = [each for name in free for each in branch_names.formerly(clone.repository, name)]
    found: dict[str, Renamed] = {}
    for line in sorted(lines, key=lambda each: each.at):
        had = [
            each
            for each in open_
            if each.branch == line.old and line.had(each.named_at) and each.id not in found
        ]
        if had:
            found[max(had, key=lambda each: each.named_at).id] = line
    return found


def say(
    clone: Clone, id_: str, branch: str, by: Signature, *, guessed: bool = False
) -> Review | None:
    """In a thread: note in a review that its branch has another name, once, whoever sees it first; where
    it stands then. When it is only `guessed`, the old name does not lead to the new one.
    """

    def work(now: bytes) -> bytes:
        review = fold(id_, log.entries(now))
        if review is None or review.branch == branch:
            return now
        facts = {"branch": branch} | ({"guessed": True} if guessed else {})
        renamed = Entry("renamed", by.name, by.email, facts)
        return log.appended(now, log.said_now(now, [renamed]))

    new = review_logs.change(clone.repository, id_, work, by, f"Renamed by {by.name}")
    return fold(id_, log.entries(new))
