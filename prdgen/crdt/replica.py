"""One live document in memory: `{ "content": Text }`, its history, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from automerge import core

from prdgen.crdt import actors, chunks, engine, following, guard, history, message
from prdgen.crdt.errors import (
    ChangeRefused,
    ChangeReshapes,
    EditRefused,
    EnginePanicked,
    NotADocument,
    UnknownHeads,
)
from prdgen.crdt.graph import Graph
from prdgen.crdt.leb import Malformed
from prdgen.crdt.splices import Splice, SpliceLike, encoded, ordered

Heads = tuple[bytes, ...]
SEED_VERSION = b"prdgen seed 1\0"
SUCCESSOR = "successor"
_MOST_FOLLOWED = 64
"""Changes in a row that are applied one by one, and the text followed."""


class Change(NamedTuple):
    """One change of a document; `data` is its raw chunk."""

    hash: bytes
    actor: bytes
    seq: int
    deps: Heads
    data: bytes


_SUMMARIES: Final = 16
"""Summaries of one state that are kept: peers that know the same are told the same."""


class Replica:
    """An Automerge document with a text at `content`.

    After EnginePanicked from any method the replica is suspect: throw it away and load again.
    Every other error leaves it as it was.
    """

    def __init__(self, document: core.Document) -> None:
        self.document = document
        self.content_name = engine.content_of(document)
        self.content = engine.object_id(self.content_name)
        self.history = history.History(self.content)
        self.knows: Callable[[bytes], bool] = self.history.known
        """Whether the change with this hash is part of this document."""
        self.heads: Heads = ()
        self._graph: Graph[Change] = Graph()
        self._stored_waiting: dict[bytes, guard.Checked] = {}
        self._saved: tuple[Heads, bytes] | None = None
        self._text: tuple[Heads, str] | None = None
        self._told: tuple[Heads, dict[Heads, message.Have], message.Message | None, bytes]
        self._told = (), {}, None, b""
        """What peers were told at these heads: summaries, and the last message. They are told alike."""
        self._follower = following.Follower(document, self.content_name)
        self._take_in(())

    @classmethod
    def seed(cls, text: str) -> Replica:
        """A new document with `text`; the same text gives the same heads in every process."""
        data = encoded(text)
        actor = hashlib.sha256(SEED_VERSION + data).digest()[: actors.BYTES]
        document = core.Document(actor_id=actor)
        with document.transaction() as transaction:
            name = transaction.put_object(core.ROOT, engine.CONTENT, core.ObjType.Text)
            for index, letter in enumerate(text):
                transaction.insert(name, index, core.ScalarType.Str, letter)
        document.set_actor(core.random_actor_id())
        return cls(document)

    @classmethod
    def load(cls, snapshot: bytes, changes: Iterable[bytes] = ()) -> Replica:
        """The document the store holds: what `save` gave, and raw changes since then.

        Changes whose dependencies are missing are named by `waiting`. Raises NotADocument.
        """
        replica = cls(engine.load(snapshot))
        try:
            replica.apply(changes, stored=True)
        except (ChangeRefused, EnginePanicked) as error:
            raise NotADocument(why=error.message) from error
        return replica

    def save(self) -> bytes:
        """The whole document with its history, for `load` or any Automerge."""
        if self._saved is None or self._saved[0] != self.heads:
            with engine.suspect():
                self._saved = self.heads, self.document.save()
        return self._saved[1]

    def text(self, heads: Heads | None = None) -> str:
        """The text now, or at `heads`; raises UnknownHeads."""
        if heads is not None and heads != self.heads:
            self._check_known(heads)
            return engine.text(self.document, self.content_name, list(heads))
        if self._text is None or self._text[0] != self.heads:
            self._text = self.heads, engine.text(self.document, self.content_name)
        return self._text[1]

    def letters(self, heads: Heads) -> list[bytes]:
        """The engine's name of each letter of the text at `heads`, which a letter keeps; raises UnknownHeads."""
        self._check_known(heads)
        return engine.letters(self.document, self.content_name, list(heads))

    @property
    def waiting(self) -> frozenset[bytes]:
        """Changes given to `apply` that are not in the text: what they build on is missing."""
        return frozenset(waiting for waiting in self._stored_waiting if not self.knows(waiting))

    def changes_since(self, heads: Heads = ()) -> list[Change]:
        """The changes that are not part of `heads`, each after those it builds on."""
        self._check_known(heads)
        return self._graph.beyond(heads, self.heads)

    def missing_from(self, heads: Heads) -> set[bytes]:
        """The hashes of all changes that are neither in `heads` nor built upon by them."""
        return {change.hash for change in self.changes_since(heads)}

    def summary(self, heads: Heads) -> message.Have:
        """What this side has, for a peer: everything up to `heads`, and a filter of what came since."""
        if self._told[0] != self.heads:
            self._told = self.heads, {}, None, b""
        found = self._told[1].get(heads)
        if found is None:
            if len(self._told[1]) >= _SUMMARIES:
                self._told[1].clear()  # A peer can say any heads that there ever were.
            found = message.Have(heads, message.bloom_of(self.missing_from(heads)))
            self._told[1][heads] = found
        return found

    def encoded(self, told: message.Message) -> bytes:
        """A message for a peer in bytes; the same for the next peer is worked out already."""
        heads, summaries, last, data = self._told
        if last is None or last != told:
            data = message.encode(told)
            self._told = heads, summaries, told, data
        return data

    def apply(
        self,
        changes: Iterable[bytes],
        *,
        limits: guard.Limits = guard.DEFAULT,
        stored: bool = False,
    ) -> list[Change]:
        """Take in raw changes; those that were new come back, each after those it builds on.

        Changes that build on unknown ones wait (see `waiting`) and come in with a later call.
        From outside they are held to `limits` and to the shape: ChangeRefused, ChangeReshapes.
        `stored` ones were let in before, here or by another process, and are not judged again.
        """
        given = list(changes)
        try:
            found = [
                chunk
                for chunk in (_stored(given) if stored else guard.read(given, limits))
                if chunk.hash not in self.history
            ]
            if stored:
                checked = [history.trusted(chunk) for chunk in found]
            else:
                checked = [guard.check_change(chunk, limits, self.content) for chunk in found]
        except Malformed as error:
            raise ChangeRefused(why=str(error)) from error
        new, waiting = self.admit(
            [*self._stored_waiting.values(), *checked], limits=limits, stored=stored
        )
        self._stored_waiting = waiting
        return new

    def admit(
        self,
        changes: Iterable[guard.Checked],
        *,
        limits: guard.Limits = guard.DEFAULT,
        stored: bool = False,
    ) -> tuple[list[Change], dict[bytes, guard.Checked]]:
        """Apply those of `changes` whose dependencies are here: (the new ones, the others)."""
        ready, waiting = self.history.sort(changes)
        if not stored:
            guard.check_total(waiting.values(), limits)
            guard.check_total(ready, limits)
        if not ready:
            return [], waiting
        before, text = self.heads, None
        if len(ready) > _MOST_FOLLOWED:
            decoded = engine.decode(change.body.data for change in ready)
            if not stored:
                self._judge(ready)
            engine.apply(self.document, decoded)
        else:
            one_by_one = [(change, engine.decode([change.body.data])) for change in ready]
            if not stored:
                self._judge(ready)
            known = self._text[1] if self._text and self._text[0] == before else None
            text = self._follower.apply(known, one_by_one)
        new = None if stored else self._take_in_judged(before, ready)
        if new is None:
            new = self._take_in(before, {} if stored else {c.body.hash: c for c in ready})
        self._text = None if text is None else (self.heads, text)
        if len(new) != len(ready):
            raise EnginePanicked(why=f"it took in {len(new)} changes out of {len(ready)}")
        return new, waiting

    def edit(
        self,
        splices: Sequence[SpliceLike],
        *,
        actor: bytes | None = None,
        at: Heads | None = None,
    ) -> list[Change]:
        """Edit the text as it was `at` some heads (now, when not given), as one change.

        Positions are code points of that text, all before any of the splices. The same
        splices by the same `actor` at the same heads are the same change, so a second time
        nothing comes back. Raises EditRefused and UnknownHeads.
        """
        heads = self.heads if at is None else tuple(sorted(at))
        last_first = ordered(splices, self._length(heads))
        if not last_first:
            return []
        if heads == self.heads:
            return self._edit_here(last_first, actor)
        return self._edit_fork(last_first, actor or core.random_actor_id(), heads)

    def write_successor(self, url: str) -> list[Change]:
        """The document's last change: names the document that follows. Only the server does it."""
        # A text, as Automerge's own clients write strings: a scalar is no string to them.
        before = self.heads
        with engine.suspect(), self.document.transaction() as transaction:
            name = transaction.put_object(core.ROOT, SUCCESSOR, core.ObjType.Text)
            for index, letter in enumerate(url):
                transaction.insert(name, index, core.ScalarType.Str, letter)
        return self._take_in(before)

    def successor(self) -> str | None:
        """The document that follows this one, when it was retired."""
        found = self.document.get(core.ROOT, SUCCESSOR)
        if found is None or not isinstance(found[1], bytes):
            return None
        return self.document.text(found[1])

    def fork(self, heads: Heads | None = None) -> Replica:
        """A replica of its own, now or at `heads`; raises UnknownHeads."""
        if heads is not None:
            self._check_known(heads)
        return Replica(engine.fork(self.document, heads))

    def _length(self, heads: Heads) -> int:
        self._check_known(heads)
        at = None if heads == self.heads else list(heads)
        with engine.suspect():
            return self.document.length(self.content_name, at)

    def _edit_here(self, splices: list[Splice], actor: bytes | None) -> list[Change]:
        # Without a fork: the change is the same, byte for byte, and a fork costs milliseconds.
        before, usual = self.heads, self.document.get_actor()
        with engine.suspect():
            if actor is not None:
                self.document.set_actor(actor)
            engine.write_text(self.document, self.content_name, splices)
            self.document.set_actor(usual)
        return self._take_in(before)

    def _edit_fork(self, splices: list[Splice], actor: bytes, heads: Heads) -> list[Change]:
        fork = engine.fork(self.document, heads)
        fork.set_actor(actor)
        with engine.suspect():
            engine.write_text(fork, self.content_name, splices)
            made = [bytes(change.raw_bytes) for change in fork.get_changes(list(heads))]
        checked = [
            history.trusted(chunk) for data in made for chunk in chunks.split(data, len(data))
        ]
        if any(not self.history.continues(change) for change in checked):
            raise EditRefused(why="its actor has already made another change there")
        return self.admit(checked, stored=True)[0]

    def _take_in(
        self, before: Heads, judged: Mapping[bytes, guard.Checked] = MappingProxyType({})
    ) -> list[Change]:
        """Learn what the engine has beyond `before`; some of it was `judged`."""
        with engine.suspect():
            found = self.document.get_changes(list(before))
            self.heads = tuple(sorted(self.document.get_heads()))
        new: list[Change] = []
        for each in found:
            if each.hash in self.history:
                continue
            change = _change(each)
            new.append(change)
            self._graph.add(change)
            checked = judged.get(change.hash)
            self.history.add(history.entry(checked) if checked else _entry(change, each))
        return new

    def _take_in_judged(self, before: Heads, ready: list[guard.Checked]) -> list[Change] | None:
        """Learn what was just applied, when the engine has just that: its heads say so. None:
        ask it for the changes, as it also has to be for those that came compressed.
        """
        heads = set(before)
        for checked in ready:
            heads.difference_update(checked.body.deps)
            heads.add(checked.body.hash)
        with engine.suspect():
            found = tuple(sorted(self.document.get_heads()))
        if found != tuple(sorted(heads)) or not all(chunks.is_plain(c.body.data) for c in ready):
            return None
        self.heads = found
        new = [Change(b.hash, b.actor, b.seq, b.deps, b.data) for b in (c.body for c in ready)]
        for change, checked in zip(new, ready, strict=True):
            self._graph.add(change)
            self.history.add(history.entry(checked))
        return new

    def _judge(self, ready: list[guard.Checked]) -> None:
        """Hold changes from outside against the history; raises ChangeRefused, ChangeReshapes."""
        reason = next((change.reshapes for change in ready if change.reshapes), None)
        if reason is None:
            document = self.document
            self.history.check(ready, lambda old, new: engine.is_ancestor(document, old, new))
            return
        text = engine.text_with(self.document, (change.body.data for change in ready))
        if text is not None:
            text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        known = {dep for c in ready for dep in c.body.deps if self.knows(dep)}
        raise ChangeReshapes(why=reason, text=text, deps=tuple(sorted(known)))

    def _check_known(self, heads: Heads) -> None:
        unknown = [head.hex() for head in heads if head not in self.history]
        if unknown:
            raise UnknownHeads(heads=", ".join(unknown))


def _change(found: core.Change) -> Change:
    return Change(found.hash, found.actor_id, found.seq, tuple(found.deps), bytes(found.raw_bytes))


def _entry(change: Change, found: core.Change) -> history.Entry:
    return history.Entry(
        change.hash, change.actor, change.seq, found.start_op, found.max_op, change.data
    )


def _stored(items: Iterable[bytes]) -> Iterator[chunks.Chunk]:
    return (chunk for data in items for chunk in chunks.split(data, chunks.INFLATE_STORED))
