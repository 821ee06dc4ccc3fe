"""What a CDN answers when it is not told what changed."""

from __future__ import annotations

from typing import Any

from prdgen.errors import PrdgenError


class CdnError(PrdgenError):
    """The CDN {where} was not told of {what}: {got}."""

    cure = "The site is published; readers may see older pages for an hour. It is tried again."
    status = 502
    retryable = True


class BadCdn(PrdgenError):
    """The CDN cannot be told of changes: {why}."""

    cure = "Correct the settings that begin with `cdn`; docs/operations.md has an example of each."
    exit_code = 2


class CdnAway(CdnError):
    """The CDN {where} cannot be reached to tell it of {what}: {got}."""

    cure = "The site is published; prdgen tries again by itself. Readers see it within an hour."
    status = 503


class CdnBusy(CdnError):
    """The CDN {where} takes no more requests for {seconds} s, asked to forget {what}: {got}."""

    cure = "Nothing to do: prdgen goes on when that time is over."
    status = 503

    def __init__(self, *, seconds: float, **facts: Any) -> None:
        self.seconds = seconds
        super().__init__(seconds=f"{seconds:.0f}", **facts)


class CdnDenied(CdnError):
    """The CDN {where} does not let prdgen's token have {what} forgotten: {got}."""

    cure = "Give `cdn_token` (for CloudFront `publish_key`) this right: {right}. It is tried again."


class CdnMissing(CdnError):
    """The CDN {where} is not known there, asked to forget {what}: {got}."""

    cure = "Check `cdn_id` and `cdn_api`. It is tried again."


class CdnGarbled(CdnError):
    """The CDN {where} gave no answer that makes sense when told of {what}: {got}."""

    cure = "Check `cdn_api`: another program may be at that address. It is tried again."
