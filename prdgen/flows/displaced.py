"""displaced file → document: what an editor wrote into the file that our swap took out.

An editor that opened the page before the swap writes into the old file, which has no name any
more. So it is looked at again, until nobody writes into it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.files import text
from prdgen.files.disk import Swapped
from prdgen.files.errors import NotEditable
from prdgen.flows import pull
from prdgen.flows.context import App
from prdgen.flows.live import Heads, Live
from prdgen.store.statements import Tx

log = logging.getLogger(__name__)
_LAST_LOOK_SECONDS = 2.0


def follow(app: App, live: Live, swapped: Swapped, known: bytes) -> None:
    """Look at what a write displaced, now and 2 s later, beside everything else.

    `known` are the bytes both sides agreed on: what differs from them is taken in.
    """
    task = asyncio.create_task(
        _follow(app, live, swapped, known), name=f"displaced {live.page_path}"
    )
    live.trailing.add(task)
    task.add_done_callback(live.trailing.discard)


async def finish(live: Live) -> None:
    """Do all looks now. Call without `live.lock`."""
    live.hurry.set()
    await asyncio.gather(*live.trailing)


async def _follow(app: App, live: Live, swapped: Swapped, known: bytes) -> None:
    with swapped:
        for seconds in (app.settings.settle_seconds, _LAST_LOOK_SECONDS):
            if swapped.displaced is None:
                return
            await _until_still(live, swapped, seconds)
            data = swapped.displaced
            if data == known or (seconds < _LAST_LOOK_SECONDS and _looks_half(data, known)):
                continue
            try:
                await _take_in(app, live, known, data)
            except (PrdgenError, OSError) as error:
                await _keep(app, live, data, error)
            known = data


async def _until_still(live: Live, swapped: Swapped, seconds: float) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(live.hurry.wait(), seconds)
        changed = await to_thread.run_sync(swapped.late) is not None
        if live.hurry.is_set() or not changed:
            return


def _looks_half(data: bytes, known: bytes) -> bool:
    return len(data) < len(known) and known.startswith(data)


async def _take_in(app: App, live: Live, known: bytes, data: bytes) -> None:
    base, theirs = text.decode(known).text, text.decode(data).text

    async def nothing_moves(_tx: Tx, _heads: Heads) -> None:
        """The file holds our text; its agreed point is right already."""

    assert app.keeper is not None
    async with app.keeper.locked(live) as current:
        await pull.take_in(app, current, base, theirs, origin="file", move=nothing_moves)
    current.changed.set()


async def _keep(app: App, live: Live, data: bytes, error: Exception) -> None:
    """A save that cannot be merged is not lost either."""
    folder = app.state_dir / "kept"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{live.page_path.replace('/', '%2F')}.{time.time_ns()}"
    await to_thread.run_sync(path.write_bytes, data)
    why = error.message if isinstance(error, NotEditable) else error
    log.error(
        "a save of %s met our own and cannot be merged (%s); it is kept in %s",
        live.page_path,
        why,
        path,
    )
