"""How large a page may be to be written in together; the one place that says so."""

from __future__ import annotations

from typing import Final

from prdgen.files import text
from prdgen.settings import Settings

_SLACK: Final = 8
"""The editor stops at the limit. Several people at once, or what comes late from a device, may pass
it by an eighth: what the server took and wrote itself it must be able to read again.
"""


def most(settings: Settings) -> int:
    """Bytes of text up to which a live page is taken, read and written."""
    return settings.live_limit + settings.live_limit // _SLACK


def reason(settings: Settings, data: bytes, *, now: str = "") -> str | None:
    """Why these bytes are too large to be live, in words for people; None: they are not.

    Counted as documents count: without BOM, with LF. A page that is live with the text `now` may
    be as large as that, however it got there.
    """
    size = len(data.removeprefix(text.BOM)) - data.count(b"\r\n")
    if size <= most(settings) or size <= len(now.encode()):
        return None
    limit = settings.live_limit
    return (
        f"it has {size:,} bytes; a page that is written in together may have {limit:,} "
        f"({limit / 1024:g} KiB). Make it shorter or split it; larger ones are read, searched and "
        "published, and edited with Git"
    )
