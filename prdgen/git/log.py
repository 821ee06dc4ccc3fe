"""Commits as the index and the event log want them: what came since, and who touched a path last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import pygit2

from prdgen.git import messages, process, trees
from prdgen.git.moments import moment
from prdgen.git.repository import Repository
from prdgen.git.values import Signature, Version, co_authors

_FORMAT: Final = "--format=%x1e%H%x00%an%x00%ae%x00%at%x00%s%x00%b%x00"
_FEW: Final = 16
_BYTES_AT_ONCE: Final = 32 * 1024 * 1024
_COMMITS_AT_ONCE: Final = 200
"""Past so many commits, two trees are compared in less time than each of them is looked at."""
_RECORD: Final = re.compile(rb"\x1e(?=[0-9a-f]{40}(?:[0-9a-f]{24})?\0)")
"""Where a commit begins; a message has no NUL in it."""
_MESSAGE: Final = re.compile(
    r"(?:[ \t\r]*+\n)*+((?:[ \t\r]*+[^ \t\r\n][^\n]*+(?:\n|\Z))*+)(?:[ \t\r]*+\n)*+(.*)", re.DOTALL
)
"""The lines of the subject, and the body; a line of blanks is none to Git."""
_PERSON: Final = re.compile(r"\s*(.*?)\s*<([^<>]*)>\s*$", re.DOTALL)


def has_commit(repository: Repository, commit: str) -> bool:
    """Whether the commit is (still) in this clone."""
    try:
        return isinstance(repository.libgit2.get(commit), pygit2.Commit)
    except ValueError:
        return False


def blob(repository: Repository, blob_id: str) -> bytes:
    """A blob's bytes; raises KeyError when it is not in this clone."""
    found = repository.libgit2[blob_id]
    if not isinstance(found, pygit2.Blob):
        raise KeyError(blob_id)
    return bytes(found.data)


