"""automerge-repo's network protocol, version 1: what travels over one WebSocket, as CBOR.

The types and keys are those of npm `@automerge/automerge-repo` 2.5 and
`@automerge/automerge-repo-network-websocket`. Document ids stay as the protocol writes them;
`prdgen.ids` knows what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import cbor2

from prdgen.crdt import cbor_scan, wire_sync
from prdgen.crdt.errors import BadMessage

PROTOCOL_VERSION: Final = "1"
_LONGEST_NAME = 512
_LONGEST_LIST = 1_000


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a peer says of itself when it joins."""

    storage_id: str | None = None
    """Names the peer's storage; stays the same over connections."""
    is_ephemeral: bool = True


@dataclass(frozen=True, slots=True)
class Join:
    """The client's first message."""

    sender_id: str
    versions: tuple[str, ...] = (PROTOCOL_VERSION,)
    metadata: Metadata = field(default_factory=Metadata)


@dataclass(frozen=True, slots=True)
class Peer:
    """The server's answer to Join."""

    sender_id: str
    target_id: str
    version: str = PROTOCOL_VERSION
    metadata: Metadata = field(default_factory=Metadata)


@dataclass(frozen=True, slots=True)
class Leave:
    """The sender is about to disconnect."""

    sender_id: str


@dataclass(frozen=True, slots=True)
class Sync:
    """One sync message about one document."""

    sender_id: str
    target_id: str
    document_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Request(Sync):
    """A first sync message, by a peer that wants Unavailable if there is no such document."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The sender does not have the document."""

    sender_id: str
    target_id: str
    document_id: str


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """Something live only, such as a cursor; `data` is CBOR of the application's own."""

    sender_id: str
    target_id: str
    document_id: str
    session_id: str
    count: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """The connection is about to be closed, and why."""

    message: str
    sender_id: str = ""
    target_id: str = ""


@dataclass(frozen=True, slots=True)
class RemoteSubscriptionChange:
    """Which storages' heads the sender wants to hear of."""

    sender_id: str
    target_id: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StorageHeads:
    """What one storage has of a document: heads in base58check, and when that was, in ms."""

    heads: tuple[str, ...]
    timestamp: int


@dataclass(frozen=True, slots=True)
class RemoteHeadsChanged:
    """The heads of storages the receiver has subscribed to, by storage id."""

    sender_id: str
    target_id: str
    document_id: str
    new_heads: Mapping[str, StorageHeads]


Message = (
    Join
    | Peer
    | Leave
    | Request
    | Sync
    | Unavailable
    | Ephemeral
    | ErrorMessage
    | RemoteSubscriptionChange
    | RemoteHeadsChanged
)


def decode(data: bytes) -> Message:
    """The message in `data`; raises BadMessage, and nothing else, whatever the bytes are."""
    found = wire_sync.fields(data)
    message = None if found is None else _sync(found)
    if message is not None:
        return message
    cbor_scan.check(data)
    try:
        content = cbor2.loads(data)
    except (cbor2.CBORDecodeError, ValueError, TypeError, RecursionError) as error:
        raise BadMessage(why=f"it is not CBOR: {error}") from error
    if not isinstance(content, dict):
        raise BadMessage(why="it is not a map")
    return _Fields(content).message()


class Reader:
    """Decodes the messages of one connection: nearly all of them begin alike."""

    def __init__(self) -> None:
        self._head = b""
        self._ends = ("", "", "")

    def decode(self, data: bytes) -> Message:
        """As `decode`."""
        if self._head and data.startswith(self._head):
            payload = wire_sync.behind(data, len(self._head))
            if payload is not None:
                return Sync(*self._ends, payload)
        message = decode(data)
        if type(message) is Sync:
            self._head = wire_sync.head_of(data, message.data)
            self._ends = message.sender_id, message.target_id, message.document_id
        return message


def _sync(found: dict[bytes, bytes]) -> Sync | None:
    """The sync message with these fields; None when it is another one, or not well formed."""
    if found[b"type"] != b"sync":
        return None
    try:
        sender, target = str(found[b"senderId"], "utf-8"), str(found[b"targetId"], "utf-8")
        document = str(found[b"documentId"], "utf-8")
    except UnicodeDecodeError:
        return None
    if max(len(sender), len(target), len(document)) > _LONGEST_NAME:
        return None
    return Sync(sender, target, document, found[b"data"])


def live_data(message: Ephemeral) -> Any:
    """What an application put into a live message; raises BadMessage, and nothing else."""
    cbor_scan.check(message.data)
    try:
        return cbor2.loads(message.data)
    except (cbor2.CBORDecodeError, ValueError, TypeError, RecursionError) as error:
        raise BadMessage(why=f"its data is not CBOR: {error}") from error


def encode(message: Message) -> bytes:
    """The bytes of `message`, as an automerge-repo client reads them."""
    if type(message) is Sync:
        head = sync_head(message.sender_id, message.target_id, message.document_id)
        return sync_with(head, message.data)
    content: dict[str, Any] = {"type": _TYPES[type(message)]}
    for attribute, key in _KEYS.items():
        value = getattr(message, attribute, None)
        if value is not None and value != "":
            content[key] = _plain(value)
    return cbor2.dumps(content)


def sync_head(sender_id: str, target_id: str, document_id: str) -> bytes:
    """What all sync messages between two ends about one document begin with."""
    return cbor2.dumps({
        "type": "sync", "senderId": sender_id, "targetId": target_id, "documentId": document_id,
        "data": b"",
    })[:-1]  # fmt: skip


def sync_with(head: bytes, data: bytes) -> bytes:
    """The sync message that begins with `head`."""
    return head + cbor2.dumps(data)


