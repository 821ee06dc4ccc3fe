"""The embedded servers watched while prdgen runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import pytest

from prdgen.embedded import process, services


async def test_both_servers_come_back_after_kill_9(prepared, eventually):
    """People type on while they are away."""
    async with services.open_services(prepared) as running:
        before = (running.postgres.pid, running.valkey.pid)
        for pid in before:
            os.kill(pid, signal.SIGKILL)

        def back():
            now = (running.postgres.pid, running.valkey.pid)
            return all(now) and not set(now) & set(before)

        await eventually(back)


async def test_no_process_is_left_after_the_block(prepared):
    """ctrl-C stops everything."""
    async with services.open_services(prepared) as running:
        pids = (running.postgres.pid, running.valkey.pid)
    assert [process.command_of(pid) for pid in pids] == ["", ""]


@pytest.mark.parametrize("after", [0.0, 0.05, 0.3])
async def test_no_process_is_left_when_the_start_is_broken_off(prepared, after):
    """ctrl-C a moment after `prdgen serve`: a thread goes on starting what nobody would stop."""

    async def use():
        async with services.open_services(prepared):
            await asyncio.Event().wait()

    using = asyncio.create_task(use())
    await asyncio.wait([using], timeout=after)
    using.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await using
    left = services.Services(prepared)
    left.valkey.start()  # only so that it knows its socket; it would adopt one that runs
    before = left.valkey.pid
    left.valkey.stop()
    assert left.postgres.pid is None
    assert process.command_of(before) == ""
