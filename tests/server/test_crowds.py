"""Many at once: connections from one address, and a database that is busy."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
import websockets

from prdgen.server import auth
from prdgen.store import errors

from . import house as houses


async def _cookie(house):
    name = auth.cookie_name(house.app)
    return {"cookie": f"{name}={(await house.as_('editor')).cookies[name]}"}


async def test_one_connection_too_many_from_an_address(open_house, example):
    """It is told so, and the others stay; when one of them goes there is room again."""
    house = await open_house(example, connections_per_address=10)
    async with AsyncExitStack() as stack:
        headers = await _cookie(house)
        address = await stack.enter_async_context(houses.on_a_port(house))

        def connect():
            return websockets.connect(f"ws://{address}/sync", additional_headers=headers)

        sockets = [await stack.enter_async_context(connect()) for _ in range(10)]
        async with connect() as one_more:
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(one_more.recv(), 5)
        assert closed.value.rcvd.code == 4429
        assert "address" in closed.value.rcvd.reason
        for socket in sockets:
            await asyncio.wait_for(await socket.ping(), 5)
        await sockets[0].close()
        async with connect() as again:
            await asyncio.wait_for(await again.ping(), 5)


async def test_a_busy_database_is_said_with_a_code(own, monkeypatch):
    """An editor learns why and comes again; a handshake turned down would not tell it."""
    headers = await _cookie(own)

    async def busy(*_):
        raise errors.StoreBusy(got="a crowd")

    async with houses.on_a_port(own) as address:
        monkeypatch.setattr(auth, "find_visitor", busy)
        async with websockets.connect(f"ws://{address}/sync", additional_headers=headers) as socket:
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(socket.recv(), 5)
    assert closed.value.rcvd.code == 1013
    assert "PostgreSQL" in closed.value.rcvd.reason
