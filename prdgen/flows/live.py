"""A live document on the process that leases it: its row, its room, and who wrote which line."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from prdgen.crdt.replica import Change, Replica
from prdgen.merge.authorship import Authorship
from prdgen.store.documents import Document
from prdgen.sync.peer import Peer
from prdgen.sync.room import Room

Heads = tuple[bytes, ...]
COMMIT = "commit"
"""Origin of changes that bring what the branch's tip has."""
_NOBODY = (None, "")
_WRITTEN_KEPT = 512
_LOOKED_AT = 2000
_RECENT_KEPT = 24
_TAKEN_KEPT = 16
_PACE, _SLOWEST_SECONDS = 3, 0.8
"""While people type on, their file is written this many times as rarely, but within a second."""
RECENT_SECONDS = 10.0
"""So long after it was typed a text may be missing in a save without having been deleted there."""
_BEHIND_SECONDS = 5.0
"""A file may have gone back to the tip (stash, checkout) just before the tip moved."""


def content_hash(text: str) -> str:
    """SHA-256 (hex) of a document's text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Gone:
    """The page, or its whole branch, was deleted under its writers."""

    tip: str | None
    """The branch's tip without the page; None: there is no such branch any more."""
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One of our writes into the file: when (monotonic), over which text, and which."""

    at: float
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Taken:
    """An outside text that was taken in: what it was made from, and the heads that have all of it."""

    base: str
    text: str
    heads: Heads


@dataclass(slots=True, eq=False)
class Live:
    """The lease holder's knowledge of one document. `lock` puts file, commit and pull in a row."""

    document: Document
    room: Room
    fence: int
    authorship: Authorship
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    written: OrderedDict[str, Heads] = field(default_factory=OrderedDict)
    """Hashes of texts this process wrote since the branch's tip, with their heads."""
    old_tips: dict[str, tuple[float, Heads]] = field(default_factory=dict)
    """Hashes of the texts the branch's tip had until lately: when it moved on, and their heads."""
    overlooked: str | None = None
    """The branch's text before a commit took out what its author never had; until we commit again."""
    taken: deque[Taken] = field(default_factory=lambda: deque(maxlen=_TAKEN_KEPT))
    """The newest saves and commits that were taken in (see `taken`)."""
    put_away: str | None = None
    """What the file had before it went back to the branch's text (`git stash`); until we commit."""
    recent: deque[Step] = field(default_factory=lambda: deque(maxlen=_RECENT_KEPT))
    """What we wrote into the file lately: a save may have been made before."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    dirty_since: float | None = None
    last_change: float = 0.0
    wrote_at: float = float("-inf")
    """When the file was last written because it was due."""
    left: bool = False
    """Whether everybody has left, so that the text is committed without waiting for quiet."""
    uncommitted: bool = False
    paused: str | None = None
    """Why the file is not written now, in words for the person."""
    half_merged: bool = False
    """Whether Git had something under way here that may leave two versions in the file, and has
    left nothing else in it since (see `half_merged`)."""
    look_due: bool = False
    """Whether somebody waits for the lock to look what changed outside."""
    not_taken: str | None = None
    """Why the newest look at file and branch took nothing in, as it was logged."""
    restored: bool = False
    """Whether a person's version brought the page back, and its file is not there yet."""
    shut: str | None = None
    """Why nobody can edit the page as the branch's tip has it."""
    gone: Gone | None = None
    """Then nothing is written or committed until a person saves a version, which restores it."""
    refused: str | None = None
    """Output of a commit hook that refused this text, until the text changes."""
    told_at: float = float("-inf")
    """When `content.changed` was last recorded for typed text."""
    over: bool = False
    """Whether this document was retired: the page goes on in the one that follows."""
    wanted: bool = False
    """Whether another server asks for the lease."""
    released: bool = False
    """Whether this process does not keep the document any more."""
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at the end: whoever waits for a displaced file looks at once."""
    trailing: set[asyncio.Task[None]] = field(default_factory=set)
    """Looks at displaced files that are still to be done."""

    @property
    def id(self) -> UUID:
        """The document's id."""
        return self.document.id

    @property
    def branch(self) -> str:
        """The document's branch."""
        return self.document.branch

    @property
    def page_path(self) -> str:
        """The document's page."""
        return self.document.page_path

    @property
    def kept(self) -> bool:
        """Whether this process still writes the page by this document."""
        return not (self.over or self.released)

    def file_due(self, seconds: float) -> float:
        """When the file is to be written: `seconds` after someone began to type, and at a slower
        pace while they go on.
        """
        pace = max(seconds, min(_PACE * seconds, _SLOWEST_SECONDS))
        return max((self.dirty_since or 0.0) + seconds, self.wrote_at + pace)

    def remember(self, text: str, heads: Heads) -> None:
        """Note that `text` left the document at `heads`, so that meeting it again is no news."""
        digest = content_hash(text)
        self.written[digest] = heads
        self.written.move_to_end(digest)
        while len(self.written) > _WRITTEN_KEPT:
            self.written.popitem(last=False)

    def took(self, base: str, theirs: str) -> None:
        """Note that by now the document has everything of a text that was made from `base`."""
        self.taken.append(Taken(base, theirs, self.room.heads))

    def wrote(self, old: str, new: str) -> None:
        """Note that we wrote `new` into the file in the place of `old`."""
        same = self.recent[-1].new if self.recent and self.recent[-1].new == old else old
        self.recent.append(Step(time.monotonic(), same, new))

    def lately_written(self) -> list[Step]:
        """What we wrote within the last seconds, oldest first."""
        oldest = time.monotonic() - RECENT_SECONDS
        return [step for step in self.recent if step.at >= oldest]

    def leave_tip(self, digest: str | None, heads: Heads) -> None:
        """Note that the branch's tip, agreed on at `heads`, has another text from now on."""
        now = time.monotonic()
        kept = {old: tip for old, tip in self.old_tips.items() if now - tip[0] < _BEHIND_SECONDS}
        self.old_tips = kept | ({digest: (now, heads)} if digest else {})

    def met(self, digest: str) -> Heads | None:
        """The heads at which the document had the text with this hash, when it was about to be
        written or was, or is the branch's: a file that has it brings nothing. None: it is news.
        """
        row = self.document
        for known, heads in ((row.intent_hash, row.intent_heads), (row.tip_hash, row.tip_heads)):
            if digest == known and heads:
                return heads
        return self.written.get(digest) or self.behind(digest)

    def behind(self, digest: str) -> Heads | None:
        """The heads of the tip as it was a moment ago, when a file with this text only went back to
        it; None: it did something else.
        """
        at, heads = self.old_tips.get(digest, (float("-inf"), None))
        return heads if time.monotonic() - at < _BEHIND_SECONDS else None

    def forget_before(self, digest: str) -> None:
        """The branch's tip has this text now: going back to an older one is news again."""
        while self.written and digest in self.written:
            if self.written.popitem(last=False)[0] == digest:
                return


