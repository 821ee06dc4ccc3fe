"""Why a connection is closed or an edit is not taken, with WebSocket close codes."""

from __future__ import annotations

from typing import ClassVar, Final

from prdgen.errors import PrdgenError

GOING_AWAY: Final = 1001
TRY_AGAIN_LATER: Final = 1013
_MAX_REASON_BYTES: Final = 123


class Refusal(PrdgenError):
    """Something a peer sent was not taken."""

    cure = "Load the page again; what you typed is kept in this browser and is sent again."
    status = 400
    close_code: ClassVar[int] = 4400
    """The code the peer's connection is closed with."""


class BadProtocol(Refusal):
    """Protocol error: {why}."""


class MessageTooLarge(Refusal):
    """A message of {got} bytes is over the limit of {expected}."""

    status = 413
    close_code = 4413


class PageTooLarge(Refusal):
    """The page would have {got} bytes, the limit is {expected}: shorten or split it."""

    cure = "Make it shorter or split the page, or edit it with Git; the text stays in this browser."
    status = 413
    close_code = 4413


class TooManyMessages(Refusal):
    """More than {expected} messages a second."""

    cure = "Send slower: at most one message per document every 100 ms is enough."
    status = 429
    close_code = 4429


class TooSlow(Refusal):
    """The connection did not take what was sent to it for {seconds} s."""

    cure = "The editor connects again by itself; check the network if it stays."
    status = 408
    close_code = 4408


class ChangeNotTaken(Refusal):
    """A change was refused: {why}."""

    status = 422
    close_code = 4422


class ActorRefused(Refusal):
    """The changes' actor belongs to someone else: {why}."""

    cure = "Load the page again; the editor then writes under a new actor."
    status = 403
    close_code = 4403


class TextTakenIn(Refusal):
    """A change reshaped the document; its text was taken in as an edit."""

    cure = "Load the page again: the text is there, the document keeps its own shape."
    status = 409
    close_code = 4409


class RoomClosed(PrdgenError):
    """The room of document {document} was closed: {why}."""

    cure = "Open the document again; what was stored is there."
    status = 503
    retryable = True


class Overtaken(PrdgenError):
    """Another process wrote document {document} while texts were merged for it."""

    cure = "What it wrote is read and the texts are merged again, by itself."
    retryable = True


class SequenceBroken(PrdgenError):
    """The store's changes of a document jump: expected number {expected}, got {got}."""

    cure = "The room is loaded again from the store by itself; report it if it stays."
    retryable = True


def close_reason(text: str) -> str:
    """`text` cut to what a WebSocket close frame can carry (123 bytes of UTF-8)."""
    data = text.encode()
    if len(data) <= _MAX_REASON_BYTES:
        return text
    return data[: _MAX_REASON_BYTES - 3].decode("utf-8", "ignore") + "…"
