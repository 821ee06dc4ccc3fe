"""`/sync`: automerge-repo's own protocol over a WebSocket, for people who are signed in."""

from __future__ import annotations

from collections import Counter
from typing import Final
from uuid import UUID

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from prdgen.errors import PrdgenError
from prdgen.flows import house, roles
from prdgen.flows.context import App
from prdgen.flows.open import Claim
from prdgen.server.auth import Visitor
from prdgen.server.connected import SIGN_IN, Connected
from prdgen.server.frames import EXTENSION
from prdgen.sync.connection import Admitted
from prdgen.sync.peer import Who

_TOO_MANY: Final = 4429
_TRY_LATER: Final = 1013
_connections: Counter[str] = Counter()


async def endpoint(socket: WebSocket) -> None:
    """Serve one editor until it goes or is closed with a reason."""
    app: App = socket.app.state.app
    visitor: Visitor | None = socket.state.visitor
    await socket.accept()
    if visitor is None:
        await socket.close(SIGN_IN, "You are signed out")
        return
    if socket.query_params.get("person", str(visitor.person.id)) != str(visitor.person.id):
        # The page was opened by who was signed in here before: their text goes under no other name.
        await socket.close(SIGN_IN, "Someone else is signed in")
        return
    address = socket.client.host if socket.client else ""
    if _connections[address] >= app.settings.connections_per_address:
        await socket.close(_TOO_MANY, "too many connections from this address")
        return
    _connections[address] += 1
    try:
        await _serve(app, socket, visitor)
    finally:
        _connections[address] -= 1


async def _serve(app: App, socket: WebSocket, visitor: Visitor) -> None:
    if app.rooms is None:
        await socket.close(_TRY_LATER, "the server is starting")
        return
    can_write = roles.at_least(visitor.role, "editor")

    async def opener(document_id: UUID, claim: Claim | None) -> Admitted | None:
        room = await house.opener(app, document_id, claim)
        if room is None:
            return None
        return Admitted(
            room, can_write and await house.may_write(app, visitor.person, visitor.role, room)
        )

    person = visitor.person
    connection = app.rooms.connect(
        Who(person.id, person.name, person.color), opener, claim=claim_of(socket)
    )

    async def read() -> bytes | None:
        try:
            message = await socket.receive()
        except (WebSocketDisconnect, RuntimeError):
            return None
        if message["type"] == "websocket.disconnect":
            return None
        data = message.get("bytes")
        return data if data is not None else (message.get("text") or "").encode()

    async def write(data: bytes) -> None:
        try:
            await socket.send_bytes(data)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionError("the editor is gone") from error

    connected: Connected = socket.app.state.connected
    async with connected.watched(visitor, connection.peer):
        direct = socket.scope.get("extensions", {}).get(EXTENSION)
        closing = await connection.run(read, write, direct)
    if socket.application_state is WebSocketState.CONNECTED:
        try:
            await socket.close(closing.code, closing.reason)
        except (WebSocketDisconnect, RuntimeError):
            return


def claim_of(socket: WebSocket) -> Claim | None:
    """What the editor says of its document, from the address's query; None when it says nothing."""
    asked = socket.query_params
    try:
        return Claim(asked["branch"], asked["page_path"], asked["base_commit"], int(asked["n"]))
    except (KeyError, ValueError, PrdgenError):
        return None
