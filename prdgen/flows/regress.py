"""two snapshots of a repository → the problems the newer one brought, in the pages it touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from prdgen.flows import check
from prdgen.flows.pages_of import Globs
from prdgen.git import log as git_log
from prdgen.git.repository import Repository
from prdgen.git.snapshots import Snapshot
from prdgen.page.problems import Problem

_KEPT: Final = 8192
"""Pages of which it is known what they define, and what in them has an address."""


def find(globs: Globs, before: Snapshot | None, after: Snapshot) -> list[Problem]:
    """Problems of `after` that `before` (None: nothing) has not, by page and line. Blocks.

    Looked at are the pages that differ, those that name a file that is gone, and those that define
    a requirement a changed page defines too. What was wrong before is nobody's fault now.
    """
    changes = after.since(before)
    was = {each.path: each.old_path or each.path for each in changes if each.kind != "deleted"}
    gone = {each.old_path or each.path for each in changes if each.kind in {"deleted", "renamed"}}
    touched = {path for path in was if globs.match(path)}
    ids = {name for path in touched for name in _defined_in(after, path)}
    near = touched | set(filter(globs.match, after.naming({*ids, *_written(gone)})))
    now = _problems(globs, after, near)
    known = {path: was.get(path, path) for path in near}
    old = {} if before is None else _problems(globs, before, set(known.values()))
    new = (each for path in near for each in _without(now.get(path, ()), old.get(known[path], ())))
    return sorted(new, key=lambda problem: (problem.page_path, problem.line))


def _written(paths: Iterable[str]) -> set[str]:
    """File names as links have them."""
    names = {path.rpartition("/")[2] for path in paths}
    return names | {quote(name) for name in names}


def _problems(
    globs: Globs, snapshot: Snapshot, wanted: Iterable[str]
) -> Mapping[str, list[Problem]]:
    data = {path: snapshot.read(path) for path in sorted(wanted) if path in snapshot.files}
    defined: dict[str, str] = {}
    for path in data:
        for name in _defined_in(snapshot, path):
            defined.setdefault(name, path)
    files = frozenset(snapshot.files)
    pages = frozenset(filter(globs.match, files))

    def anchors_of(path: str) -> frozenset[str] | None:
        return _anchors(snapshot.repository, snapshot.files[path])

    return {
        path: check.one(path, content, pages, files, defined, anchors_of)
        for path, content in data.items()
        if path in pages
    }


def _defined_in(snapshot: Snapshot, path: str) -> tuple[str, ...]:
    return _ids(snapshot.repository, path, snapshot.files[path])


@lru_cache(maxsize=_KEPT)
def _ids(repository: Repository, path: str, blob: str) -> tuple[str, ...]:
    """The ids that a page defines: asked for again with each commit of a draft, and mostly the same."""
    return tuple(check.defined_in(path, git_log.blob(repository, blob)))


@lru_cache(maxsize=_KEPT)
def _anchors(repository: Repository, blob: str) -> frozenset[str] | None:
    return check.anchors_in(git_log.blob(repository, blob))


def _without(now: Iterable[Problem], old: Iterable[Problem]) -> list[Problem]:
    left = Counter((problem.code, problem.message) for problem in old)
    new = []
    for problem in now:
        key = problem.code, problem.message
        if left[key]:
            left[key] -= 1
        else:
            new.append(problem)
    return new
