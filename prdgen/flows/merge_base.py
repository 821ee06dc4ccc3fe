"""a text from outside → the text it was made from, which is what it is merged on."""

from __future__ import annotations

import time

from anyio import to_thread

from prdgen.files import text
from prdgen.files.errors import NotEditable
from prdgen.flows import made_from, signatures, size, taken
from prdgen.flows.context import App
from prdgen.flows.live import Heads, Live, Step, content_hash, heads_with_text
from prdgen.git import log as git_log
from prdgen.git.errors import CommitNotFound
from prdgen.merge import nearness, three_way
from prdgen.store import texts
from prdgen.store.documents import Document

_BY_US = ("push", "merge by prdgen", "remote: ")
"""How the reflog tells of what a push, a draft or a remote brought (see `git.commits.advance`)."""
BROUGHT_BACK = "Bring back what came while "
"""How the message of a commit begins that brings back what another one took out unseen."""
_LOOKED_BACK = 30
_OLD_TIPS = 3


def decoded(app: App, live: Live, data: bytes) -> str:
    """The text in the bytes of a page's file or blob; raises NotEditable: no text, or too much."""
    if reason := size.reason(app.settings, data, now=live.room.text):
        raise NotEditable(reason=reason)
    return text.decode(data).text


def readable(app: App, live: Live, data: bytes) -> str | None:
    """The text in these bytes; None where nobody could edit it: what came after such a commit counts."""
    try:
        return decoded(app, live, data)
    except NotEditable:
        return None


def reads(data: bytes, digest: str | None) -> bool:
    """Whether these bytes are the text with this hash."""
    try:
        return content_hash(text.decode(data).text) == digest
    except NotEditable:
        return False


async def was_tip(app: App, live: Live, digest: str) -> bool:
    """Whether one of the newest commits before the agreed tip has this text, or one that the branch was
    at before: a push may bring many commits at once.
    """
    row = live.document

    def found() -> bool:
        repository, tip = app.repository, row.tip_commit or ""
        if not git_log.has_commit(repository, tip):
            return False  # it was dropped, and pruned
        versions = repository.history(tip, row.page_path, limit=_OLD_TIPS + 1)
        older = [(version.commit, version.page_path) for version in versions[1:]]
        tips = repository.earlier_tips(row.branch, tip, _OLD_TIPS)
        older += [(commit, row.page_path) for commit in tips]
        return any(reads(repository.read(*each) or b"", digest) for each in older)

    return row.tip_commit is not None and await to_thread.run_sync(found)


async def _tip_base(app: App, live: Live, new_tip: str) -> str:
    """The newest text on the way to `new_tip` that the document had: several commits may be new at
    once, and the first of them be our own text (committed in a terminal, or by a server that was
    killed then). Else the agreed text of the old tip.
    """
    row = live.document
    for commit in await to_thread.run_sync(_between, app, live, new_tip):
        data = await to_thread.run_sync(app.repository.read, commit, live.page_path)
        found = readable(app, live, data or b"")
        if found and await known_heads(live, content_hash(found), found) is not None:
            return found
    return await agreed_text(app, live, row.tip_heads, row.tip_hash)


async def of_commit(app: App, live: Live, new_tip: str, theirs: str) -> str:
    """The text a commit was made from: what the branch's tip had or, when somebody committed the
    file of a working tree, what the file had as it was read, which may be older than what it has.
    Going back to a text of an older commit is meant, but not when the file is committed that went
    back to it just before we committed.
    """
    row, steps, replica = live.document, live.lately_written(), live.room.replica
    digest, left = content_hash(theirs), live.old_tips.get(content_hash(theirs))
    if live.behind(digest) is not None and await to_thread.run_sync(_by_hand, app, live, new_tip):
        return await _overlook(app, live, theirs)
    last = base = await _tip_base(app, live, new_tip)
    if live.overlooked is not None:
        # Who had it all the time goes on from there.
        last = base = await to_thread.run_sync(nearness.nearer, base, live.overlooked, theirs)
    if await to_thread.run_sync(_came_alone, app, live, new_tip):
        return base  # it was made from its parents, and from no file of a working tree
    file_ = await agreed_text(app, live, row.file_heads, row.file_hash)
    in_tip = taken.is_since(replica, row.file_heads, row.tip_heads)
    in_file = taken.is_since(replica, row.tip_heads, row.file_heads)
    if in_tip and not in_file and await to_thread.run_sync(_is_ours, app, row):
        # What we committed was not in the file yet: who commits the file has not seen it.
        on_top = app.repository.is_ancestor
        if theirs == file_ and await to_thread.run_sync(on_top, row.tip_commit or "", new_tip):
            return await _overlook(app, live, theirs)
        tip_text = await agreed_text(app, live, row.tip_heads, row.tip_hash)
        steps.append(Step(time.monotonic(), file_, tip_text))
    elif in_file:
        read = await to_thread.run_sync(made_from.text, file_, steps, theirs)
        base = await to_thread.run_sync(nearness.nearer, base, read, theirs)
    base = await to_thread.run_sync(made_from.text, base, steps, theirs)
    # The file still had the older commit's text when ours was on top of it.
    stayed = left is not None and any(step.at > left[0] and step.old == theirs for step in steps)
    if base == last or stayed or not await was_tip(app, live, digest):
        return base
    return last


async def _overlook(app: App, live: Live, theirs: str) -> str:
    """A commit takes out what its author never had: nothing comes of it."""
    row = live.document
    before = await agreed_text(app, live, row.tip_heads, row.tip_hash)
    live.overlooked = live.overlooked or before
    return theirs


