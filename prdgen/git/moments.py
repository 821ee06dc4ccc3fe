"""Git's times: any number of seconds, also ones that no calendar of Python has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_FIRST: Final = -62135596800 + 86400
_LAST: Final = 253402300799 - 86400
"""Seconds since 1970: the years 1 and 9999, and a day less for any offset."""
_MOST: Final = 24 * 60 - 1


def moment(seconds: int, offset: int = 0) -> datetime:
    """A time that Git has, with its offset in minutes; what lies outside of the calendar is at its end."""
    minutes = min(max(offset, -_MOST), _MOST)
    zone = timezone(timedelta(minutes=minutes)) if minutes else UTC
    return datetime.fromtimestamp(min(max(seconds, _FIRST), _LAST), zone)