_TYPES: Final[dict[type, str]] = {
    Join: "join",
    Peer: "peer",
    Leave: "leave",
    Request: "request",
    Sync: "sync",
    Unavailable: "doc-unavailable",
    Ephemeral: "ephemeral",
    ErrorMessage: "error",
    RemoteSubscriptionChange: "remote-subscription-change",
    RemoteHeadsChanged: "remote-heads-changed",
}

_KEYS: Final = {
    "sender_id": "senderId",
    "target_id": "targetId",
    "document_id": "documentId",
    "session_id": "sessionId",
    "versions": "supportedProtocolVersions",
    "version": "selectedProtocolVersion",
    "metadata": "peerMetadata",
    "message": "message",
    "count": "count",
    "data": "data",
    "add": "add",
    "remove": "remove",
    "new_heads": "newHeads",
}


def _plain(value: Any) -> Any:
    if isinstance(value, Metadata):
        storage = {} if value.storage_id is None else {"storageId": value.storage_id}
        return {**storage, "isEphemeral": value.is_ephemeral}
    if isinstance(value, Mapping):
        return {
            # As a 64-bit integer cbor-x would read it as a BigInt, which Date and JSON refuse.
            storage: {"heads": list(state.heads), "timestamp": float(state.timestamp)}
            for storage, state in value.items()
        }
    return list(value) if isinstance(value, tuple) else value


class _Fields:
    """The keys of one message, taken out with their types checked."""

    def __init__(self, content: dict[Any, Any]) -> None:
        # cbor-x writes absent properties as `undefined`.
        self.content = {k: v for k, v in content.items() if v is not cbor2.undefined}

    def message(self) -> Message:
        kind = self.content.get("type")
        build = _BUILDERS.get(kind) if isinstance(kind, str) else None
        if build is None:
            raise BadMessage(why=f"its type is {str(kind)[:40]!r}")
        return build(self)

    def text(self, key: str, limit: int = _LONGEST_NAME) -> str:
        value = self.content.get(key)
        if not isinstance(value, str) or len(value) > limit:
            raise self._wrong(key, f"a string of at most {limit} letters", value)
        return value

    def data(self) -> bytes:
        value = self.content.get("data")
        if isinstance(value, cbor2.CBORTag) and value.tag == cbor_scan.BYTES_TAG:
            value = value.value
        if not isinstance(value, bytes):
            raise self._wrong("data", "bytes", value)
        return value

    def count(self, key: str) -> int:
        value = self.content.get(key)
        # cbor-x writes whole numbers of more than 32 bits as floats.
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 63:
            raise self._wrong(key, "a whole number", value)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.content.get(key, [])
        right = isinstance(value, list) and len(value) <= _LONGEST_LIST
        if not right or not all(isinstance(v, str) and len(v) <= _LONGEST_NAME for v in value):
            raise self._wrong(key, "a list of strings", value)
        return tuple(value)

    def metadata(self) -> Metadata:
        # The README calls the key `metadata`, the code writes `peerMetadata`.
        value = self.content.get("peerMetadata", self.content.get("metadata", {}))
        if not isinstance(value, dict):
            raise self._wrong("peerMetadata", "a map", value)
        fields = _Fields(value)
        storage = fields.content.get("storageId")
        is_ephemeral = fields.content.get("isEphemeral", True)
        if not isinstance(is_ephemeral, bool):
            raise self._wrong("isEphemeral", "true or false", is_ephemeral)
        return Metadata(None if storage is None else fields.text("storageId"), is_ephemeral)

    def new_heads(self) -> dict[str, StorageHeads]:
        value = self.content.get("newHeads")
        if not isinstance(value, dict) or len(value) > _LONGEST_LIST:
            raise self._wrong("newHeads", "a map", value)
        found: dict[str, StorageHeads] = {}
        for storage, state in value.items():
            if not isinstance(storage, str) or not isinstance(state, dict):
                raise self._wrong("newHeads", "a map of maps", value)
            fields = _Fields(state)
            found[storage] = StorageHeads(fields.texts("heads"), fields.count("timestamp"))
        return found

    def ends(self) -> tuple[str, str]:
        return self.text("senderId"), self.text("targetId")

    def about(self) -> tuple[str, str, str]:
        return (*self.ends(), self.text("documentId"))

    @staticmethod
    def _wrong(key: str, expected: str, got: object) -> BadMessage:
        return BadMessage(why=f"{key}: expected {expected}, got {type(got).__name__}")


def _join(fields: _Fields) -> Join:
    versions = fields.texts("supportedProtocolVersions") or (PROTOCOL_VERSION,)
    return Join(fields.text("senderId"), versions, fields.metadata())


def _error(fields: _Fields) -> ErrorMessage:
    ends = [fields.text(k) if k in fields.content else "" for k in ("senderId", "targetId")]
    return ErrorMessage(fields.text("message", 4096), *ends)


def _ephemeral(fields: _Fields) -> Ephemeral:
    count = fields.count("count")
    return Ephemeral(*fields.about(), fields.text("sessionId"), count, fields.data())


_BUILDERS: Final[dict[str, Callable[[_Fields], Message]]] = {
    "join": _join,
    "peer": lambda f: Peer(*f.ends(), f.text("selectedProtocolVersion"), f.metadata()),
    "leave": lambda f: Leave(f.text("senderId")),
    "request": lambda f: Request(*f.about(), f.data()),
    "sync": lambda f: Sync(*f.about(), f.data()),
    "doc-unavailable": lambda f: Unavailable(*f.about()),
    "ephemeral": _ephemeral,
    "error": _error,
    "remote-subscription-change": lambda f: RemoteSubscriptionChange(
        *f.ends(), f.texts("add"), f.texts("remove")
    ),
    "remote-heads-changed": lambda f: RemoteHeadsChanged(*f.about(), f.new_heads()),
}
