"""What happened to a page: its versions through renames, who wrote its lines, what a range changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pygit2

from prdgen.git import process, trees
from prdgen.git.moments import moment
from prdgen.git.values import REGULAR, BlameHunk, FileChange, Moved, Version, co_authors

_FORMAT: Final = "--format=format:%x1e%H%x00%an%x00%ae%x00%at%x00%s%x00%b%x00"
_FURTHER: Final = 100
"""So many more versions are looked through for a rename: what was made beside it may be newer."""
_SIMILAR: Final = 50
"""Percent of a deleted and an added file that must be alike to count as renamed; Git's default."""


def versions(
    top: Path, tip: str, page_path: str, *, limit: int, skip: int, beside: bool = False
) -> list[Version]:
    """The commits up to `tip` that changed the page, newest first, followed through renames.

    `beside`: where it was renamed in a branch, those of the old name that were made beside that are among
    them; `git log --follow` looks for the new name alone from there on. That looks further back.
    """
    # With --follow, Git counts skipped commits before it knows whether they touch the page.
    last = skip + limit
    most = last + _FURTHER if beside else last
    records = _log(top, most, ("--follow", "--find-renames"), (tip,), page_path)
    found = [record.version for record in records]
    for record in records if beside else ():
        if record.renamed is not None:
            found = _merged(found, _beside(top, tip, record.version.commit, record.renamed, most))
    return found[skip:last]


@dataclass(frozen=True, slots=True)
class _Record:
    """A version, and the page's name before when it was renamed by it."""

    version: Version
    renamed: str | None


def _beside(top: Path, tip: str, renamed: str, old_path: str, most: int) -> list[Version]:
    """Versions of the old name that neither the commit `renamed` had nor are later than it."""
    later = process.output(top, "rev-list", "--ancestry-path", f"{renamed}..{tip}").decode().split()
    options, commits = ("--full-history", "--diff-filter=d"), (f"^{renamed}", tip)
    beside = _log(top, most, options, commits, old_path)
    return [record.version for record in beside if record.version.commit not in set(later)]


def _merged(found: list[Version], others: list[Version]) -> list[Version]:
    """Both, the newest first; each in its own order."""
    made = list(found)
    known = {version.commit for version in found}
    at = 0
    for version in others:
        if version.commit in known:
            continue
        while at < len(made) and made[at].at >= version.at:
            at += 1
        made.insert(at, version)
    return made


def _log(
    top: Path, most: int, options: Iterable[str], commits: Iterable[str], path: str
) -> list[_Record]:
    printed = process.output(
        top, "log", *options, "--name-status", "-z", _FORMAT, f"--max-count={most}",
        "--end-of-options", *commits, "--", path,
    )  # fmt: skip
    records = printed.split(b"\0\x1e" if b"\0\x1e" in printed else b"\x1e")
    return [found for record in records if (found := _record(record))]


def removals(top: Path, old: str, new: str, path: str) -> list[str]:
    """The commits of `new` that `old` has not and that have no file there any more which a parent had, oldest
    first.
    """
    printed = process.output(
        top, "log", "-m", "--full-history", "--no-renames", "--diff-filter=D", "--reverse",
        "--topo-order", "--format=%H", "--end-of-options", f"{old}..{new}", "--", path,
    )  # fmt: skip
    return list(dict.fromkeys(printed.decode().split()))


def _record(record: bytes) -> _Record | None:
    parts = record.lstrip(b"\x1e").decode("utf-8", "replace").split("\0")
    if len(parts) < 8:
        return None
    commit, name, email, at, subject, body, _status, *paths = parts
    when = moment(int(at))
    named = [path for path in paths if path]
    others = co_authors(body, email)
    version = Version(commit, name, email, when, subject, body.strip(), named[-1], others)
    return _Record(version, named[0] if len(named) > 1 else None)


def blame(top: Path, commit: str, page_path: str) -> list[BlameHunk]:
    """Who wrote each line of the page at `commit`: runs of lines, from the top."""
    printed = process.output(top, "blame", "--porcelain", commit, "--", page_path)
    people: dict[str, dict[str, str]] = {}
    hunks: list[BlameHunk] = []
    for commit_id, facts in _blamed_lines(printed.decode("utf-8", "replace"), people):
        if hunks and hunks[-1].commit == commit_id:
            last = hunks.pop()
            hunks.append(BlameHunk(last.line_count + 1, last.name, last.email, commit_id))
        else:
            email = facts.get("author-mail", "").strip("<>")
            hunks.append(BlameHunk(1, facts.get("author", ""), email, commit_id))
    return hunks


def _blamed_lines(
    printed: str, people: dict[str, dict[str, str]]
) -> Iterator[tuple[str, dict[str, str]]]:
    commit = ""
    for line in printed.split("\n"):
        if line.startswith("\t"):
            yield commit, people[commit]
            commit = ""
        elif not commit:
            commit = line.partition(" ")[0]
            people.setdefault(commit, {})
        else:
            key, _, value = line.partition(" ")
            people[commit][key] = value


def changed(git: pygit2.Repository, old: str | None, new: str) -> list[FileChange]:
    """The regular files that differ from `old` (None: from nothing) to `new`, renames found."""
    moved = [_plain(each) for each in trees.moved(git, old, new)]
    plain = [change for change in moved if change]
    if old is None or not {"added", "deleted"} <= {change.kind for change in plain}:
        return plain
    difference = git[old].peel(pygit2.Tree).diff_to_tree(git[new].peel(pygit2.Tree))
    difference.find_similar(rename_threshold=_SIMILAR)
    found = [change for delta in difference.deltas if (change := _change(delta))]
    return sorted(found, key=lambda change: change.path)


def _plain(moved: Moved) -> FileChange | None:
    """What happened to a regular file, if it was not renamed."""
    was, now = (side is not None and side[0] in REGULAR for side in (moved.old, moved.new))
    if was and now:
        return FileChange("modified", moved.path)
    if was or now:
        return FileChange("deleted" if was else "added", moved.path)
    return None


def _change(delta: pygit2.DiffDelta) -> FileChange | None:
    was = delta.old_file if int(delta.old_file.mode) in REGULAR else None
    now = delta.new_file if int(delta.new_file.mode) in REGULAR else None
    if now is None:
        return None if was is None else FileChange("deleted", was.path)
    if was is None:
        return FileChange("added", now.path)
    if was.path != now.path:
        return FileChange("renamed", now.path, was.path)
    return FileChange("modified", now.path)
