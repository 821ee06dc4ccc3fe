"""Every address of the server."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from prdgen.server import (
    draft_pages,
    events_stream,
    export_pages,
    git_http,
    health,
    history_pages,
    html,
    notification_pages,
    offline,
    pages,
    people_pages,
    remote_pages,
    site_files,
    site_news,
    static_files,
    sync_socket,
    webhook,
)
from prdgen.server.api import accounts, drafting, openapi, reading, reviewing, writing
from prdgen.server.api.operations import Operation

OPERATIONS: tuple[Operation, ...] = (
    *reading.OPERATIONS,
    *writing.OPERATIONS,
    *accounts.OPERATIONS,
    *reviewing.OPERATIONS,
    *drafting.OPERATIONS,
    *export_pages.OPERATIONS,
    *remote_pages.OPERATIONS,
    *notification_pages.OPERATIONS,
    *events_stream.OPERATIONS,
)
"""The API, whole."""


def all_routes() -> list[BaseRoute]:
    """Routes in the order they are tried."""
    return [
        Route("/", pages.home),
        Route("/pages", pages.page_list),
        Route("/p/{address:path}", pages.page_view),
        Route("/edit/{address:path}", pages.editor),
        Route("/history/{address:path}", history_pages.history, methods=["GET", "POST"]),
        Route("/diff/{address:path}", history_pages.difference, methods=["GET", "POST"]),
        Route("/blame/{address:path}", history_pages.blame_page),
        Route("/raw/{address:path}", pages.raw),
        Route("/export/{address:path}", pages.export_file),
        Route("/exports", export_pages.start, methods=["POST"]),
        Route("/exports/{id}", export_pages.export, methods=["GET", "POST"]),
        Route("/new", pages.new_page, methods=["GET", "POST"]),
        Route("/drafts", draft_pages.draft_list),
        Route("/drafts", draft_pages.start, methods=["POST"]),
        Route("/drafts/{name:path}", draft_pages.draft, methods=["GET", "POST"]),
        Route("/search", pages.search),
        Route("/requirements", pages.requirement_list),
        Route("/requirements/{id}", pages.requirement),
        Route("/sign-in", people_pages.sign_in),
        Route("/sign-in/{token}", people_pages.redeem, methods=["GET", "POST"]),
        Route("/sign-out", people_pages.sign_out, methods=["POST"]),
        Route("/people", people_pages.people_list, methods=["GET", "POST"]),
        Route("/tokens", people_pages.tokens, methods=["GET", "POST"]),
        Route("/remote", remote_pages.remote, methods=["GET", "POST"]),
        Route("/notifications", notification_pages.notification_list, methods=["GET", "POST"]),
        Route("/notifications/{id}", notification_pages.go),
        Route("/problems/{code}", pages.problem),
        Route("/api/openapi.json", _openapi),
        *(operation.route() for operation in OPERATIONS),
        WebSocketRoute("/sync", sync_socket.endpoint),
        Route("/git/{service:path}", git_http.serve, methods=["GET", "POST"]),
        Route("/webhooks/remote", webhook.remote, methods=["POST"]),
        Route(offline.SHELL, offline.shell),
        Route(offline.WORKER, offline.worker),
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", health.metrics),
        Route("/cache", health.cache),
        Mount("/static", static_files.Static(directory=html.STATIC)),
        Route("/draft-site/{address:path}", site_files.serve_draft),
        Route("/site-news", site_news.follow),
        Route("/site", site_files.root),
        Route("/site/{path:path}", site_files.serve),
    ]


async def _openapi(_: Request) -> Response:
    return JSONResponse(openapi.describe(OPERATIONS), media_type="application/json")
