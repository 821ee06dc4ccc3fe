"""Asking another's HTTP interface: limits on time and size, tries, pauses it asks for, words without secrets."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2

from prdgen.errors import PrdgenError

Answer = httpx2.Response
NOT_MODIFIED: Final = 304
ASK_SOON: Final = -1.0
_LONGEST_SECONDS: Final = 3600.0
_FIRST_SECONDS: Final = 0.4
_DECODED: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class NoAnswer(Exception):
    """Nobody answered, or not in time."""


class TooMuch(Exception):
    """The answer is larger than anything that was asked for."""


class Http:
    """One interface's connections; redirects are not followed. Close it with `close`."""

    def __init__(
        self, headers: Mapping[str, str], seconds: float, *, whole_seconds: float, limit: int
    ) -> None:
        self._whole_seconds, self._limit = whole_seconds, limit
        self._client = httpx2.AsyncClient(
            headers={"user-agent": "prdgen", **headers}, timeout=httpx2.Timeout(seconds),
            follow_redirects=False,
        )  # fmt: skip

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def ask(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """The answer, whole. Raises NoAnswer and TooMuch, in words that can be shown after `brief`."""
        try:
            async with asyncio.timeout(self._whole_seconds):
                return await self._read(method, address, headers, body)
        except (httpx2.HTTPError, TimeoutError) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error

    async def _read(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        asked = self._client.stream(method, address, headers=dict(headers), content=body)
        async with asked as answer:
            size, parts = 0, []
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > self._limit:
                    raise TooMuch(f"an answer of more than {self._limit} bytes")
                parts.append(part)
        kept = {
            name: value for name, value in answer.headers.items() if name.lower() not in _DECODED
        }
        return httpx2.Response(
            answer.status_code, headers=kept, content=b"".join(parts), request=answer.request
        )


async def patiently(
    once: Callable[[], Awaitable[Answer]], later: Callable[[PrdgenError], float | None], tries: int
) -> Answer:
    """What `once` gives, asked `tries` times at most. `later`: after how many seconds to ask again, by
    the error; ASK_SOON: after a moment that doubles; None: not again, the error is raised.
    """
    for attempt in range(tries - 1):
        try:
            return await once()
        except PrdgenError as error:
            if (seconds := later(error)) is None:
                raise
            soon = _FIRST_SECONDS * 2**attempt * random.uniform(0.5, 1.0)
            await asyncio.sleep(soon if seconds == ASK_SOON else seconds)
    return await once()


def with_query(address: str, query: Mapping[str, object]) -> str:
    """The address with these as its query, beside what it has."""
    plain = {key: str(value) for key, value in query.items()}
    made = httpx2.URL(address)
    return str(made.copy_merge_params(plain) if plain else made)


def pause(retry_after: str, *, at: str = "", unsaid: float) -> float:
    """Seconds until one may ask again: `Retry-After` as seconds or a date (RFC 9110, 10.2.3), else the
    moment `at` in seconds since 1970, else `unsaid`; an hour at most.
    """
    return min(_LONGEST_SECONDS, max(0.0, _seconds(retry_after.strip(), at, unsaid)))


def _seconds(retry_after: str, at: str, unsaid: float) -> float:
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    if retry_after:
        try:
            return parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (ValueError, TypeError):
            return unsaid
    return float(at) - time.time() if at.isascii() and at.isdigit() else unsaid


def brief(words: str, hidden: str, longest: int) -> str:
    """Words for people, on one line, without the secret."""
    plain = " ".join((words.replace(hidden, "…") if hidden else words).split())
    return plain if len(plain) <= longest else f"{plain[:longest]} …"
