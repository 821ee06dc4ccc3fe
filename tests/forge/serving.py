"""A forge on a port: every request is held against the forge's own description, and may go wrong."""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import contracts
from .hub import Hub
from .skins import SKINS, Refused, Skin

PAGE = 20
TOKEN = "s3cret-forge-token"


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose method and path have `match`."""

    status: int
    match: str = ""
    headers: dict = field(default_factory=dict)
    body: bytes = b'{"message": "it went wrong"}'
    times: int = 1
    done_first: bool = False
    """Whether the forge does what was asked, and only the answer is lost."""


class Served:
    """A forge that runs; `asked` has its requests, `problems` what they had against its description."""

    def __init__(self, kind: str, hub: Hub, address: str) -> None:
        self.kind, self.hub, self.address = kind, hub, address
        self.skin: Skin = SKINS[kind](hub, address)
        self.asked: list[str] = []
        self.unchanged = 0
        self.problems: list[str] = []
        self.faults: list[Fault] = []

    async def answer(self, request: Request) -> Response:
        name, scheme = self.skin.header
        path = request.scope["raw_path"].decode().partition("?")[0].removeprefix(self.skin.api)
        asked = f"{request.method} {path}"
        self.asked.append(asked)
        fault = next((f for f in self.faults if f.match in asked), None)
        if fault is not None:
            fault.times -= 1
            self.faults = [f for f in self.faults if f.times > 0]
            if fault.done_first:
                await self._done(request, path)
            return Response(fault.body, fault.status, fault.headers)
        if request.headers.get(name) != scheme.format(TOKEN):
            return JSONResponse({"message": "Bad credentials"}, 401)
        return await self._done(request, path)

    async def _done(self, request: Request, path: str) -> Response:
        body = await request.json() if await request.body() else {}
        if self.kind == "github" and path.endswith("/graphql"):
            self.problems += contracts.check_graphql(body)
            status, found = await asyncio.to_thread(self.skin.graphql, body)
            return JSONResponse(found, status)
        op = contracts.operation(self.kind, request.method, path)
        if op is None:
            self.problems.append(f"nothing is described at {request.method} {path}")
            return JSONResponse({"message": "Not Found"}, 404)
        self.problems += contracts.check_request(self.kind, op, body)
        pattern = next(p for _, name, p in contracts.operations(self.kind) if name == op)
        at = list(pattern.fullmatch(path).groups())
        if self.kind == "github":
            at = at[2:]
        try:
            status, found = await asyncio.to_thread(
                self.skin.handle, op, at, dict(request.query_params), body
            )
        except Refused as error:
            return JSONResponse({"message": error.message}, error.status)
        if found is None:
            return Response(status_code=status)
        self.problems += [
            f"answer to {op}: {p}" for p in contracts.check_answer(self.kind, op, found)
        ]
        return self._paged(request, status, found)

    def _paged(self, request: Request, status: int, found: object) -> Response:
        """Lists in pages, and ETags, as the forges do it."""
        headers = {}
        if request.method == "GET" and isinstance(found, list) and len(found) > PAGE:
            page = int(request.query_params.get("page", 1))
            total, rest = len(found), found[PAGE * page :]
            found = found[PAGE * (page - 1) : PAGE * page]
            path = request.scope["raw_path"].decode()
            if self.kind == "gitea":
                headers["x-total-count"] = str(total)
            if self.kind == "gitea" and path.endswith("/reviews"):
                pass  # Of these Gitea and Forgejo say only how many there are.
            elif rest:
                query = urlencode({**request.query_params, "page": page + 1})
                plain = self.address + path
                headers["link"] = f'<{plain}?{query}>; rel="next", <{plain}>; rel="first"'
        etag = f'W/"{hashlib.sha1(json.dumps(found).encode()).hexdigest()}"'
        if request.method == "GET" and request.headers.get("if-none-match") == etag:
            self.unchanged += 1
            return Response(status_code=304, headers={"etag": etag})
        return JSONResponse(found, status, {**headers, "etag": etag})


@asynccontextmanager
async def served(kind: str, hub: Hub):
    """A forge of this kind over the hub, on a port of its own."""
    found: list[Served] = []

    async def answer(request: Request) -> Response:
        return await found[0].answer(request)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", answer, methods=methods)])
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    found.append(Served(kind, hub, f"http://127.0.0.1:{port}"))
    try:
        yield found[0]
    finally:
        server.should_exit = server.force_exit = True
        await task
