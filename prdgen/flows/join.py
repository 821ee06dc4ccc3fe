"""branch ← another tip: merged by the merge of pages, as one commit, while people type in both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from anyio import CancelScope, to_thread

from prdgen.events import Event
from prdgen.files import text
from prdgen.files.errors import NotEditable
from prdgen.flows import dispute, pages_of, signatures
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.dispute import Aside, Disputes
from prdgen.flows.errors import NoSuchBranch, OneDeleted, SameWords, WorkTreePaused
from prdgen.flows.landing import Landing, Move
from prdgen.git import commits, joining
from prdgen.git.joining import Both, Side
from prdgen.git.pushed import Pushed
from prdgen.git.values import Signature
from prdgen.merge import three_way
from prdgen.merge.pieces import Conflict
from prdgen.store import event_log

LIMIT_MS = 200
Revived = tuple[tuple[str, Side], ...]
"""(path, side): a file that this side edited and the other deleted; it stays as it was edited."""
Renamed = tuple[tuple[str, str], ...]
"""(path, other): a file that both sides renamed; it is at the first of the two names."""
Made = tuple[str, Disputes, Aside]
"""The commit to move to, and where people have to look in it."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Two tips, merged: the tree, and where both sides changed the same words of a page."""

    tree: str
    disputes: Disputes
    """(page_path, place): both versions stand there, ours first."""
    aside: Aside = ()
    """(path, other): a file that is no page, of which the version that did not stay is the other."""
    revived: Revived = ()
    renamed: Renamed = ()


@dataclass(frozen=True, slots=True)
class Landed:
    """What a merge came to. `commit` is the branch's new tip; `left` says in words which files of
    the folder that has it checked out were left as they were.
    """

    commit: str
    disputes: Disputes
    left: tuple[str, ...]
    aside: Aside = ()
    revived: Revived = ()
    renamed: Renamed = ()


def tips(
    clone: Clone, ours: str, theirs: str, *, base: str | None = None, mark: str = "",
    stays: Side = "theirs", named: Side = "theirs", once: bool = False,
) -> Joined:  # fmt: skip
    """In a thread: merge two commits without moving anything.

    Pages are merged by the merge of pages, other files by Git; what both sides changed in the same
    place of one of these is kept twice, with `mark` in the name of the one that does not stay. Raises
    UnrelatedHistories, and Unmergeable for these without a `mark`. `base`, `stays`, `named`: see `joining.trees`;
    `once`: see `three_way.merge`.
    """
    globs, found = pages_of.globs(clone), list[tuple[str, Conflict]]()
    kept: dict[str, str] = {}
    revived: dict[str, Side] = {}
    renamed: dict[str, str] = {}

    def aside(path: str) -> str:
        return kept.setdefault(path, _marked(path, mark))

    def merge(both: Both) -> bytes | None:
        if not globs.match(both.path):
            return None
        try:
            base, mine, other = map(text.decode, (both.base, both.ours, both.theirs))
        except NotEditable:
            return None
        merged = three_way.merge(base.text, other.text, mine.text, LIMIT_MS, once=once)
        found.extend((both.path, conflict) for conflict in merged.conflicts)
        return text.patch(both.ours, merged.hunks)

    tree = joining.trees(
        clone.repository, ours, theirs, merge, base=base, aside=aside if mark else None, stays=stays,
        revived=revived.__setitem__, named=named, renamed=renamed.__setitem__,
    )  # fmt: skip
    disputes = sorted(found, key=lambda each: (each[0], each[1].start))
    return Joined(
        tree, tuple(disputes), tuple(sorted(kept.items())), tuple(sorted(revived.items())),
        tuple(sorted(renamed.items())),
    )  # fmt: skip


def said(revived: Revived, ours: str, theirs: str) -> list[str]:
    """What both sides, by their names, did to each of these files, in words."""
    return [
        f"{path} (deleted in {theirs if by == 'ours' else ours}, edited in {ours if by == 'ours' else theirs})"
        for path, by in revived
    ]


def _marked(path: str, mark: str) -> str:
    """`css/extra.css` → `css/extra.MARK.css`."""
    folder, slash, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    return f"{folder}{slash}{f'{stem}.{mark}{dot}{ending}' if stem else f'{name}.{mark}'}"