def file_path(tree: Path, page_path: str) -> Path:
    """Where a page lies in a working tree."""
    return tree.joinpath(*page_path.split("/"))


def frontier(heads: Iterable[bytes], change: Change) -> set[bytes]:
    """The heads after `change` is added to a history whose heads are `heads`."""
    return (set(heads) - set(change.deps)) | {change.hash}


def heads_with_text(replica: Replica, since: Heads, text: str) -> Heads | None:
    """The heads, at or after `since`, at which the document read exactly `text`; None if never,
    or too long ago to be looked for.

    Walks the changes in the order of their delivery, as the file writer did.
    """
    heads: set[bytes] = set(since)
    if replica.text(tuple(sorted(heads))) == text:
        return since
    for change in replica.changes_since(since)[:_LOOKED_AT]:
        heads = frontier(heads, change)
        now = tuple(sorted(heads))
        if replica.text(now) == text:
            return now
    return None


Writers = Mapping[bytes, tuple[UUID | None, str]]
"""Of stored changes by their hash: the person, and the origin."""


def follow_authors(replica: Replica, since: Heads, base_text: str, writers: Writers) -> Authorship:
    """Who wrote which line since `since`: the stored changes replayed, grouped by person."""
    authorship = Authorship.start(base_text)
    changes: Sequence[Change] = replica.changes_since(since)
    heads: set[bytes] = set(since)
    for index, change in enumerate(changes):
        heads = frontier(heads, change)
        person, origin = writers.get(change.hash, _NOBODY)
        following = changes[index + 1] if index + 1 < len(changes) else None
        if following is None or writers.get(following.hash, _NOBODY) != (person, origin):
            text = replica.text(tuple(sorted(heads)))
            authorship.advance(text, person, from_tip=origin == COMMIT)
    return authorship


def has_another(room: Room, peer: Peer) -> bool:
    """Whether the person is in the page with another editor, too."""
    person = peer.who.person_id
    return person is not None and any(
        other is not peer and other.who.person_id == person for other in room.peers
    )
