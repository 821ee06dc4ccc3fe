"""Names of things that must be the same in every process and after every loss: ids and paths."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final
from uuid import UUID, uuid5

from prdgen.errors import PrdgenError

NAMESPACE: Final = UUID("6f0b5d9e-6c0c-5a55-9f2e-0d6a1f6f3c11")
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MAX_PATH_BYTES: Final = 1024
MAX_NAME_BYTES: Final = 255


class BadPagePath(PrdgenError):
    """{got!r} is not a page path: {why}."""

    cure = "Give the page's path inside the repository, with `/`, like `docs/checkout.md`."
    status = 400
    exit_code = 2


class BadBranch(PrdgenError):
    """{got!r} is not a branch name: {why}."""

    cure = "Give a branch name as `git branch` prints it."
    status = 400
    exit_code = 2


class BadDocumentId(PrdgenError):
    """{got!r} is not a document id."""

    cure = "Open the page again; its address carries the right id."
    status = 400


def repository_id(root_commit: str) -> UUID:
    """The id of the repository whose first commit is `root_commit` (hex)."""
    return uuid5(NAMESPACE, f"repository\0{root_commit}")


def document_id(repository: UUID, branch: str, page_path: str, base_commit: str, n: int) -> UUID:
    """UUIDv5 (repository, branch, page_path, base commit, n); n counts re-use of the other four."""
    return uuid5(repository, "\0".join(("document", branch, page_path, base_commit, str(n))))


def person_id(email: str) -> UUID:
    """UUIDv5 of an address: the same person after the accounts were lost, so that what a browser
    keeps for them is found again.
    """
    return uuid5(NAMESPACE, f"person\0{email.strip().casefold()}")


def base58check(payload: bytes) -> str:
    """Base58Check (Bitcoin's alphabet, double SHA-256, 4 bytes): automerge-repo's document ids."""
    data = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def document_name(document: UUID) -> str:
    """The document's id as automerge-repo writes it, without the `automerge:` in front."""
    return base58check(document.bytes)


def parse_document_name(name: str) -> UUID:
    """The UUID in an automerge-repo document id; raises BadDocumentId."""
    number = 0
    if len(name) > 64:
        raise BadDocumentId(got=name[:64] + "…")
    for letter in name:
        digit = _BASE58.find(letter)
        if digit < 0:
            raise BadDocumentId(got=name)
        number = number * 58 + digit
    zeros = len(name) - len(name.lstrip("1"))
    data = b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
    payload, check = data[:-4], data[-4:]
    if len(payload) != 16 or hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4] != check:
        raise BadDocumentId(got=name)
    return UUID(bytes=payload)


def check_page_path(page_path: str) -> str:
    """`page_path` itself when a page of that name can be written; raises BadPagePath.

    Refused: what `check_path_to_read` refuses, backslashes, control characters, names not in NFC or
    too long for a disk.
    """
    if why := name_problem(check_path_to_read(page_path)):
        raise BadPagePath(got=page_path[:200], why=why)
    return page_path


def name_problem(page_path: str) -> str | None:
    """Why a page with this name can be read, but not written in together; None: it can.

    Such names are in repositories all the same: macOS used to write é as two characters.
    """
    if re.search(r"[\x00-\x1f\x7f\\]", page_path):
        return "it has a backslash or a control character"
    if unicodedata.normalize("NFC", page_path) != page_path:
        return "it is not in Unicode normal form C"
    if any(
        len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES for name in page_path.split("/")
    ):
        return f"a name in it is longer than {MAX_NAME_BYTES} bytes, which no disk takes"
    return None


def check_path_to_read(page_path: str) -> str:
    """`page_path` itself when it is a plain relative path with `/`; raises BadPagePath.

    Refused: empty, absolute, `.`/`..`/`.git` segments, NUL, line ends, and more than 1,024 bytes.
    """

    def refuse(why: str) -> BadPagePath:
        return BadPagePath(got=page_path[:200], why=why)

    if not page_path or page_path.startswith("/") or page_path.endswith("/"):
        raise refuse("it must be relative and name a file")
    if len(page_path.encode("utf-8", "surrogatepass")) > _MAX_PATH_BYTES:
        raise refuse(f"it is longer than {_MAX_PATH_BYTES} bytes")
    if re.search(r"[\x00\r\n\ud800-\udfff]", page_path):
        raise refuse("it has a backslash or a control character")
    for segment in page_path.split("/"):
        if segment in {"", ".", ".."} or segment.lower() == ".git":
            raise refuse(f"a segment is {segment!r}")
    return page_path


def check_branch(branch: str) -> str:
    """`branch` itself when `git check-ref-format --branch` would take it; raises BadBranch."""
    bad = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\.lock(/|$)|(^|/)\.", branch)
    if not branch or bad or branch[0] in "-/" or branch[-1] in "/." or branch == "@":
        raise BadBranch(got=branch[:200], why="Git would not accept it")
    return branch
