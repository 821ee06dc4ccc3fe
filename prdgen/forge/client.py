"""One forge's HTTP interface: time limits, tries, pages, ETags, and errors that say what to do."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from prdgen.forge.errors import (
    ForgeAway,
    ForgeBusy,
    ForgeConflict,
    ForgeDenied,
    ForgeForbids,
    ForgeGarbled,
    ForgeMissing,
    ForgeRefuses,
)

log = logging.getLogger(__name__)
Answers = dict[str, tuple[str, Any, str]]
"""What the forge said last: address → ETag, answer, address of the next page."""
_TRIES: Final = 3
_PATIENCE_SECONDS: Final = 5.0
"""Longer pauses that a forge asks for are made between runs, not within one."""
_LONGEST_SECONDS: Final = 3600.0
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
        self._http = httpx2.AsyncClient(
            headers={"user-agent": "prdgen", **access.headers},
            timeout=httpx2.Timeout(access.seconds), follow_redirects=False,
        )  # fmt: skip

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

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
            found, address = await self._get(address, what)
            if not isinstance(found, list):
                raise self._garbled(what, f"expected a list, got {type(found).__name__}")
            items += found
        log.warning("%s: more than %d pages to %s", self._access.where, _PAGES, what)
        return items

    async def send(self, method: str, path: str, what: str, body: Mapping[str, object]) -> Any:
        """Change something, asked once: whether it was done when no answer came is seen next time."""
        answer = await self._once(method, self._address(path, {}), what, body=body)
        return self._json(answer, what) if answer.content.strip() else {}

    async def _get(self, address: str, what: str) -> tuple[Any, str]:
        known = self._answers.get(address)
        if known and not known[2] and isinstance(known[1], list) and len(known[1]) >= _FULL:
            known = (
                None  # Perhaps a full page: one more item makes a next one, and not another ETag.
            )
        headers = {"if-none-match": known[0]} if known else {}
        answer = await self._patiently(address, what, headers)
        if answer.status_code == httpx2.codes.NOT_MODIFIED and known:
            return known[1], known[2]
        found, following = self._json(answer, what), self._next(answer, address)
        if etag := answer.headers.get("etag"):
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            self._answers[address] = (etag, found, following)
        return found, following

    async def _patiently(
        self, address: str, what: str, headers: Mapping[str, str]
    ) -> httpx2.Response:
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._once("GET", address, what, headers=headers)
            except ForgeBusy as error:
                if attempt == _TRIES or error.seconds > _PATIENCE_SECONDS:
                    raise
                await asyncio.sleep(error.seconds)
            except ForgeAway:
                if attempt == _TRIES:
                    raise
                await asyncio.sleep(0.2 * 2**attempt * random.uniform(0.5, 1.0))
        raise AssertionError("not reached")

    async def _once(
        self, method: str, address: str, what: str, *,
        headers: Mapping[str, str] | None = None, body: Mapping[str, object] | None = None,
    ) -> httpx2.Response:  # fmt: skip
        try:
            async with asyncio.timeout(4 * self._access.seconds):
                answer = await self._read(method, address, what, headers or {}, body)
        except (httpx2.HTTPError, TimeoutError) as error:
            raise ForgeAway(
                what=what, where=self._access.where, got=self._brief(str(error) or type(error).__name__)
            ) from error  # fmt: skip
        moved = answer.headers.get("location", "")
        if method == "GET" and answer.status_code in {301, 302, 307, 308}:
            # A project that got another name: asked there, but never at another host.
            moved = str(answer.url.join(moved)) if moved else ""
            if moved != address and _is_same_host(moved, address):
                return await self._once(method, moved, what, headers=headers)
        self._check(answer, what)
        return answer

    async def _read(
        self, method: str, address: str, what: str, headers: Mapping[str, str],
        body: Mapping[str, object] | None,
    ) -> httpx2.Response:  # fmt: skip
        """The answer with its body, which has a limit."""
        async with self._http.stream(
            method, address, headers=dict(headers), json=None if body is None else dict(body)
        ) as answer:
            size, parts = 0, []
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > _LIMIT:
                    raise self._garbled(what, f"an answer of more than {_LIMIT} bytes")
                parts.append(part)
        kept = {
            name: value for name, value in answer.headers.items()
            if name.lower() not in {"content-encoding", "content-length", "transfer-encoding"}
        }  # fmt: skip
        return httpx2.Response(
            answer.status_code, headers=kept, content=b"".join(parts), request=answer.request
        )

    def _check(self, answer: httpx2.Response, what: str) -> None:
        """Raises the error that this status means."""
        status = answer.status_code
        if answer.is_success or status == httpx2.codes.NOT_MODIFIED:
            return
        facts = {"what": what, "where": self._access.where,
                 "got": self._brief(f"{status} {_words(answer)}".strip())}  # fmt: skip
        if (pause := _pause(answer)) is not None:
            raise ForgeBusy(seconds=pause, **facts)
        if status >= 500:
            raise ForgeAway(**facts)
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

    def _json(self, answer: httpx2.Response, what: str) -> Any:
        try:
            return json.loads(answer.content)
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
        made = httpx2.URL(path if "://" in path else self._access.api + path)
        plain = {key: str(value) for key, value in query.items()}
        return str(made.copy_merge_params(plain) if plain else made)

    def _next(self, answer: httpx2.Response, address: str) -> str:
        """The next page's address, when it is at the same host."""
        found = answer.links.get("next", {}).get("url", "")
        following = str(answer.url.join(found)) if found else ""
        return following if following and _is_same_host(following, address) else ""

    def _brief(self, words: str) -> str:
        """Words for people, without the token."""
        plain = words.replace(self._access.token, "…") if self._access.token else words
        plain = " ".join(plain.split())
        return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]} …"


def _is_same_host(one: str, other: str) -> bool:
    return urlsplit(one)[:2] == urlsplit(other)[:2]


def _words(answer: httpx2.Response) -> str:
    """What the forge says is wrong: each has a field of its own for that."""
    try:
        found = json.loads(answer.content)
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


def _pause(answer: httpx2.Response) -> float | None:
    """Seconds after which the forge wants to be asked again; None: it is not about that.

    GitHub also says 403 for that: with `retry-after`, or with no requests left.
    """
    asked = answer.headers.get("retry-after", "")
    is_spent = answer.headers.get(
        "x-ratelimit-remaining", answer.headers.get("ratelimit-remaining")
    )
    limited = (
        answer.status_code == 429
        or (answer.status_code == 503 and bool(asked))
        or (answer.status_code == 403 and (bool(asked) or is_spent == "0"))
    )
    if not limited:
        return None
    reset = answer.headers.get("x-ratelimit-reset", answer.headers.get("ratelimit-reset", ""))
    return min(_LONGEST_SECONDS, max(0.0, _seconds(asked, reset)))


def _seconds(asked: str, reset: str) -> float:
    if asked.isascii() and asked.isdigit():
        return float(asked)
    if asked:
        try:
            return parsedate_to_datetime(asked).timestamp() - time.time()
        except ValueError:
            return 60.0
    return float(reset) - time.time() if reset.isascii() and reset.isdigit() else 60.0
