"""One CDN's HTTP interface: time limits, tries, pauses it asks for, and errors that say what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from prdgen.cdn.errors import CdnAway, CdnBusy, CdnDenied, CdnError, CdnGarbled, CdnMissing
from prdgen.errors import PrdgenError
from prdgen.http import asking
from prdgen.http.asking import Answer, Http, NoAnswer, TooMuch

_TRIES: Final = 4
_PATIENCE_SECONDS: Final = 10.0
"""A longer pause that the CDN asks for is made between two runs of the job, not within one."""
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
        self.where, self._right, self._hidden = where, right, hidden
        self._http = Http(headers, seconds, whole_seconds=2 * seconds, limit=_LIMIT)

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()

    async def post(
        self, address: str, what: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """Send one request, again when the CDN is away or busy: forgetting twice is forgetting once.

        Raises CdnError.
        """
        return await asking.patiently(
            lambda: self._once(address, what, body, headers), _later, _TRIES
        )

    def json(self, answer: Answer, what: str) -> dict[str, Any]:
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
    ) -> Answer:
        try:
            answer = await self._http.ask("POST", address, headers, body)
        except NoAnswer as error:
            got = self._brief(str(error))
            raise CdnAway(where=self.where, what=what, got=got) from error
        except TooMuch as error:
            raise self.garbled(what, str(error)) from error
        self._check(answer, what)
        return answer

    def _check(self, answer: Answer, what: str) -> None:
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
        return asking.brief(words, self._hidden, _LONGEST)


def _words(answer: Answer) -> str:
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


def _pause(answer: Answer) -> float | None:
    """Seconds after which the CDN wants to be asked again; None: it is not about that."""
    asked = answer.headers.get("retry-after", "")
    is_full = any(words in answer.content for words in _FULL)
    if not (answer.status_code == 429 or (answer.status_code == 503 and asked) or is_full):
        return None
    return asking.pause(asked, unsaid=_UNSAID_SECONDS)


def _later(error: PrdgenError) -> float | None:
    if isinstance(error, CdnBusy):
        return error.seconds if error.seconds <= _PATIENCE_SECONDS else None
    return asking.ASK_SOON if isinstance(error, CdnAway) else None
