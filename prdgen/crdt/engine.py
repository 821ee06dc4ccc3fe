"""The edge to the Automerge engine: its errors and panics become ours here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Final

from automerge import core

from prdgen.crdt import leb, message
from prdgen.crdt.errors import ChangeRefused, EnginePanicked, NotADocument, UnknownHeads
from prdgen.crdt.guard import ObjectId

CONTENT = "content"
_PANIC = "PanicException"


def is_panic(error: BaseException) -> bool:
    """Whether the engine panicked: such errors are no `Exception`s, and have no module to import."""
    return type(error).__name__ == _PANIC


class _Suspect:
    """A plain class, since it is entered for everything that is asked of the engine."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and (isinstance(error, Exception) or is_panic(error)):
            raise EnginePanicked(why=str(error)) from error


_SUSPECT: Final = _Suspect()


def suspect() -> _Suspect:
    """Work on a document that cannot be trusted after *any* failure: all are EnginePanicked."""
    return _SUSPECT


def load(data: bytes) -> core.Document:
    """The document in a stream of chunks; raises NotADocument."""
    try:
        return core.Document.load(data)
    except BaseException as error:
        if isinstance(error, Exception) or is_panic(error):
            raise NotADocument(why=str(error)) from error
        raise


def decode(changes: Iterable[bytes]) -> core.Message:
    """The engine's own decoding of changes, away from any document; raises ChangeRefused.

    The engine has no call to apply changes, so they travel in a sync message.
    """
    data = message.encode(message.Message(heads=(), changes=tuple(changes)))
    try:
        return core.Message.decode(data)
    except BaseException as error:
        if isinstance(error, Exception) or is_panic(error):
            raise ChangeRefused(why=str(error)) from error
        raise


def apply(document: core.Document, decoded: core.Message) -> None:
    """Put decoded changes into `document`; after EnginePanicked it must be thrown away."""
    with suspect():
        document.receive_sync_message(core.SyncState(), decoded)


def text(document: core.Document, content: bytes, heads: list[bytes] | None = None) -> str:
    """The letters of the Text `content`, now or at `heads`."""
    with suspect():
        return document.text(content, heads)


def letters(document: core.Document, content: bytes, heads: list[bytes]) -> list[bytes]:
    """The name of each letter of the Text `content` at `heads`."""
    with suspect():
        return [name for _, name in document.values(content, heads)]


def fork(document: core.Document, heads: tuple[bytes, ...] | None = None) -> core.Document:
    """A copy of `document`, at `heads`."""
    try:
        return document.fork(None if heads is None else list(heads))
    except BaseException as error:
        if isinstance(error, Exception) or is_panic(error):
            raise UnknownHeads(heads=[head.hex() for head in heads or ()]) from error
        raise


def content_of(document: core.Document) -> bytes:
    """The engine's name for the Text at `content`; raises NotADocument when there is none."""
    found = document.get(core.ROOT, CONTENT)
    if found is None or found[0] != core.ObjType.Text:
        raise NotADocument(why="it has no text at `content`")
    return found[1]


def object_id(name: bytes) -> ObjectId:
    """The operation that made the object the engine calls `name`: tag, actor, index, counter."""
    reader = leb.Reader(name, position=1)
    actor = reader.string(len(name))
    reader.number()
    return ObjectId(reader.number(), actor)


def is_ancestor(document: core.Document, change_hash: bytes, heads: Iterable[bytes]) -> bool:
    """Whether a change of the document is part of its version `heads`."""
    with suspect():
        later = document.get_changes(list(heads))
    return all(change.hash != change_hash for change in later)


def write_text(
    document: core.Document, content: bytes, splices: Iterable[tuple[int, int, str]]
) -> None:
    """One change that makes `splices` (position, deleted, inserted), the last position first."""
    with document.transaction() as transaction:
        for position, deleted, inserted in splices:
            for _ in range(deleted):
                transaction.delete(content, position)
            for index, letter in enumerate(inserted, position):
                transaction.insert(content, index, core.ScalarType.Str, letter)


def text_with(document: core.Document, changes: Iterable[bytes]) -> str | None:
    """The text `document` would have with `changes`, tried on a fork; None when it has none."""
    try:
        fork_ = fork(document)
        apply(fork_, decode(changes))
        with suspect():
            return _visible_text(fork_)
    except (ChangeRefused, EnginePanicked):
        return None


def _visible_text(document: core.Document) -> str | None:
    found = document.get(core.ROOT, CONTENT)
    if found is None:
        return None
    value, name = found
    if value == core.ObjType.Text:
        return document.text(name)
    if isinstance(value, tuple) and isinstance(value[1], str):
        return value[1]
    return None
