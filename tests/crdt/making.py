"""Documents, peers and forged changes for the tests of this room."""

from __future__ import annotations

from automerge import core

from prdgen.crdt import chunks, leb, operations
from prdgen.crdt.replica import Change, Replica
from prdgen.crdt.splices import Splice
from prdgen.crdt.sync import Session

ACTOR = b"\x07" * 16


def two(text: str = "# Title\n\nHello wörld 😀\n") -> tuple[Replica, Replica]:
    """Two replicas of one document."""
    one = Replica.seed(text)
    return one, Replica.load(one.save())


def typed(replica: Replica, position: int, text: str, delete: int = 0, **how) -> Change:
    """The change of one edit."""
    (change,) = replica.edit([Splice(position, delete, text)], **how)
    return change


def body_of(change: Change) -> chunks.ChangeBody:
    """A change taken apart, to be forged."""
    return body_of_data(change.data)


def body_of_data(data: bytes) -> chunks.ChangeBody:
    """A change's chunk taken apart."""
    (chunk,) = chunks.split(data, 1 << 24)
    return chunks.change(chunk)


def forged(
    body: chunks.ChangeBody, *, kind: int = chunks.CHANGE, tail: bytes = b"", **other
) -> bytes:
    """A chunk of `body` with some fields replaced, and the right checksum."""
    body = body._replace(**other)
    data = [
        leb.hashes(body.deps), leb.string(body.actor), leb.number(body.seq),
        leb.number(body.start_op), leb.signed(body.time), leb.string(body.message),
        leb.number(len(body.others)), *map(leb.string, body.others),
        leb.number(len(body.columns)),
    ]  # fmt: skip
    data += [leb.number(name) + leb.number(len(column)) for name, column in body.columns.items()]
    data += [*body.columns.values(), tail]
    return chunks.seal(kind, b"".join(data))


def forged_rows(body: chunks.ChangeBody, **columns) -> bytes:
    """A chunk in Automerge's own writing, with some columns' rows replaced."""
    size = operations.count(body)
    rows = operations.rows(body, size, operations.ANY)._replace(**columns)
    return chunks.seal(chunks.CHANGE, operations.encode(body, rows))


def million_inserts(replica: Replica) -> bytes:
    """A change of about a kilobyte that stands for 1,000,000 letters."""
    count = 1_000_000
    body = body_of(typed(Replica.load(replica.save()), 0, "ab"))
    run = leb.signed(count)
    columns = dict(body.columns)
    columns[operations.OBJECT_ACTOR] = run + columns[operations.OBJECT_ACTOR][-1:]
    columns[operations.OBJECT_COUNTER] = run + b"\1"
    columns[operations.KEY_ACTOR] = b"\0\1" + leb.signed(count - 1) + b"\0"
    start = leb.signed(body.start_op)
    columns[operations.KEY_COUNTER] = b"\x7e\0" + start + leb.signed(count - 2) + b"\1"
    columns[operations.INSERT] = b"\0" + leb.number(count)
    columns[operations.ACTION] = run + b"\1"
    columns[operations.VALUE_META] = run + b"\6"  # empty strings, so that no bytes are needed
    columns[operations.VALUE_RAW] = b""
    columns[operations.PRED] = run + b"\0"
    return forged(body, columns={name: data for name, data in columns.items() if data})


def talk(one: Session, replica: Replica, other: Session, peer: Replica, *, most: int = 50) -> int:
    """Let two sides talk until both are silent; how many messages that took."""
    for count in range(0, most, 2):
        message, answer = one.next_message(replica), None
        if message is not None:
            other.receive(peer, message)
        answer = other.next_message(peer)
        if answer is not None:
            one.receive(replica, answer)
        if message is None and answer is None:
            return count
    raise AssertionError(f"still talking after {most} messages")


class EnginePeer:
    """A client on Automerge's own engine and its own sync protocol."""

    def __init__(self, snapshot: bytes | None = None) -> None:
        self.document = core.Document.load(snapshot) if snapshot else core.Document()
        self.state = core.SyncState()

    def next_message(self) -> bytes | None:
        message = self.document.generate_sync_message(self.state)
        return None if message is None else bytes(message.encode())

    def receive(self, data: bytes) -> None:
        self.document.receive_sync_message(self.state, core.Message.decode(data))

    def content(self) -> bytes:
        return self.document.get(core.ROOT, "content")[1]

    def text(self) -> str:
        return self.document.text(self.content())

    def type(self, position: int, text: str) -> None:
        with self.document.transaction() as transaction:
            for index, letter in enumerate(text, position):
                transaction.insert(self.content(), index, core.ScalarType.Str, letter)

    def put(self, key: str, value: str) -> None:
        with self.document.transaction() as transaction:
            transaction.put(core.ROOT, key, core.ScalarType.Str, value)

    def heads(self) -> tuple[bytes, ...]:
        return tuple(sorted(self.document.get_heads()))


def serve(
    session: Session, replica: Replica, peer: EnginePeer, *, follower: bool = False, most: int = 40
) -> int:
    """Serve an engine peer until both are silent; how many messages that took."""
    for count in range(most):
        message = peer.next_message()
        if message is not None:
            session.receive(replica, message, follower=follower)
        answer = session.next_message(replica)
        if answer is not None:
            peer.receive(answer)
        if message is None and answer is None:
            return count
    raise AssertionError(f"still talking after {most} rounds")
