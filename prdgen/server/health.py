"""`/healthz`, `/readyz`, `/metrics`: for whoever looks after the server."""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from prdgen import __version__
from prdgen.errors import PrdgenError
from prdgen.flows import forge_report, remote_report
from prdgen.server.auth import app_of


async def healthz(_: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok", "version": __version__})


async def readyz(request: Request) -> Response:
    """Database, cache and repository answer; else 503, naming which does not. `remote` says whether
    it is `ok`, `new`, `failing` or `undecided`; people are served whatever it is.
    """
    app = app_of(request)
    failed: dict[str, str] = {}
    for name, ping in (("database", app.store.ping), ("cache", app.bus.ping)):
        try:
            await ping()
        except PrdgenError as error:
            failed[name] = str(error)
    if app.repository.tip(app.main_branch) is None:
        failed["repository"] = f"no branch {app.main_branch}"
    status = "unavailable" if failed else "ready"
    answer: dict[str, object] = {"status": status, "failed": failed}
    if report := await to_thread.run_sync(remote_report.of, app):
        answer["remote"] = report.state
    return JSONResponse(answer, 503 if failed else 200)


async def metrics(request: Request) -> Response:
    """Figures in Prometheus' text format."""
    app = app_of(request)
    rooms = app.rooms.open if app.rooms else ()
    lives = app.keeper.all() if app.keeper else []
    figures = {
        "prdgen_rooms_open": len(rooms),
        "prdgen_peers": sum(len(room.peers) for room in rooms),
        "prdgen_documents_kept": len(lives),
        "prdgen_documents_uncommitted": sum(live.uncommitted for live in lives),
        "prdgen_documents_paused": sum(live.paused is not None for live in lives),
    }
    if forge := await to_thread.run_sync(forge_report.of, app):
        figures["prdgen_forge_failing"] = forge.state == "failing"
    if report := await to_thread.run_sync(remote_report.of, app):
        figures["prdgen_remote_failing"] = report.state == "failing"
        figures["prdgen_remote_branches_undecided"] = len(report.undecided)
        figures["prdgen_remote_commits_waiting"] = sum(each.ahead or 0 for each in report.branches)
    lines = [f"# TYPE {name} gauge\n{name} {int(value)}\n" for name, value in figures.items()]
    return PlainTextResponse("".join(lines), media_type="text/plain; version=0.0.4")
