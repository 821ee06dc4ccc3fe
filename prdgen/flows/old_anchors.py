"""history → where old anchors lead: headings that were renamed in the commits of a branch.

The texts before and after each commit are compared once and what was found is kept beside the clone;
each time only new commits are looked at. Thrown away, it is found in Git again, and is the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from functools import lru_cache
from itertools import groupby, repeat
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Final
from urllib.parse import quote

from prdgen.files.text import readable
from prdgen.flows import kept_facts
from prdgen.flows.clone import Clone
from prdgen.git import locks, page_steps
from prdgen.git import log as git_log
from prdgen.git.page_steps import Line, Step
from prdgen.git.repository import Repository
from prdgen.page import moved_anchors
from prdgen.page.anchor_trail import Anchors, Change, Trail
from prdgen.page.links import PAGE_ENDINGS
from prdgen.page.moved_anchors import Moves

WINDOW: Final = 10_000
"""Commits of a branch: an anchor that went earlier leads nowhere."""
_READ: Final = WINDOW + WINDOW // 4
"""Commits that are looked at where nothing is known; some more, for a branch that is put back."""
_SAVED_EVERY: Final = 100
_BRANCHES_KEPT: Final = 8
_NOTHING: Final = Moves({}, ())


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the line of one commit."""

    tip: str
    count: int
    """The number of `tip`."""
    floor: int | None
    """The changes of the commits above this number are known; None: of all."""
    changes: tuple[Change, ...]
    trail: Trail


