"""The ASGI application: routes, middleware, and the lifespan that opens rooms and watchers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect

from prdgen.errors import PrdgenError
from prdgen.flows import house
from prdgen.flows.context import App
from prdgen.server import auth, problems, routes
from prdgen.server.connected import Connected
from prdgen.server.middleware.compress import Compress
from prdgen.server.middleware.hosts import Hosts
from prdgen.server.middleware.security import Security
from prdgen.server.quick import Quick
from prdgen.server.readers import Readers

log = logging.getLogger(__name__)


def create_app(app: App) -> Starlette:
    """The server for one open `App`; starting it opens rooms, watcher and relay, ending it closes
    them after everything typed is in its file and committed.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        stop = asyncio.Event()
        async with house.live(app, stop):
            yield

    readers, names = Readers(), host_names(app)
    served = Starlette(
        routes=routes.all_routes(),
        lifespan=lifespan,
        middleware=[
            Middleware(Hosts, names=names, base_url=app.settings.base_url),
            Middleware(Security),
            Middleware(Compress),
            Middleware(auth.Sessions, house=app, readers=readers),
        ],
        exception_handlers={
            PrdgenError: problems.on_prdgen_error,
            HTTPException: problems.on_http_exception,
            ClientDisconnect: problems.on_client_gone,
            Exception: problems.on_crash,
        },
    )
    served.state.app = app
    served.state.readers = readers
    served.state.connected = Connected(app)
    served.state.quick = Quick(app, Hosts(served, names), readers)
    return served


def host_names(app: App) -> list[str]:
    """The names this server answers to, beside its own machine's."""
    settings = app.settings
    names = [settings.host, *settings.allowed_hosts]
    if settings.base_url:
        names.append(urlsplit(settings.base_url).hostname or "")
    return [name for name in names if name and name not in {"0.0.0.0", "::"}]  # noqa: S104


async def first_sign_in(app: App) -> str:
    """A one-time sign-in token for the owner of this clone, who is made on the first start."""
    return await auth.owner_link(app)