def blobs(repository: Repository, blob_ids: Sequence[str]) -> Iterator[bytes]:
    """The bytes of many blobs, one after the other: Git reads them several times quicker than libgit2
    when those that are much alike follow each other. Raises KeyError as `blob` does. Blocks.
    """
    if len(blob_ids) <= _FEW:
        yield from (blob(repository, each) for each in blob_ids)
        return
    start, count = 0, _FEW
    while some := blob_ids[start : start + count]:
        asked = "".join(f"{each}\n" for each in some).encode()
        printed = process.output(
            repository.work_tree, "cat-file", "--batch", "--buffer", data=asked, seconds=300
        )
        place = 0
        for each in some:
            end = printed.index(b"\n", place)
            said = printed[place:end].split(b" ")
            if said[1:2] != [b"blob"]:
                raise KeyError(each)
            place = end + 1 + int(said[2])
            yield printed[end + 1 : place]
            place += 1
        start += count
        # As many as are about so many bytes, by those that were read last.
        count = max(_FEW, min(8 * count, count * _BYTES_AT_ONCE // len(printed)))


def between(repository: Repository, old: str | None, new: str, *, limit: int) -> list[Version]:
    """The commits of `new` that are not in `old`, newest first, at most `limit`."""
    start = [f"^{old}"] if old else []
    printed = process.output(
        repository.work_tree, "log", _FORMAT, f"--max-count={limit}",
        "--end-of-options", new, *start, "--",
    )  # fmt: skip
    return [_version(record, "") for record in _RECORD.split(printed) if record.strip()]


def writers(repository: Repository, old: str | None, new: str) -> list[list[Signature]]:
    """Who wrote each commit of `new` that is not in `old`, merges aside, oldest first: its author, then
    who is named in `Co-authored-by`.
    """
    return [signatures for _, signatures in writers_when(repository, old, new)]


def writers_when(
    repository: Repository, old: str | None, new: str
) -> list[tuple[datetime, list[Signature]]]:
    """The same, with when each commit was made."""
    start = [f"^{old}"] if old else []
    named = "%(trailers:key=Co-authored-by,valueonly,separator=%x00)"
    printed = process.output(
        repository.work_tree, "log", f"--format=%x1e%ct%x00%an <%ae>%x00{named}", "--no-merges", "--reverse",
        "--end-of-options", new, *start, "--",
    )  # fmt: skip
    records = printed.decode("utf-8", "replace").split("\x1e")[1:]
    return [
        (
            moment(int(record.partition("\0")[0])),
            [
                Signature(found[1], found[2])
                for part in record.split("\0")[1:]
                if (found := _PERSON.match(part))
            ],
        )
        for record in records
    ]


def last_changes(repository: Repository, tip: str, *, since: str | None) -> dict[str, Version]:
    """Path → the newest commit up to `tip` that changed it; only those after `since` if given."""
    start = [f"^{since}"] if since else []
    printed = process.output(
        repository.work_tree, "log", _FORMAT, "--name-only", "-z", "--no-renames", "-m",
        "--first-parent", "--end-of-options", tip, *start, "--", seconds=120,
    )  # fmt: skip
    found: dict[str, Version] = {}
    for record in _RECORD.split(printed):
        parts = record.split(b"\0")
        if len(parts) < 7:
            continue
        # Once for each commit: a commit may have thousands of paths.
        version = _version(b"\0".join(parts[:6]), "")
        for name in parts[6:]:
            path = name.strip(b"\n").decode("utf-8", "replace")
            if path and path not in found:
                found[path] = replace(version, page_path=path)
    return found


def last_change(repository: Repository, tip: str, path: str) -> Version | None:
    """The newest commit up to `tip` that did something to the path; None: none ever did."""
    printed = process.output(
        repository.work_tree, "log", _FORMAT, "--max-count=1", "--end-of-options", tip, "--", path
    )
    return _version(printed.lstrip(b"\x1e"), path) if printed.strip() else None


def touched(
    repository: Repository, old: str, tip: str, *, limit: int = _COMMITS_AT_ONCE
) -> dict[str, Version] | None:
    """What `last_changes` says of the commits after `old`, without a process: costs what they changed.

    None when `old` is not among the first parents of `tip`, or more than `limit` commits back.
    """
    git, found = repository.libgit2, dict[str, Version]()
    commit = git[tip].peel(pygit2.Commit)
    for _ in range(limit):
        if str(commit.id) == old:
            return found
        if not commit.parent_ids:
            return None
        parent = str(commit.parent_ids[0])
        if parent not in git:
            return None
        at = moment(commit.author.time)
        subject, body = _parts(messages.of(commit))
        by = messages.author(commit)
        who = by.name, by.email
        others = co_authors(body, who[1])
        for each in trees.moved(git, parent, str(commit.id)):
            if each.path not in found:
                found[each.path] = Version(str(commit.id), *who, at, subject, "", each.path, others)
        commit = git[parent].peel(pygit2.Commit)
    return None


def _parts(message: str) -> tuple[str, str]:
    """A commit message's subject and body, as Git's `%s` and `%b` have them."""
    found = _MESSAGE.match(message)
    assert found is not None
    return " ".join(
        line.rstrip(" \t\r") for line in found[1].removesuffix("\n").split("\n")
    ), found[2]


def _version(record: bytes, path: str) -> Version:
    commit, name, email, at, subject, body = record.decode("utf-8", "replace").split("\0")[:6]
    others = co_authors(body, email)
    return Version(commit.strip(), name, email, moment(int(at)), subject, "", path, others)


def work_tree_files(repository: Repository) -> list[str]:
    """Every file of the working tree that Git tracks or would offer to add, by path."""
    printed = process.output(
        repository.work_tree, "ls-files", "-z", "--cached", "--others", "--exclude-standard"
    )
    return sorted({name.decode("utf-8", "replace") for name in printed.split(b"\0") if name})


def renamed(repository: Repository, path: str, old: str, new: str) -> str:
    """Where a file of `old` is in `new`, by the renames of the commits between them."""
    printed = process.output(
        repository.work_tree, "log", "--reverse", "--first-parent", "-M", "--diff-filter=R",
        "--name-status", "-z", "--format=", "--end-of-options", new, f"^{old}", "--",
    )  # fmt: skip
    parts = iter(printed.decode("utf-8", "replace").lstrip("\n").split("\0"))
    for kind in parts:
        if kind.strip().startswith("R"):
            was, now = next(parts), next(parts)
            path = now if was == path else path
    return path
