"""Rates: one number in Valkey for each key, the time until which its allowance is spent."""

from __future__ import annotations

from typing import Final

from prdgen.bus import connection
from prdgen.bus.connection import translated

# The generic cell rate algorithm (ITU-T I.371): no window whose edge lets twice the rate through.
_ALLOW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local each, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local spent = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now)) + each
if spent - now > each * burst + 0.5 then return 0 end
redis.call('SET', KEYS[1], string.format('%.3f', spent), 'PX', math.ceil(spent - now) + 1000)
return 1
"""


class Limits:
    """Rate limits that all processes share."""

    def __init__(self, to: connection.Connection) -> None:
        self._to = to
        self._allow = to.prompt.register_script(_ALLOW)

    async def allow(self, key: str, rate: float, burst: int) -> bool:
        """Whether `key` may do one more: `rate` a second in the long run, `burst` at once."""
        with translated():
            answer = await self._allow(
                keys=[self._to.name("rate", key)], args=[1000.0 / rate, burst]
            )
        return bool(answer)
