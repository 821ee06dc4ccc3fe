"""What can go wrong with the bus, and what to do then."""

from __future__ import annotations

from prdgen import errors


class BusUnavailable(errors.Unavailable):
    """Valkey is not answering: {got}."""

    cure = (
        "Nothing is lost: rooms read the store, and prdgen connects again by itself. If it stays, "
        "look at the server in PRDGEN_REDIS_URL (or logs/valkey.log)."
    )
