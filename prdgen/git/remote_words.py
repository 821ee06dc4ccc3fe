"""What Git says when a remote cannot be reached or refuses → an error that says what to do."""

from __future__ import annotations

import re
from typing import Final

from prdgen.git.errors import (
    BadObjects,
    RemoteAway,
    RemoteDenied,
    RemoteMissing,
    RemoteUnclear,
    RemoteUntrusted,
)
from prdgen.git.process import Done
from prdgen.git.remote_address import Reach

Failure = RemoteAway | RemoteDenied | RemoteMissing | RemoteUnclear | RemoteUntrusted | BadObjects
_LONGEST: Final = 500
_TELLING: Final = ("fatal:", "error:", "remote:", "ssh:")
_DENIED: Final = (
    "authentication failed", "could not read username", "could not read password",
    "permission denied", "returned error: 401", "returned error: 403", "access denied",
    "host key verification failed", "http basic: access denied",
)  # fmt: skip
_PROGRESS: Final = re.compile(
    r"(remote: *)?(((Enumerat|Count|Compress|Writ|Receiv|Unpack|Check)ing objects|Resolving deltas"
    r"|Checking connectivity|Updating files|Finding sources|Processing changes): +\d+"
    r"(% \(\d+/\d+\))?(, [\d.]+ [KMGi]*(bytes|B)( \| [\d.]+ [KMGi]*(bytes|B)/s)?)?(, done\.?|, completed with \d+ local objects?\.?)?"
    r"|Total \d+ \(delta \d+\), reused \d+ \(delta \d+\).*|Delta compression using up to \d+ threads?\.?) *"
)
"""What Git counts aloud, there and here."""
_MISSING: Final = (
    "returned error: 404", "repository not found", "does not appear to be a git repository",
    "project you were looking for could not be found", "no such remote", "' not found",
)  # fmt: skip
_UNTRUSTED: Final = (
    "certificate verification failed", "ssl certificate problem", "ssl: no alternative certificate",
    "certificate subject name", "certificate verify failed",
)  # fmt: skip
"""As curl says it, whichever library it was built with."""


def failure(reach: Reach, done: Done) -> Failure:
    """The error for a command that did not reach the remote, or was not let in."""
    words = done.complaint.lower()
    facts = {
        "what": "The remote", "where": reach.address, "got": brief(reach, done.complaint),
        "how": reach.how_to_get_in,
    }  # fmt: skip
    if "fsck error" in words:
        return BadObjects(**facts)
    if any(sign in words for sign in _UNTRUSTED):
        return RemoteUntrusted(**facts)
    if "matches more than one" in words:
        return RemoteUnclear(**facts)
    if any(sign in words for sign in _DENIED):
        return RemoteDenied(**facts)
    if any(sign in words for sign in _MISSING):
        return RemoteMissing(**facts)
    return RemoteAway(**facts)


def brief(reach: Reach, complaint: str) -> str:
    """Git's words for people: no secrets, no progress, the most telling lines."""
    lines = _lines(reach.without_secrets(complaint))
    found = dict.fromkeys(
        re.sub(r"^(fatal|error|remote):\s*", "", line).rstrip(".")
        for line in [line for line in lines if _is_telling(line)] or lines
        if line
    )
    shown = "; ".join(part for part in found if part) or "nothing"
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} …"


def _lines(complaint: str) -> list[str]:
    lines = [line.strip() for line in re.split(r"[\r\n]+", complaint)]
    return [line for line in lines if not _PROGRESS.fullmatch(line)]


def _is_telling(line: str) -> bool:
    """Git's own lines, and what ssh says of keys before Git's *could not read from remote repository*."""
    return line.startswith(_TELLING) or any(sign in line.lower() for sign in _DENIED)


def said(complaint: str) -> str:
    """Only the remote's own words (`remote: …`)."""
    lines = _lines(complaint)
    words = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    shown = " ".join(word for word in words if word)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} …"
