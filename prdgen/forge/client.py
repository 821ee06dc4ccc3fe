"""One forge's HTTP interface: time limits, tries, pages, ETags, and errors that say what to do."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from prdgen import holdable
from prdgen.errors import PrdgenError
from prdgen.forge.errors import (
    ForgeAway,
    ForgeBusy,
    ForgeConflict,
    ForgeDenied,
    ForgeForbids,
    ForgeGarbled,
    ForgeMissing,
    ForgeRefuses,
    ForgeUntrusted,
)
from prdgen.http import asking
from prdgen.http.asking import Answer, Http, NoAnswer, TooMuch

log = logging.getLogger(__name__)
Answers = dict[str, tuple[str, Any, str]]
"""What the forge said last: address → ETag, answer, address of the next page."""
_TRIES: Final = 3
_PATIENCE_SECONDS: Final = 5.0
"""Longer pauses that a forge asks for are made between runs, not within one."""
_UNSAID_SECONDS: Final = 60.0
_LIMIT: Final = 33_554_432
_PAGES: Final = 50
_FULL: Final = 20
"""The fewest items that a page of any forge has when there is a next one."""
_MOST_ANSWERS: Final = 2_000
_LONGEST: Final = 400


@dataclass(frozen=True, slots=True)
class Access:
    """How a forge is asked."""

    api: str
    where: str
    """The project as errors name it."""
    rights: str
    """The token's rights that prdgen needs, in the forge's words."""
    headers: Mapping[str, str]
    token: str
    seconds: float


class Client:
    """Asks one forge. Close it with `close`."""

    def __init__(self, access: Access, answers: Answers) -> None:
        self._access, self._answers = access, answers
        self._http = Http(
            access.headers, access.seconds, whole_seconds=4 * access.seconds, limit=_LIMIT
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()

    async def get(self, path: str, what: str, **query: object) -> Any:
        """One answer as JSON; asked with the ETag of the last one."""
        found, _ = await self._get(self._address(path, query), what)
        return found

    async def get_all(self, path: str, what: str, **query: object) -> list[Any]:
        """Every item of a list that comes in pages."""
        address: str | None = self._address(path, {"per_page": 100, "limit": 100, **query})
        items: list[Any] = []
        for _ in range(_PAGES):
            if not address:
                return items
            found, address = await self._get(address, what, len(items))
            if not isinstance(found, list):
                raise self._garbled(what, f"expected a list, got {type(found).__name__}")
            items += found
        log.warning("%s: more than %d pages to %s", self._access.where, _PAGES, what)
        return items

    async def send(self, method: str, path: str, what: str, body: Mapping[str, object]) -> Any:
        """Change something, asked once: whether it was done when no answer came is seen next time."""
        answer = await self._once(method, self._address(path, {}), what, body=body)
        return self._json(answer, what) if answer.content.strip() else {}

    async def _get(self, address: str, what: str, before: int = 0) -> tuple[Any, str]:
        known = self._answers.get(address)
        if known and not known[2] and isinstance(known[1], list) and len(known[1]) >= _FULL:
            known = (
                None  # Perhaps a full page: one more item makes a next one, and not another ETag.
            )
        headers = {"if-none-match": known[0]} if known else {}
        answer = await self._patiently(address, what, headers)
        if answer.status_code == asking.NOT_MODIFIED and known:
            return known[1], known[2]
        found = self._json(answer, what)
        so_far = before + len(found) if isinstance(found, list) and found else None
        following = self._next(answer, address, so_far)
        if etag := answer.headers.get("etag"):
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            self._answers[address] = (etag, found, following)
        return found, following

    async def _patiently(self, address: str, what: str, headers: Mapping[str, str]) -> Answer:
        return await asking.patiently(
            lambda: self._once("GET", address, what, headers=headers), _later, _TRIES
        )

    async def _once(
        self, method: str, address: str, what: str, *,
        headers: Mapping[str, str] | None = None, body: Mapping[str, object] | None = None,
    ) -> Answer:  # fmt: skip
        try:
            answer = await self._asked(method, address, headers or {}, body)
        except NoAnswer as error:
            got = self._brief(str(error))
            away = ForgeUntrusted if "CERTIFICATE_VERIFY_FAILED" in got else ForgeAway
            raise away(what=what, where=self._access.where, got=got) from error
        except TooMuch as error:
            raise self._garbled(what, str(error)) from error
        moved = answer.headers.get("location", "")
        if method == "GET" and answer.status_code in {301, 302, 307, 308}:
            # A project that got another name: asked there, but never at another host.
            moved = str(answer.url.join(moved)) if moved else ""
            if moved != address and _is_same_host(moved, address):
                return await self._once(method, moved, what, headers=headers)
        self._check(answer, what)
        return answer

    async def _asked(
        self, method: str, address: str, headers: Mapping[str, str],
        body: Mapping[str, object] | None,
    ) -> Answer:  # fmt: skip
        if body is None:
            return await self._http.ask(method, address, headers)
        written = json.dumps(dict(body), ensure_ascii=False).encode()
        kind = {"content-type": "application/json"}
        return await self._http.ask(method, address, {**headers, **kind}, written)

    def _check(self, answer: Answer, what: str) -> None:
        """Raises the error that this status means."""
        status = answer.status_code
        if answer.is_success or status == asking.NOT_MODIFIED:
            return
        facts = {"what": what, "where": self._access.where,
                 "got": self._brief(f"{status} {_words(answer)}".strip())}  # fmt: skip
        if (pause := _pause(answer)) is not None:
            raise ForgeBusy(seconds=pause, **facts)
        if status >= 500:
            raise ForgeAway(is_answer=True, **facts)
        if status == 401:
            raise ForgeDenied(**facts)
        if status == 403:
            raise ForgeForbids(rights=self._access.rights, **facts)
        if status in {404, 410}:
            raise ForgeMissing(**facts)
        if status in {405, 406, 409, 412, 423}:
            raise ForgeConflict(**facts)
        if 300 <= status < 400:
            raise ForgeGarbled(**facts)
        raise ForgeRefuses(**facts)

    def _json(self, answer: Answer, what: str) -> Any:
        try:
            return _read(answer.content)
        except (ValueError, RecursionError) as error:
            shown = answer.content[:60].decode("utf-8", "replace")
            raise self._garbled(what, f"no JSON but {shown!r}") from error

    def _garbled(self, what: str, got: str) -> ForgeGarbled:
        return ForgeGarbled(what=what, where=self._access.where, got=self._brief(got))

    @contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Inside, an answer in which something is missing or of another kind is ForgeGarbled."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            got = f"an answer that lacks something ({type(error).__name__}: {error})"
            raise self._garbled(what, got) from error

    def _address(self, path: str, query: Mapping[str, object]) -> str:
        return asking.with_query(path if "://" in path else self._access.api + path, query)

    def _next(self, answer: Answer, address: str, so_far: int | None) -> str:
        """The next page's address, when it is at the same host. Of some lists Gitea and Forgejo say only
        how many items there are.
        """
        found = answer.links.get("next", {}).get("url", "")
        total = answer.headers.get("x-total-count", "")
        if not found and so_far is not None and total.isdecimal() and so_far < int(total):
            page = int(parse_qs(urlsplit(address).query).get("page", ["1"])[0])
            return asking.with_query(address, {"page": page + 1})
        following = str(answer.url.join(found)) if found else ""
        return following if following and _is_same_host(following, address) else ""

    def _brief(self, words: str) -> str:
        """Words for people, without the token."""
        return asking.brief(words, self._access.token, _LONGEST)


def _is_same_host(one: str, other: str) -> bool:
    return urlsplit(one)[:2] == urlsplit(other)[:2]


def _read(content: bytes) -> Any:
    """JSON, with a question mark for each NUL and half of a character, which JSON can name and nothing else can
    hold. Raises ValueError and RecursionError.
    """
    found = json.loads(content.decode("utf-8", "replace").removeprefix("\ufeff"))
    return holdable.cleaned(found) if b"\\u" in content else found


def _words(answer: Answer) -> str:
    """What the forge says is wrong: each has a field of its own for that."""
    try:
        found = _read(answer.content)
    except (ValueError, RecursionError):
        return answer.reason_phrase
    if not isinstance(found, dict):
        return answer.reason_phrase
    said = [
        text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        for key in ("message", "error", "error_description", "errors")
        if (text := found.get(key))
    ]
    return "; ".join(dict.fromkeys(said)) or answer.reason_phrase


def _pause(answer: Answer) -> float | None:
    """Seconds after which the forge wants to be asked again; None: it is not about that.

    GitHub also says 403 for that: with `retry-after`, with no requests left, or in words only.
    """
    asked = answer.headers.get("retry-after", "")
    is_spent = answer.headers.get(
        "x-ratelimit-remaining", answer.headers.get("ratelimit-remaining")
    )
    limited = (
        answer.status_code == 429
        or (answer.status_code == 503 and bool(asked))
        or (
            answer.status_code == 403
            and (bool(asked) or is_spent == "0" or "secondary rate limit" in _words(answer).lower())
        )
    )
    if not limited:
        return None
    reset = answer.headers.get("x-ratelimit-reset", answer.headers.get("ratelimit-reset", ""))
    if is_spent not in {None, "0"}:
        reset = ""  # There are requests left: it is not about that hour's number.
    return asking.pause(asked, at=reset, unsaid=_UNSAID_SECONDS)


def _later(error: PrdgenError) -> float | None:
    if isinstance(error, ForgeBusy):
        return error.seconds if error.seconds <= _PATIENCE_SECONDS else None
    return asking.ASK_SOON if isinstance(error, ForgeAway) else None
