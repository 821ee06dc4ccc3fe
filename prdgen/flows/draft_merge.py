"""draft ⇄ main: brought up to date, merged, set aside, opened again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Final, Literal

from anyio import to_thread

from prdgen.flows import (
    discarded,
    drafts,
    edit,
    forge_merge,
    forge_wanted,
    join,
    recovered,
    replay,
    review_news,
    reviews,
    unsettled,
    watch,
    write_rules,
)
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.flows.errors import DraftOver, NothingToMerge, TypedRefused
from prdgen.flows.join import Landed
from prdgen.git import locks, refs
from prdgen.git import log as git_log
from prdgen.git.values import Signature
from prdgen.review.log import Entry
from prdgen.review.state import Review
from prdgen.store import documents
from prdgen.store.people import Person

How = Literal["merge", "squash", "rebase"]
WAYS: Final[dict[str, How]] = {"merge": "merge", "squash": "squash", "rebase": "rebase"}
"""As one merge commit over the draft's own, as one commit instead of them, or they on top of main."""
_OF_A_MERGE = 2
_MOST_COMMITS = 1000
_WAITED: Final = 30.0
"""Seconds that who ends a draft waits for another who does."""


async def ask(app: App, name: str, person: Person) -> Review:
    """Ask others to look at the draft, with what is typed in it. Raises NoSuchDraft, TypedRefused."""
    draft = await to_thread.run_sync(drafts.find, app, name)
    await _all_committed(app, draft, person)
    return await reviews.ask(app, name, person)


async def commit(app: App, name: str, person: Person) -> Draft:
    """Commit what is typed in the draft, so that who looks at it sees it, and approves that, too.
    Raises NoSuchDraft, TypedRefused.
    """
    draft = await to_thread.run_sync(drafts.find, app, name)
    await _all_committed(app, draft, person)
    return await to_thread.run_sync(drafts.find, app, name)


async def bring_up_to_date(app: App, name: str, person: Person) -> Landed:
    """Take what main has into the draft; where both changed the same words, both versions are
    marked in it, and a file that one edited and the other deleted is in it as it was edited.
    Raises NoSuchDraft and what `join.into` raises.
    """
    draft = await to_thread.run_sync(drafts.find, app, name)
    await commit_typed(app, draft.branch, person)
    main = await to_thread.run_sync(app.repository.tip, app.main_branch)
    assert main is not None
    landed = await join.into(
        app, draft.branch, main, message=f"Merge {app.main_branch} into {draft.branch}",
        author=Signature(person.name, person.email),
    )  # fmt: skip
    await join.tell_revived(app, draft.branch, app.main_branch, landed.revived)
    return landed


async def merge(
    app: App, name: str, person: Person, role: str, how: How = "merge"
) -> tuple[Review, Landed]:
    """Merge the draft into main, with everything that is typed in it, and end it: its branch goes,
    unless somebody is in one of its pages or has it checked out.

    Raises NoSuchDraft, TypedRefused, NothingToMerge, DraftOver when another ended it first, MayNotWrite when a rule keeps this person from what it would
    write into main, NotApproved when an approval is missing, SameWords (ReplayStops) when main changed
    the same words since, OneDeleted (ReplayStops) when one edited a
    file that the other deleted, NotSettled when two versions of a place stand in the draft, and what `join.into` and `forge_merge.merged` raise; then nothing is merged.
    """
    draft = await to_thread.run_sync(drafts.find, app, name)
    await _all_committed(app, draft, person)
    draft = await to_thread.run_sync(drafts.find, app, name)
    main = await to_thread.run_sync(app.repository.tip, app.main_branch)
    if main is not None and await to_thread.run_sync(app.repository.is_ancestor, draft.tip, main):
        raise NothingToMerge(draft=draft.title)
    await unsettled.check(app, draft)
    base = await to_thread.run_sync(drafts.fork_of, app, draft)
    await _check_rules(app, draft, base, person, role)
    await to_thread.run_sync(reviews.check_approved, app, draft, base, role)
    async with _ending(app, draft, person) as review:
        landed = await _land(app, draft, review, person, how)
        said = Entry("merged", person.name, person.email,
                     {"tip": draft.tip, "made": landed.commit, "how": how})  # fmt: skip
        ended = await to_thread.run_sync(drafts.say, app, review.id, said)
    await _end(app, draft, ended)
    await forge_wanted.now(app)
    await review_news.tell(app, ended.id)
    return ended, landed


@asynccontextmanager
async def _ending(app: App, draft: Draft, person: Person) -> AsyncIterator[Review]:
    """End a draft, whose review this is, inside this block: nobody else does meanwhile, on any server of
    the clone. Raises DraftOver when somebody did before, and Locked.
    """
    name = hashlib.sha256(draft.branch.encode()).hexdigest()[:16]
    with ExitStack() as stack:
        alone = locks.held(app.repository, f"ending-{name}", seconds=_WAITED)
        await to_thread.run_sync(stack.enter_context, alone)
        yield await to_thread.run_sync(_still_open, app, draft, person)


def _still_open(app: App, draft: Draft, person: Person) -> Review:
    """In a thread: the draft's review, begun now for a branch without one."""
    if draft.review is not None:
        now = drafts.find_review(app, draft.review.id)
        if now.state != "open":
            raise DraftOver(draft=now.title, state=now.state)
    return drafts.reviewed(app, draft, person)