def _by_hand(app: App, live: Live, new_tip: str) -> bool:
    """In a thread: whether somebody committed this on top of the agreed tip, and reverted nothing."""
    came = app.repository.came_by(live.branch, new_tip)
    return came.startswith("commit:") and app.repository.commit_info(new_tip).parents == (
        live.document.tip_commit,
    )


def _is_ours(app: App, row: Document) -> bool:
    """In a thread: whether it was us who brought the branch to the agreed tip, by a commit, a push or
    a merge: then no Git command of the folder has put the tip's text into the file.
    """
    if was_brought(app, row.branch, row.tip_commit or ""):
        return True
    try:
        newest = app.repository.history(row.tip_commit or "", row.page_path, limit=1)
        found = [app.repository.commit_info(version.commit) for version in newest]
    except CommitNotFound:
        return False
    # Amended, picked or rebased in a terminal a commit keeps its trailers, and is not ours any more.
    return any(
        "prdgen-document" in each.trailers and each.committer == signatures.SERVER for each in found
    )


def brought(app: App, live: Live, new_tip: str) -> list[str]:
    """In a thread: the commits on the way to `new_tip` that we brought the branch to, oldest first."""
    return [
        commit
        for commit in reversed(_between(app, live, new_tip))
        if was_brought(app, live.branch, commit)
    ]


def _came_alone(app: App, live: Live, new_tip: str) -> bool:
    """In a thread: whether we brought the branch there, and nothing that came is on top of a commit made in the
    folder: such a one may have taken out what its file had not got yet, also when that was brought back.
    """
    repository, old_tip = app.repository, live.document.tip_commit or ""
    if not was_brought(app, live.branch, new_tip):
        return False
    below = set(_between(app, live, new_tip))
    for parent in repository.commit_info(new_tip).parents:
        # One from before the agreed tip, which a forced push dropped, is nothing that came.
        if parent == old_tip or not old_tip or not repository.is_ancestor(parent, old_tip):
            below.add(parent)
    return not any(
        repository.came_by(live.branch, commit).startswith("commit")
        and repository.commit_info(commit).committer != signatures.SERVER
        for commit in below
    )


def brings_back(app: App, new_tip: str) -> bool:
    """In a thread: whether this is a commit of ours that brings back what one made in the folder took out of
    the branch unseen, and not of the document (see `overtaken`).
    """
    info = app.repository.commit_info(new_tip)
    return info.committer == signatures.SERVER and info.subject.startswith(BROUGHT_BACK)


def was_brought(app: App, branch: str, commit: str) -> bool:
    """In a thread: whether a push, a draft's merge or a remote moved the branch there."""
    return app.repository.came_by(branch, commit).startswith(_BY_US)


def _between(app: App, live: Live, new_tip: str) -> list[str]:
    """In a thread: the commits before `new_tip`, newest first, that the agreed tip has not got."""
    repository, old_tip = app.repository, live.document.tip_commit
    if repository.commit_info(new_tip).parents == (old_tip,):
        return []
    versions = repository.history(new_tip, live.page_path, limit=_LOOKED_BACK)
    return [
        version.commit
        for version in versions
        if version.commit != new_tip
        and not (old_tip and repository.is_ancestor(version.commit, old_tip))
    ]


async def known_heads(live: Live, digest: str, theirs: str) -> Heads | None:
    """Heads since the last tip at which the document read `theirs`: from memory, the row, or its
    history. A text from before that (a `git revert`) is news.
    """
    row, replica = live.document, live.room.replica
    if digest in live.written:
        return live.written[digest]
    for point_hash, heads in (
        (row.file_hash, row.file_heads),
        (row.intent_hash, row.intent_heads),
    ):
        if digest == point_hash and heads and taken.is_since(replica, row.tip_heads, heads):
            return heads
    if came := await to_thread.run_sync(taken.known, live, row.tip_heads, theirs):
        return came
    return await to_thread.run_sync(heads_with_text, replica, row.tip_heads, theirs)


async def agreed_text(app: App, live: Live, heads: Heads, digest: str | None) -> str:
    """The text both sides had: the document at `heads`, or the kept text when a merge followed."""
    at_heads = live.room.replica.text(heads)
    if content_hash(at_heads) == digest:
        return at_heads
    async with app.store.transaction() as tx:
        return await texts.get(tx, digest or content_hash(""))


async def of_file(app: App, live: Live, theirs: str, *, cold: bool = False) -> str:
    """The text the file was changed from: its last agreed one, or one it had a moment before, or
    the branch's tip, which is what a file of a checkout was made from when this store never knew it.
    A process that ended (`cold`) may have committed what it did not write any more.
    """
    row, steps = live.document, live.lately_written()
    base = agreed = await agreed_text(app, live, row.file_heads, row.file_hash)
    if row.tip_hash != row.file_hash and taken.is_since(
        live.room.replica, row.file_heads, row.tip_heads
    ):
        tip = await agreed_text(app, live, row.tip_heads, row.tip_hash)
        base = await to_thread.run_sync(nearness.nearer, base, tip, theirs)
        if cold and base == agreed:
            older = await to_thread.run_sync(nearness.common, agreed, tip, theirs)
            base = agreed if older is None else older
    base = await to_thread.run_sync(taken.base, live, row.file_heads, base, theirs)
    base = await to_thread.run_sync(made_from.text, base, steps, theirs)
    for had in (agreed, live.put_away):
        if had is not None and await to_thread.run_sync(_put_back, had, theirs, live.room.text):
            return had
    return base


def _put_back(had: str, theirs: str, ours: str) -> bool:
    """Whether `theirs` is what the file had, with nothing but what the document has by now: Git put typed
    text away, brought a commit, and put it back on top. The commit alone is no base of that: what
    was typed would count as typed twice. Blocks.
    """
    merged = three_way.merge(had, theirs, ours)
    return not merged.hunks and not merged.conflicts
