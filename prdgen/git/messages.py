"""What a commit says, read as Git reads it whatever encoding it claims: nothing in one stops a reader."""

from __future__ import annotations

import codecs
from typing import Final

import pygit2

from prdgen.git.values import Signature

_OF_PYTHON: Final = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)
"""What Python alone calls encodings."""


def of(commit: pygit2.Commit) -> str:
    """The message, without empty lines above it."""
    return _read(commit.raw_message, commit.message_encoding).lstrip("\n")


def author(commit: pygit2.Commit) -> Signature:
    """Who wrote it."""
    return _person(commit.author, commit.message_encoding)


def committer(commit: pygit2.Commit) -> Signature:
    """Who committed it."""
    return _person(commit.committer, commit.message_encoding)


def _person(said: pygit2.Signature, encoding: str | None) -> Signature:
    return Signature(_read(said.raw_name, encoding), _read(said.raw_email, encoding))


def _read(raw: bytes, encoding: str | None) -> str:
    """Text in the encoding that the commit claims; in UTF-8 where it claims none or a wrong one."""
    try:
        known = codecs.lookup(encoding or "utf-8").name
        if known not in _OF_PYTHON:
            return raw.decode(known)
    except (LookupError, UnicodeError):
        pass  # As Git: then it is what it is.
    return raw.decode("utf-8", "replace")
