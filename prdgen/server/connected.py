"""Who is connected may not be for ever: sessions end, tokens are revoked, roles change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from prdgen import background
from prdgen.errors import PrdgenError
from prdgen.flows.context import App
from prdgen.server import auth
from prdgen.server.auth import Visitor
from prdgen.sync.peer import Peer

LOOK_SECONDS: Final = 1.0
"""How soon an open editor follows a role or a session that was taken away."""
_NORMAL: Final = 1000
SIGN_IN: Final = 4401
log = logging.getLogger(__name__)


class Connected:
    """All open editors of this process, looked at together: one question for a hundred of them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._open: dict[Peer, Visitor] = {}
        self._looking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watched(self, visitor: Visitor, peer: Peer) -> AsyncIterator[None]:
        """Close the peer within this block when its session ended or its role became another one.

        The editor then connects again, as what the person is now. While the store is away everybody
        stays what they were.
        """
        self._open[peer] = visitor
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_again(), name="look who is connected")
        try:
            yield
        finally:
            del self._open[peer]
            if not self._open:
                looking, self._looking = self._looking, None
                await background.end([looking])

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look()
            except PrdgenError as error:
                log.debug("roles are looked at again later: %s", error)
            except Exception:
                log.exception("it was not seen who may still be connected")

    async def _look(self) -> None:
        seen = dict(self._open)
        roles = await auth.roles_now(self._app, seen.values())
        for peer, visitor in seen.items():
            now = roles.get(visitor)
            if now is None:
                peer.close(SIGN_IN, "You are signed out")
            elif now != visitor.role:
                peer.close(_NORMAL, f"your role here is now {now}")