@dataclass(slots=True)
class _Memory:
    """What one process knows of one clone."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    main: _Known | None = None
    saved: int | None = None
    """The number of the commit that was saved last."""
    others: OrderedDict[str, _Known] = field(default_factory=OrderedDict)
    """By branch."""


@lru_cache(maxsize=8)
def _memory(_: Path) -> _Memory:
    return _Memory()


def of(clone: Clone, branch: str, tip: str) -> Anchors:
    """In a thread: the anchors that lead on in the pages of `tip`, a commit of the branch: a function of
    the commits on its own line (the first parents), whatever was known before.
    """
    memory = _memory(clone.state_dir)
    with memory.lock:
        return _at(clone, memory, branch, tip).trail.anchors


def of_page(clone: Clone, branch: str, tip: str, page_path: str) -> Mapping[str, str]:
    """In a thread: those of one page. Nobody waits for whoever reads a long history for the first time:
    then none lead on yet.
    """
    memory = _memory(clone.state_dir)
    if not memory.lock.acquire(blocking=False):
        known = memory.main
        return known.trail.anchors.get(page_path, {}) if known else {}
    try:
        return _at(clone, memory, branch, tip).trail.anchors.get(page_path, {})
    finally:
        memory.lock.release()


def _at(clone: Clone, memory: _Memory, branch: str, tip: str) -> _Known:
    main = tip if branch == clone.main_branch else clone.repository.tip(clone.main_branch)
    if main is None:
        return _from_all(clone, tip)
    known = _of_main(clone, memory, main)
    if tip == main:
        return known
    held = memory.others.get(branch)
    if held is not None and held.tip == tip:
        return held
    found = _from(clone, held, tip) if held else None
    found = found or _from(clone, known, tip) or _from_all(clone, tip)
    memory.others[branch] = found
    memory.others.move_to_end(branch)
    if len(memory.others) > _BRANCHES_KEPT:
        memory.others.popitem(last=False)
    return found


def _of_main(clone: Clone, memory: _Memory, tip: str) -> _Known:
    if memory.main is None:
        memory.main = _loaded(clone)
        memory.saved = memory.main.count if memory.main else None
    known = memory.main
    if known is None or known.tip != tip:
        further = _from(clone, known, tip) if known else None
        if further is None:
            memory.saved = None
        memory.main = known = further or _from_all(clone, tip)
    if memory.saved is None or abs(known.count - memory.saved) >= _SAVED_EVERY:
        _save(clone, known)
        memory.saved = known.count
    return known


def _from_all(clone: Clone, tip: str) -> _Known:
    line = page_steps.since(clone.repository, None, tip, _is_page, limit=_READ)
    count = len(line.commits)
    changes = tuple(_changes(clone.repository, line, 0))
    trail = Trail().at(changes, after=count - WINDOW)
    return _Known(tip, count, None if count < _READ else 0, changes, trail)


def _from(clone: Clone, known: _Known, tip: str) -> _Known | None:
    """The same from what is known of another commit; None when that says too little."""
    repository = clone.repository
    if not git_log.has_commit(repository, known.tip):
        return None
    line = page_steps.since(repository, known.tip, tip, _is_page, limit=_READ)
    if len(line.commits) >= _READ or not line.base:
        return None
    back = page_steps.behind(repository, known.tip, line.base) if line.base != known.tip else 0
    if back is None:
        return None
    start = known.count - back
    count = start + len(line.commits)
    after = count - WINDOW
    if known.floor is not None and after < known.floor:
        return None
    old = known.changes
    if back:
        old = tuple(change for change in old if change.number <= start)
        trail = Trail().at(old, after=after)
    else:
        trail = known.trail
    new = tuple(_changes(repository, line, start))
    floor, changes = known.floor, old + new
    if count - (floor or 0) > 2 * WINDOW:
        floor = count - _READ
        changes = tuple(change for change in changes if change.number > floor)
    return _Known(tip, count, floor, changes, trail.at(new, after=after))


def _changes(repository: Repository, line: Line, start: int) -> list[Change]:
    """What the commits of the line did to anchors, numbered from `start` + 1."""
    steps = [(step.after, number, step) for number, some in enumerate(line.commits, start + 1)
             for step in some]  # fmt: skip
    # Page by page: texts that are much the same lie together in Git, and each is read once.
    steps.sort(key=itemgetter(0, 1))
    texts = _texts(repository, [step for _, _, step in steps])
    found = []
    for (_, number, step), (old, new) in zip(steps, texts, strict=True):
        moves = _NOTHING
        if moved_anchors.may_differ(old, new):
            moves = moved_anchors.between(readable(old), readable(new))
        if step.before != step.after or moves != _NOTHING:
            found.append(Change(number, step.before, step.after, moves.led, moves.taken))
    return sorted(found, key=attrgetter("number"))


def _texts(repository: Repository, steps: Sequence[Step]) -> Iterator[tuple[bytes, bytes]]:
    """The bytes before and after each of these steps."""
    names = [name for step in steps for name in (step.old, step.new)]
    row = [name for name, _ in groupby(names)]
    read = git_log.blobs(repository, row)
    each = (data for name, same in groupby(names) for data in repeat(next(read), len(list(same))))
    return zip(each, each, strict=True)


def _is_page(path: str) -> bool:
    return path.lower().endswith(tuple(PAGE_ENDINGS))


def _name(clone: Clone) -> str:
    return f"anchors-{quote(clone.main_branch, safe='')}.json"


def _stamp() -> list[int]:
    """What is kept was found so, or is not believed."""
    return [moved_anchors.VERSION, WINDOW]


def _save(clone: Clone, known: _Known) -> None:
    facts = asdict(known) | {"version": _stamp(), "changes": [astuple(c) for c in known.changes]}
    del facts["trail"]
    with locks.held(clone.repository, "anchors"):
        kept_facts.save(clone, _name(clone), facts)


def _loaded(clone: Clone) -> _Known | None:
    facts = kept_facts.load(clone, _name(clone))
    try:
        if facts["version"] != _stamp():
            return None
        floor = None if facts["floor"] is None else int(facts["floor"])
        count, changes = int(facts["count"]), tuple(Change(*each) for each in facts["changes"])
        trail = Trail().at(changes, after=count - WINDOW)
        return _Known(str(facts["tip"]), count, floor, changes, trail)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
