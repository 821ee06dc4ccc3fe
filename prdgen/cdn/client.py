"""One CDN's HTTP interface: time limits, tries, pauses it asks for, and errors that say what to do."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx2

from prdgen.cdn.errors import CdnAway, CdnBusy, CdnDenied, CdnError, CdnGarbled, CdnMissing

_TRIES: Final = 4
_PATIENCE_SECONDS: Final = 10.0
"""A longer pause that the CDN asks for is made between two runs of the job, not within one."""
_LONGEST_SECONDS: Final = 3600.0
_UNSAID_SECONDS: Final = 30.0
_LIMIT: Final = 1_048_576
_LONGEST: Final = 300
_FULL: Final = (b"TooManyInvalidationsInProgress", b"<Code>Throttling")
"""What CloudFront says with 400 when it has enough for now."""


class Client:
    """Asks one CDN. `right` is what its token needs, in the vendor's words; `hidden` the token."""

    def __init__(
        self, where: str, right: str, seconds: float, *, headers: Mapping[str, str], hidden: str
    ) -> None:
        self.where, self._right, self._hidden, self._seconds = where, right, hidden, seconds
        self._http = httpx2.AsyncClient(
            headers={"user-agent": "prdgen", **headers}, timeout=httpx2.Timeout(seconds),
            follow_redirects=False,
        )  # fmt: skip

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def post(
        self, address: str, what: str, body: bytes, headers: Mapping[str, str]
    ) -> httpx2.Response:
        """Send one request, again when the CDN is away or busy: forgetting twice is forgetting once.

        Raises CdnError.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._once(address, what, body, headers)
            except CdnBusy as error:
                if attempt == _TRIES or error.seconds > _PATIENCE_SECONDS:
                    raise
                await asyncio.sleep(error.seconds)
            except CdnAway:
                if attempt == _TRIES:
                    raise
                await asyncio.sleep(0.2 * 2**attempt * random.uniform(0.5, 1.0))
        raise AssertionError("not reached")

    def json(self, answer: httpx2.Response, what: str) -> dict[str, Any]:
        """The answer as a JSON object. Raises CdnGarbled."""
        try:
            found = json.loads(answer.content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self.garbled(what, f"no JSON but {answer.content[:60]!r}")
        return found

    def garbled(self, what: str, got: str) -> CdnGarbled:
        """The error for an answer that is none."""
        return CdnGarbled(where=self.where, what=what, got=self._brief(got))

    async def _once(
        self, address: str, what: str, body: bytes, headers: Mapping[str, str]
    ) -> httpx2.Response:
        try:
            async with asyncio.timeout(2 * self._seconds):
                answer = await self._read(address, what, body, headers)
        except (httpx2.HTTPError, TimeoutError) as error:
            got = self._brief(str(error) or type(error).__name__)
            raise CdnAway(where=self.where, what=what, got=got) from error
        self._check(answer, what)
        return answer

    async def _read(
        self, address: str, what: str, body: bytes, headers: Mapping[str, str]
    ) -> httpx2.Response:
        """The answer with its body, which has a limit."""
        async with self._http.stream(
            "POST", address, headers=dict(headers), content=body
        ) as answer:
            size, parts = 0, []
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > _LIMIT:
                    raise self.garbled(what, f"an answer of more than {_LIMIT} bytes")
                parts.append(part)
        kept = {
            name: value for name, value in answer.headers.items()
            if name.lower() not in {"content-encoding", "content-length", "transfer-encoding"}
        }  # fmt: skip
        return httpx2.Response(answer.status_code, headers=kept, content=b"".join(parts))

    def _check(self, answer: httpx2.Response, what: str) -> None:
        """Raises the error that this status means."""
        status = answer.status_code
        if answer.is_success:
            return
        facts = {"where": self.where, "what": what,
                 "got": self._brief(f"{status} {_words(answer)}".strip())}  # fmt: skip
        if (pause := _pause(answer)) is not None:
            raise CdnBusy(seconds=pause, **facts)
        if status >= 500:
            raise CdnAway(**facts)
        if status in {401, 403}:
            raise CdnDenied(right=self._right, **facts)
        if status == 404:
            raise CdnMissing(**facts)
        if 300 <= status < 400:
            raise CdnGarbled(**facts)
        raise CdnError(**facts)

    def _brief(self, words: str) -> str:
        """Words for people, without the token."""
        plain = words.replace(self._hidden, "…") if self._hidden else words
        plain = " ".join(plain.split())
        return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]} …"


def _words(answer: httpx2.Response) -> str:
    """What the CDN says is wrong: Fastly in `msg`, Cloudflare in `errors`, CloudFront in XML."""
    text = answer.content.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        parts = [text.partition(f"<{name}>")[2].partition("<")[0] for name in ("Code", "Message")]
        return " ".join(part for part in parts if part)
    if not isinstance(found, dict):
        return ""
    errors = found.get("errors")
    said = [found.get(name) for name in ("msg", "detail", "message")]
    said += [each.get("message") for each in errors or () if isinstance(each, dict)]
    return "; ".join(str(each) for each in said if each)


def _pause(answer: httpx2.Response) -> float | None:
    """Seconds after which the CDN wants to be asked again; None: it is not about that."""
    asked = answer.headers.get("retry-after", "")
    is_full = any(words in answer.content for words in _FULL)
    if not (answer.status_code == 429 or (answer.status_code == 503 and asked) or is_full):
        return None
    return min(_LONGEST_SECONDS, max(0.0, _seconds(asked)))


def _seconds(asked: str) -> float:
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        return parsedate_to_datetime(asked).timestamp() - time.time()
    except (ValueError, TypeError):
        return _UNSAID_SECONDS
