"""what Git is about to do, or did → what the person at the keyboard should know, or a refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prdgen.errors import PrdgenError
from prdgen.files import text
from prdgen.flows import pages_of, regress, servers
from prdgen.flows.clone import Clone
from prdgen.git import snapshots
from prdgen.git.errors import UnknownRevision
from prdgen.git.snapshots import Snapshot
from prdgen.merge import sections
from prdgen.page import checks
from prdgen.page.problems import Problem

REFUSED: Final = 10
"""How `prdgen hook` ends when Git shall stop. A Python that cannot start ends with 1 and stops nobody."""
_UNFINISHED: Final = frozenset(
    {"placeholder", "empty-section", "empty-requirement", "remote-image", "material-syntax"}
)
"""Problems of a page that is still being written: no reason to keep anybody from committing it."""
_MOST: Final = 20
_NOTHING: Final = "0" * 40


@dataclass(frozen=True, slots=True)
class Said:
    """Lines for the person, and whether Git shall stop."""

    lines: tuple[str, ...] = ()
    refused: bool = False


class UnknownHook(PrdgenError):
    """prdgen has nothing to do at {name}."""

    cure = "Install the hooks again: `prdgen hooks install`."
    exit_code = 2


def run(clone: Clone, name: str, arguments: Sequence[str], given: str = "") -> Said:
    """What the hook of this name says; `given` is what Git wrote to its standard input.

    Raises UnknownHook, and what reading the repository raises.
    """
    if name not in _HOOKS:
        raise UnknownHook(name=name)
    return _HOOKS[name](clone, arguments, given)


def _pre_commit(clone: Clone, _arguments: Sequence[str], _given: str) -> Said:
    """Refuse what would break pages, judged by what is staged and not by the working tree."""
    globs, after = pages_of.globs(clone), snapshots.staged(clone.repository)
    found = _breaking(regress.find(globs, _commit(clone, "HEAD"), after))
    # A page about Git may show markers in its code; one that was in conflict has real ones there.
    head = _commit(clone, "HEAD")
    for path in sorted(snapshots.settled(clone.repository)):
        if globs.match(path) and path in after.files:
            # Git remembers it for longer than the merge: what HEAD has as well is no news.
            old = _readable(head.read(path)) if head and path in head.files else ""
            known = Counter(each.message for each in checks.conflicts(path, old))
            now = checks.conflicts(path, _readable(after.read(path)))
            new = Counter(each.message for each in now) - known
            found += [each for each in now if new[each.message]]
    found = list(dict.fromkeys(found))
    end = "Nothing was committed. Correct and stage this, or commit with --no-verify."
    return Said((*_told(found), end), refused=True) if found else Said()


def _prepare_commit_msg(clone: Clone, arguments: Sequence[str], _given: str) -> Said:
    """Begin an empty message with the sections that changed."""
    file, *source = arguments
    path = Path(file)
    written = path.read_text("utf-8", "replace")
    if any(source) or any(line.strip() for line in written.split("\n") if line[:1] not in "#;"):
        return Said()
    before, after = _commit(clone, "HEAD"), snapshots.staged(clone.repository)
    message = _message(list(_subjects(clone, before, after)))
    if message:
        path.write_text(f"{message}\n{written}", "utf-8", newline="\n")
    return Said()


def _post_merge(clone: Clone, arguments: Sequence[str], _given: str) -> Said:
    """Name what is right on both sides and wrong together: two requirements with one number, say."""
    if list(arguments[:1]) == ["1"]:
        return Said()
    head = clone.repository.commit_info(clone.repository.resolve("HEAD"))
    if len(head.parents) != 2:
        return Said()
    after = Snapshot(clone.repository, head.tree)
    ours, theirs = (
        _breaking(
            regress.find(pages_of.globs(clone), snapshots.of(clone.repository, parent), after)
        )
        for parent in head.parents
    )
    both = [problem for problem in ours if problem in theirs]
    start = "Each side was right by itself; together something is wrong:"
    return Said((start, *_told(both))) if both else Said()


def _post_checkout(clone: Clone, arguments: Sequence[str], _given: str) -> Said:
    """Say which branch's pages have this folder as their files now, when a server works here."""
    others, branch = servers.alive(clone.state_dir), clone.repository.head_branch()
    if (
        list(arguments[2:]) != ["1"]
        or not others
        or branch is None
        or clone.repository.busy_reason()
    ):
        return Said()
    served = others[0].address
    return Said(
        (
            f"prdgen serves this clone at {served}: this folder has the pages of {branch} now.",
            "What people type into pages of other branches goes straight to their branches.",
        )
    )


