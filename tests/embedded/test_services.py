"""The embedded servers watched while prdgen runs."""

from __future__ import annotations

import os
import signal

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
