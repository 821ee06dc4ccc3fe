"""The WebSocket of an editor: uvicorn's own, with a short way for the frames it nearly always gets.

A message of an editor is one masked binary frame, and so is each answer. Those are read and written
here; everything else (the handshake, pings, text, fragments, what is malformed) is left to uvicorn
and websockets, which get whole frames only. And reading goes on while a few messages wait:
stopping and starting for each costs two calls of the system.
"""

from __future__ import annotations

from asyncio import BaseTransport
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

try:
    from websockets.speedups import apply_mask
except ImportError:  # no wheel of websockets' for this machine
    from websockets.utils import apply_mask

EXTENSION: Final = "prdgen.frames"
"""Under this name the socket stands in the ASGI scope's extensions."""
_BINARY: Final = 0x82
"""A whole message of bytes: final frame, no extension, opcode 2."""
_MASKED: Final = 0x80
_MOST_WAITING: Final = 16
"""Messages that may wait for the application before reading stops."""


class Socket(WebSocketsSansIOProtocol):
    """uvicorn's protocol for one connection; see the module."""

    deliver: Callable[[bytes], bool] | None = None
    """Takes a message at once, in the place of the application's reading; False: not now."""
    _needed = 0
    """How long the frame is whose beginning has come, if that is known."""
    _plain = False
    """Whether frames are not looked at here any more: one is too long, and closes the connection."""

    def connection_made(self, transport: BaseTransport) -> None:
        """A connection begins; called by uvicorn."""
        super().connection_made(transport)
        self._rest = bytearray()
        """The beginning of a frame whose end has not come yet."""

    def data_received(self, data: bytes) -> None:
        """Take what came; called by the event loop."""
        if self._plain or not self.handshake_complete:
            super().data_received(data)
            return
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return
            data = bytes(self._rest)
            self._rest.clear()
        start, self._needed = 0, 0
        while (frame := _frame(data, start)) is not None:
            begin, end = frame
            if end - begin > self.config.ws_max_size:
                self._plain = True
                super().data_received(data[start:])
                return
            if end > len(data):
                self._needed = end - start
                break
            if data[start] == _BINARY and data[start + 1] & _MASKED and self._may_take():
                self._take(apply_mask(data[begin:end], data[begin - 4 : begin]))
            else:
                super().data_received(data[start:end])
            start = end
        self._rest += data[start:]

    def handle_connect(self, event: Request) -> None:
        """The client's request was read; called by uvicorn."""
        super().handle_connect(event)
        if self.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    def _may_take(self) -> bool:
        """Whether a message may begin now: no other one is under way, nor is the connection closed."""
        return not (
            self.frames or self.close_sent or self.disconnected or self.transport.is_closing()
        )

    def _take(self, data: bytes) -> None:
        if self.deliver is not None and self.queue.empty() and self.deliver(data):
            return
        self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        if not self.read_paused and self.queue.qsize() >= _MOST_WAITING:
            self.read_paused = True
            self.transport.pause_reading()

    async def send(self, message: Any) -> None:
        """Send one ASGI message."""
        data = message.get("bytes")
        if data is None or message["type"] != "websocket.send" or not self.write(data):
            await super().send(message)

    def write(self, data: bytes) -> bool:
        """Send a message of bytes now; False when it has to wait, or the connection is no open one."""
        closed = self.close_sent or self.disconnected or self.transport.is_closing()
        opened = self.handshake_complete and self.initial_response is None
        if closed or not opened or not self.writable.is_set():
            return False
        self.transport.write(_head(len(data)) + data)
        return True


def _frame(data: bytes, start: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `start` begins and ends; None: its head has not all come."""
    if len(data) < start + 2:
        return None
    mask = 4 if data[start + 1] & _MASKED else 0
    length = data[start + 1] & 0x7F
    size = {126: 2, 127: 8}.get(length, 0)
    begin = start + 2 + size + mask
    if len(data) < begin:
        return None
    if size:
        length = int.from_bytes(data[start + 2 : start + 2 + size], "big")
    return begin, begin + length


def _head(length: int) -> bytes:
    """The head of an unmasked frame of bytes."""
    if length < 126:
        return bytes((_BINARY, length))
    if length < 1 << 16:
        return bytes((_BINARY, 126)) + length.to_bytes(2, "big")
    return bytes((_BINARY, 127)) + length.to_bytes(8, "big")