def _pre_push(clone: Clone, arguments: Sequence[str], given: str) -> Said:
    """Refuse what would break pages for those who have the branch already."""
    found: list[Problem] = []
    for line in given.splitlines():
        _, local, _, remote = line.split()
        if local == _NOTHING:
            continue
        before = _known(clone, local, remote, arguments[0])
        if before is not None:
            after = snapshots.of(clone.repository, local)
            found += _breaking(regress.find(pages_of.globs(clone), before, after))
    end = "Nothing was pushed. Correct this in another commit, or push with --no-verify."
    return Said((*_told(found), end), refused=True) if found else Said()


_HOOKS: Final[dict[str, Callable[[Clone, Sequence[str], str], Said]]] = {
    "pre-commit": _pre_commit,
    "prepare-commit-msg": _prepare_commit_msg,
    "post-merge": _post_merge,
    "post-checkout": _post_checkout,
    "pre-push": _pre_push,
}
NAMES: Final = tuple(_HOOKS)
"""The hooks there are, by Git's names."""


def _commit(clone: Clone, revision: str) -> Snapshot | None:
    try:
        return snapshots.of(clone.repository, clone.repository.resolve(revision))
    except UnknownRevision:
        return None


def _known(clone: Clone, local: str, remote: str, name: str) -> Snapshot | None:
    """What the other side has of this already; None: nothing that we know of."""
    main = _commit(clone, f"refs/remotes/{name}/{clone.main_branch}")
    if remote != _NOTHING and (found := _commit(clone, remote)):
        return found
    if main is None:
        return None
    tip = clone.repository.resolve(f"refs/remotes/{name}/{clone.main_branch}")
    shared = clone.repository.merge_base(local, tip)
    return None if shared is None else snapshots.of(clone.repository, shared)


def _breaking(found: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in found if problem.code not in _UNFINISHED]


def _told(found: Sequence[Problem]) -> list[str]:
    lines = []
    for problem in found[:_MOST]:
        lines.append(f"{problem.page_path}:{problem.line}: {problem.message}")
        lines += [f"    {problem.hint}"] if problem.hint else []
    return [*lines, f"… and {len(found) - _MOST} more"] if len(found) > _MOST else lines


def _subjects(clone: Clone, before: Snapshot | None, after: Snapshot) -> Iterable[str]:
    globs = pages_of.globs(clone)
    for change in after.since(before):
        if not globs.match(change.path):
            continue
        old = (
            before.read(change.old_path or change.path)
            if before and change.kind != "added"
            else b""
        )
        new = after.read(change.path) if change.kind != "deleted" else b""
        title = change.path.rpartition("/")[2].rpartition(".")[0]
        yield sections.subject(_readable(old), _readable(new), title)


def _readable(data: bytes) -> str:
    return text.decode(data.decode("utf-8", "replace").replace("\0", "\ufffd").encode()).text


def _message(subjects: Sequence[str]) -> str:
    if len(subjects) <= 1:
        return "".join(subjects)
    more = [f"… and {len(subjects) - _MOST} more"] if len(subjects) > _MOST else []
    return "\n".join([f"Edit {len(subjects)} pages", "", *subjects[:_MOST], *more])
