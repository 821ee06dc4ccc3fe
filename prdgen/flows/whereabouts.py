"""an old address → where the page lies now, by Git's own renames.

They are read once and kept beside the clone; each time only those of new commits are added.
Thrown away, they are read from Git again.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from anyio import to_thread

from prdgen.flows import kept_facts
from prdgen.flows.clone import Clone
from prdgen.flows.errors import PageRenamed
from prdgen.git import locks, renames
from prdgen.git import log as git_log
from prdgen.git.renames import Renames
from prdgen.git.values import REGULAR

_LONGEST_WAIT: Final = 300.0
"""Seconds for another process that reads a long history for the first time."""


async def check(clone: Clone, branch: str, page_path: str) -> None:
    """Raises PageRenamed when no page is at `page_path` of the branch, but one was that went on."""
    now = await to_thread.run_sync(now_at, clone, branch, page_path)
    if now is not None:
        raise PageRenamed(page_path=page_path, branch=branch, now=now)


def now_at(clone: Clone, branch: str, path: str) -> str | None:
    """In a thread: where the file lies now that was at `path` of the branch once.

    None when nobody knows, and when something stands at `path` now.
    """
    repository = clone.repository
    tip = repository.tip(branch)
    if tip is None or repository.mode(tip, path) is not None:
        return None
    ends = of(clone, branch, tip).ends(path)
    return next((end for end in ends if repository.mode(tip, end) in REGULAR), None)


def of(clone: Clone, branch: str, tip: str) -> Renames:
    """In a thread: the renames of the commits up to `tip`, of main's and then of the branch's own."""
    main = tip if branch == clone.main_branch else clone.repository.tip(clone.main_branch)
    if main is None:
        return Renames(renames.between(clone.repository, None, tip))
    known = _of_main(clone, main)
    if main == tip:
        return known
    return Renames((*known.found, *renames.between(clone.repository, main, tip)))


def _of_main(clone: Clone, tip: str) -> Renames:
    name = f"renames-{quote(clone.main_branch, safe='')}.json"
    path = clone.state_dir / name
    at, known = _kept(path, _stamp(path))
    if at == tip:
        return known
    with locks.held(clone.repository, "renames", seconds=_LONGEST_WAIT):
        at, known = _kept(path, _stamp(path))
        if at == tip:
            return known
        if not at or not git_log.has_commit(clone.repository, at):
            at, known = "", Renames()
        new = renames.between(clone.repository, at or None, tip)
        known = Renames((*known.found, *new)) if new else known
        kept_facts.save(clone, name, {"tip": tip, "renames": known.found})
        return known


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino


@lru_cache(maxsize=4)
def _kept(path: Path, stamp: tuple[int, int]) -> tuple[str, Renames]:
    """What was kept last, read again when its `stamp` is another one; an empty name: nothing was."""
    facts = kept_facts.load_from(path) if any(stamp) else {}
    try:
        return str(facts["tip"]), Renames([(str(old), str(new)) for old, new in facts["renames"]])
    except (KeyError, TypeError, ValueError):
        return "", Renames()