async def _land(app: App, draft: Draft, review: Review, person: Person, how: How) -> Landed:
    """By the forge, where main is protected there; else here."""
    message = _message(review, how)
    if made := await forge_merge.merged(app, draft, review, how, message):
        return Landed(made, (), ())
    if how == "rebase":
        return await replay.into(app, app.main_branch, draft.tip)
    author = Signature(person.name, person.email)
    if how == "squash":
        author, *others = await to_thread.run_sync(_writers, app, draft) or [author]
        message += "".join(f"\nCo-authored-by: {other}" for other in others)
    return await join.into(
        app, app.main_branch, draft.tip, message=message, author=author, whole=True,
        squash=how == "squash", always=True, named="ours",
    )  # fmt: skip


def _writers(app: App, draft: Draft) -> list[Signature]:
    """In a thread: whose commits a draft has that main has not, who has most of them first."""
    repository = app.repository
    main = repository.tip(app.main_branch)
    made = git_log.between(repository, main, draft.tip, limit=_MOST_COMMITS)
    count = Counter(
        Signature(each.author_name, each.author_email)
        for each in reversed(made)
        if len(repository.commit_info(each.commit).parents) < _OF_A_MERGE
    )
    return [writer for writer, _ in count.most_common()]


async def _check_rules(app: App, draft: Draft, base: str | None, person: Person, role: str) -> None:
    for change in await to_thread.run_sync(app.repository.changed, base, draft.tip):
        for path in filter(None, (change.path, change.old_path)):
            await write_rules.check(app, person, role, path)


def _message(review: Review, how: How) -> str:
    title = review.title if how == "squash" else f"Merge {review.branch}\n\n{review.title}"
    return f"{title}\n\n{review.description}".strip() + f"\n\nPrdgen-Review: {review.id}"


async def close(app: App, name: str, person: Person) -> Review:
    """Set a draft aside with everything typed in it: its branch goes as after a merge, its text is
    kept and can be opened again. Raises NoSuchDraft, TypedRefused, and DraftOver when another ended it first.
    """
    draft = await to_thread.run_sync(drafts.find, app, name)
    await _all_committed(app, draft, person)
    draft = await to_thread.run_sync(drafts.find, app, name)
    async with _ending(app, draft, person) as review:
        said = Entry("closed", person.name, person.email, {"tip": draft.tip})
        ended = await to_thread.run_sync(drafts.say, app, review.id, said)
    await _end(app, draft, ended)
    if draft.branch.startswith(recovered.PREFIX):
        await discarded.forget(app, draft)
    await forge_wanted.now(app)
    await review_news.tell(app, ended.id)
    return ended


async def reopen(app: App, id_: str, person: Person) -> Draft:
    """A closed draft as it was. Raises NoSuchDraft, DraftOver, and BranchExists when another one has
    its branch's name now.
    """
    review = await to_thread.run_sync(drafts.find_review, app, id_)
    if review.state != "closed" or not review.tip:
        raise DraftOver(draft=review.title, state=review.state)
    now = await to_thread.run_sync(app.repository.tip, review.branch)
    # Somebody may have written on in it since.
    if now is None or not await to_thread.run_sync(app.repository.is_ancestor, review.tip, now):
        await to_thread.run_sync(app.repository.create_branch, review.branch, review.tip)
    said = Entry("reopened", person.name, person.email)
    await to_thread.run_sync(drafts.say, app, id_, said)
    await watch.branches(app)
    await forge_wanted.now(app)
    return await to_thread.run_sync(drafts.find_branch, app, review.branch)


async def _all_committed(app: App, draft: Draft, person: Person) -> None:
    """Commit what is typed in the draft. Raises TypedRefused when a hook refuses some of it: nothing is
    merged or closed without it.
    """
    if why := await commit_typed(app, draft.branch, person):
        raise TypedRefused(draft=draft.title, reason=why)


async def commit_typed(app: App, branch: str, person: Person) -> str | None:
    """Commit what is typed in the pages of a draft; why a hook refused some of it."""
    refused = None
    async with app.store.transaction() as tx:
        rows = await documents.list_live(tx, branch)
    for row in rows:
        if row.uncommitted:
            saved = await edit.save_version(app, branch, row.page_path, None, person.id)
            refused = refused or saved.refused
    return refused


async def _end(app: App, draft: Draft, review: Review) -> None:
    """Keep the draft's last commit, and remove its branch where nobody is at work on it."""
    await to_thread.run_sync(refs.keep, app.repository, drafts.KEPT + review.id, draft.tip)

    lives = app.keeper.all() if app.keeper else []
    if any(live.branch == draft.branch and live.room.peers for live in lives):
        return
    if await to_thread.run_sync(_remove, app, draft.branch, draft.tip):
        if app.keeper is not None:
            await watch.moved(app, draft.branch)
        await watch.branches(app)


def _remove(app: App, branch: str, tip: str) -> bool:
    """In a thread: remove the branch, unless it is checked out or has other commits; whether it is gone."""
    if app.repository.work_tree_of(branch) is not None:
        return False
    with locks.branch(app.repository, branch):
        return app.repository.remove_branch(branch, tip)


async def is_at_work(app: App, branch: str) -> bool:
    """Whether somebody has a page of the branch open, at any process, or typed what is in no commit."""
    async with app.store.transaction() as tx:
        rows = await documents.list_live(tx, branch)
        leased = await documents.leased(tx, branch)
    return bool(leased) or any(row.uncommitted for row in rows)


async def tidy(app: App) -> list[str]:
    """Remove the branches of drafts that are over, in which somebody was at work then and nobody is
    now, and in which nothing was written since; their names.
    """
    removed = []
    for review in await to_thread.run_sync(drafts.reviews, app):
        tip = await to_thread.run_sync(app.repository.tip, review.branch)
        if review.state == "open" or not tip or tip != review.tip:
            continue
        if await is_at_work(app, review.branch):
            continue
        if await to_thread.run_sync(_remove, app, review.branch, tip):
            removed.append(review.branch)
    if removed:
        await watch.branches(app)
    return removed
