"""What can be wrong with a document, a change or a message from outside."""

from __future__ import annotations

from typing import Any

from prdgen.errors import PrdgenError


class NotADocument(PrdgenError):
    """These bytes are not a live document: {why}."""

    cure = "Drop the stored document; it is seeded again from the page in Git."
    status = 422


class EditRefused(PrdgenError):
    """The edit does not fit the document: {why}."""

    cure = "Work the edit out again from the document's text now; nothing was changed."
    status = 409


class UnknownHeads(PrdgenError):
    """The document has never had the version {heads}."""

    cure = "Send the changes up to that version first, or use a version the document has."
    status = 409


class SyncRefused(PrdgenError):
    """A sync message was refused: {why}."""

    cure = "Close that one connection; the peer keeps its text and synchronises again."
    status = 422


class ChangeRefused(SyncRefused):
    """A change from outside was refused: {why}."""

    cure = "Close that one connection; the peer keeps its text and synchronises again."
    status = 422


class TooManyOperations(ChangeRefused):
    """A change from outside holds {got} operations, over the limit of {limit}."""

    cure = "Send the text in smaller pieces, or raise the setting `operations_limit`."
    status = 413


class ChangeReshapes(ChangeRefused):
    """A change from outside does more than edit the text: {why}."""

    cure = "Take its text in as an edit; only `content` lives in a document."
    status = 422

    def __init__(self, *, text: str | None, deps: tuple[bytes, ...], **facts: Any) -> None:
        super().__init__(**facts)
        self.text = text
        """The text the document would have had, LF only; None when there would be none."""
        self.deps = deps
        """The version the text is an edit of: everything the refused changes build on that
        the document has."""


class EnginePanicked(PrdgenError):
    """The document engine failed inside: {why}."""

    cure = "Throw this replica away and load the document again from the store."
    retryable = True


class BadMessage(PrdgenError):
    """This is not a message of the sync protocol: {why}."""

    cure = "Close the connection; use a client that speaks automerge-repo's protocol 1."
    status = 400