async def into(
    app: App, branch: str, theirs: str, *, message: str, author: Signature, whole: bool = False,
    squash: bool = False, always: bool = False, aside: bool = False, once: bool = False, named: Side = "theirs",
    of_remote: bool = False,
) -> Landed:  # fmt: skip
    """Merge a commit into a branch: one commit, or only the branch moved when it is behind.

    Where both sides changed the same words of a page, both versions stand in it afterwards, and
    people are told; a file that one side edited and the other deleted stays as it was edited. With
    `whole` nothing is merged then: SameWords, OneDeleted. With `squash` the commit has one parent,
    the branch's tip; `always` makes one where moving the branch would do. With `aside`, a file that
    is no page and that both sides changed in the same place is kept twice; `once`: see `three_way.merge`. A page
    that both renamed is called as the side `named` calls it; the message says so. `of_remote`: see `Landing`. What is typed and not
    committed stays on top. Raises NoSuchBranch, WorkTreePaused, Locked, UnrelatedHistories and
    Unmergeable.
    """
    revived: Revived = ()
    renamed: Renamed = ()

    def make(old: str) -> Made:
        nonlocal revived, renamed
        new, joined = _make(app, branch, old, theirs, message, author, squash=squash, always=always,
                            named=named, mark=f"ours-{old[:8]}" if aside else "", once=once)  # fmt: skip
        disputes, revived, renamed = joined.disputes, joined.revived, joined.renamed
        if disputes and whole:
            raise SameWords(branch=branch, pages=", ".join(sorted({page for page, _ in disputes})))
        if revived and whole:
            places = said(revived, branch, "the draft")
            raise OneDeleted(branch=branch, places=", ".join(places))
        return new, disputes, joined.aside

    done = await landed(
        app, branch, theirs, make, f"merge by prdgen: {theirs[:10]}", of_remote=of_remote
    )
    return replace(done, revived=revived, renamed=renamed)


async def landed(
    app: App, branch: str, theirs: str, make: Callable[[str], Made], note: str, *,
    of_remote: bool = False,
) -> Landed:  # fmt: skip
    """Move a branch to what `make` makes of its tip, unless it has the commit `theirs` already; its
    folder, documents, index and site follow. `make` runs in a thread and may refuse; then nothing
    moves. Raises NoSuchBranch, WorkTreePaused, Locked, and what `make` raises.
    """
    landing = Landing(app, of_remote=of_remote)
    try:
        await to_thread.run_sync(landing.hold, [branch])
        old = await to_thread.run_sync(app.repository.tip, branch)
        if old is None:
            raise NoSuchBranch(branch=branch)
        if under_way := await to_thread.run_sync(app.repository.under_way, branch):
            raise WorkTreePaused(reason=under_way)
        if await to_thread.run_sync(app.repository.is_ancestor, theirs, old):
            return Landed(old, (), ())
        new, disputes, kept = await to_thread.run_sync(make, old)
        if new == old:
            return Landed(old, (), ())
        await landing.announce([Move(branch, old, new)], Pushed(app.repository, ""))
        with CancelScope(shield=True):
            owed = await to_thread.run_sync(dispute.note, app, branch, new, disputes, kept)
            await to_thread.run_sync(commits.advance, app.repository, branch, old, new, note)
            left = await landing.land([branch])
            await dispute.settle(app, owed)
        return Landed(new, disputes, tuple(left), kept)
    finally:
        landing.release()


def _make(
    app: App, branch: str, old: str, theirs: str, message: str, author: Signature, *,
    squash: bool, always: bool, mark: str, named: Side, once: bool,
) -> tuple[str, Joined]:  # fmt: skip
    """In a thread: the commit to move to, made if need be; and where people have to look in it."""
    if not (squash or always) and app.repository.is_ancestor(old, theirs):
        return theirs, Joined(app.repository.commit_info(theirs).tree, ())
    joined = tips(app, old, theirs, mark=mark, named=named, once=once)
    subject, gap, body = message.partition("\n\n")
    for path, other in joined.renamed:
        body = f"Both sides renamed a page: it is {path}, and no longer {other}.{gap}{body}"
        gap = "\n\n"
    message = f"{subject}{gap}{body}"
    made = commits.join(
        app.repository, branch, old, () if squash else (theirs,), joined.tree,
        message=message, author=author, committer=signatures.SERVER,
    )  # fmt: skip
    return made, joined


async def tell_revived(app: App, branch: str, other: str, revived: Revived) -> None:
    """Have it told that the branch has these files as they were edited, which one side deleted."""
    for path, by in revived:
        data = {"edited_in": branch if by == "ours" else other,
                "deleted_in": other if by == "ours" else branch}  # fmt: skip
        async with app.store.transaction() as tx:
            await event_log.record(tx, [Event("git.conflict.detected", branch, path, data=data)])
