"""commits of one history → once more on another one, each by whom and when it was."""

from __future__ import annotations

from collections.abc import Sequence

from prdgen.files import text
from prdgen.flows import join, signatures
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.dispute import Aside, Disputes
from prdgen.flows.errors import ReplayStops
from prdgen.flows.join import Landed, Made
from prdgen.git import commits
from prdgen.git.errors import Unmergeable
from prdgen.git.values import CommitInfo
from prdgen.merge.pieces import Conflict

_SHOWN = 60


async def into(app: App, branch: str, theirs: str) -> Landed:
    """Put the commits of `theirs` on top of a branch: its history stays one line, and none of them is
    empty. What is typed and not committed stays on top. Raises ReplayStops where both changed the
    same words, NoSuchBranch, WorkTreePaused, Locked and UnrelatedHistories; then nothing moved.
    """

    def make(old: str) -> Made:
        line = app.repository.commits_between(old, theirs, merges=True)
        return onto(app, branch, old, line, whole=True)

    return await join.landed(
        app, branch, theirs, make, f"merge by prdgen: {theirs[:10]}, by commits"
    )


def onto(
    clone: Clone, branch: str, at: str, line: Sequence[str], *, mark: str = "", whole: bool = False
) -> Made:
    """In a thread: make the commits of `line` once more, one after the other, on the commit `at`;
    no branch moves.

    Author, their time and the message stay; a commit that stands where it should stays as it is, and
    one that would change nothing is left out. A merge becomes a commit of what was done in it and on
    neither side. Where both changed the same words of a page both versions stand, `at`'s first; what
    both changed in another file stays as `at` has it, the other beside it with `mark` in its name. With
    `whole` the first such place raises ReplayStops instead.
    """
    disputes: Disputes = ()
    aside: Aside = ()
    for commit in line:
        info = clone.repository.commit_info(commit)
        tree = clone.repository.commit_info(at).tree
        if info.parents == (at,) and info.tree != tree:
            at = commit
            continue
        joined = _joined(clone, branch, at, info, mark, whole=whole)
        if joined.tree == tree:
            continue
        disputes, aside = (*disputes, *joined.disputes), tuple({*aside, *joined.aside})
        at = commits.join(
            clone.repository, branch, at, (), joined.tree,
            message=f"{info.subject}\n\n{info.body}", author=info.author,
            committer=signatures.SERVER, when=info.at,
        )  # fmt: skip
    return at, disputes, aside


def _joined(
    clone: Clone, branch: str, at: str, info: CommitInfo, mark: str, *, whole: bool
) -> join.Joined:
    base = info.parents[0] if info.parents else None
    try:
        joined = join.tips(clone, at, info.commit, base=base, mark=mark, stays="ours", named="ours")
    except Unmergeable as error:
        if not whole:
            raise
        raise _stops(branch, info, str(error.facts["paths"])) from error
    if whole and joined.disputes:
        page_path, place = joined.disputes[0]
        raise _stops(branch, info, _place(clone, at, page_path, place))
    if whole and joined.revived:
        raise _stops(branch, info, join.said(joined.revived, branch, "the draft")[0])
    return joined


def _stops(branch: str, info: CommitInfo, place: str) -> ReplayStops:
    named = f"{info.commit[:10]} ({info.subject[:_SHOWN]})"
    return ReplayStops(branch=branch, commit=named, place=place)


def _place(clone: Clone, at: str, page_path: str, place: Conflict) -> str:
    """The page, the line there and how it begins."""
    data = clone.repository.read(at, page_path) or b""
    known = text.decode(data).text
    found = known.find(place.ours) if place.ours.strip() else -1
    begins = next((line for line in place.ours.splitlines() if line.strip()), "")
    where = f", line {known.count(chr(10), 0, found) + 1}" if found >= 0 else ""
    words = f": {begins.strip()[:_SHOWN]!r}" if begins else ""
    return f"{page_path}{where}{words}"
