"""Actors of the changes that servers make: a hash of what is done where, so that those who do the same make one change.

What they begin with says which they are: nobody types in their letters, and no file was written between a cold
intake and its correction (see `sync.cold`).
"""

from __future__ import annotations

from typing import Final

BYTES: Final = 16
INTAKE: Final = b"prdi"
CORRECTION: Final = b"prdc"
_LETTER_HEAD: Final = 2
"""Bytes of a letter's name before its actor."""


def made(kind: bytes, digest: bytes) -> bytes:
    """The actor of one kind of change, told apart by a digest of at least 12 bytes."""
    return kind + digest[: BYTES - len(kind)]


def is_intake(actor: bytes) -> bool:
    """Whether a server took text in from outside under it."""
    return actor.startswith(INTAKE)


def is_correction(actor: bytes) -> bool:
    """Whether a server merged texts under it that a document had both."""
    return actor.startswith(CORRECTION)


def of_letter(name: bytes) -> bytes:
    """The actor that wrote a letter, which the engine names by a byte, the actor's length, the actor, and a number."""
    return name[_LETTER_HEAD : _LETTER_HEAD + name[1]]
