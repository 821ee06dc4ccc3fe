"""two snapshots of a repository → the problems the newer one brought, in the pages it touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
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
    now = _problems(globs, after, near, before, was)
    known = {path: was.get(path, path) for path in near}
    old = {} if before is None else _problems(globs, before, set(known.values()))
    names = {old_path: path for path, old_path in was.items()}
    old = {path: [_renamed(each, names) for each in found] for path, found in old.items()}
    new = (each for path in near for each in _without(now.get(path, ()), old.get(known[path], ())))
    return sorted(new, key=lambda problem: (problem.page_path, problem.line))


def _written(paths: Iterable[str]) -> set[str]:
    """File names as links have them."""
    names = {path.rpartition("/")[2] for path in paths}
    return names | {quote(name) for name in names}


def _problems(
    globs: Globs, snapshot: Snapshot, wanted: Iterable[str],
    before: Snapshot | None = None, was: Mapping[str, str] | None = None,
) -> Mapping[str, list[Problem]]:  # fmt: skip
    """`before`, where the pages that differ were called as `was` says: an anchor that one had there leads on."""
    data = {path: snapshot.read(path) for path in sorted(wanted) if path in snapshot.files}
    defined: dict[str, str] = {}
    for path in data:
        for name in _defined_in(snapshot, path):
            defined.setdefault(name, path)
    files = frozenset(snapshot.files)
    pages = frozenset(filter(globs.match, files))

    def anchors_of(path: str) -> frozenset[str] | None:
        found = _anchors(snapshot.repository, snapshot.files[path])
        if found is None or before is None or was is None or path not in was:
            return found
        old = before.files.get(was[path])
        return found | ((old and _anchors(before.repository, old)) or frozenset())

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


def _renamed(problem: Problem, names: Mapping[str, str]) -> Problem:
    """The same, of a page that has another name by now."""
    if problem.code != "broken-anchor":
        return problem
    head, mark, rest = problem.message.rpartition(" in `")
    new = names.get(rest.removesuffix("`."))
    return problem if new is None else replace(problem, message=f"{head}{mark}{new}`.")


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
