"""A token bucket: so many a second, with a burst, measured on a clock that is given."""

from __future__ import annotations


class Rate:
    """Allows `per_second` on the long run and `burst` at once."""

    def __init__(self, per_second: float, burst: float | None = None) -> None:
        self._per_second = per_second
        self._burst = per_second if burst is None else burst
        self._tokens = self._burst
        self._at: float | None = None

    def allow(self, now: float) -> bool:
        """Whether one more is allowed at `now` (seconds of a monotonic clock); counts it."""
        if self._at is not None:
            grown = self._tokens + max(0.0, now - self._at) * self._per_second
            self._tokens = min(self._burst, grown)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
