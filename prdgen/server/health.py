"""`/healthz`, `/readyz`, `/metrics`: for whoever looks after the server."""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from prdgen import __version__
from prdgen.errors import PrdgenError
from prdgen.flows import delivery_report, forge_report, level_report, remote_report
from prdgen.flows.context import App
from prdgen.server import auth, html
from prdgen.server.auth import app_of


async def healthz(_: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok", "version": __version__})


async def readyz(request: Request) -> Response:
    """Database, cache and repository answer; else 503, naming which does not. `remote` says whether
    it is `ok`, `new`, `failing` or `undecided`, `publish` whether publishing elsewhere is `ok`, `new`,
    `failing` or `untold`, and `site` whether it is read from every level (`ok`), `without valkey` or
    `stale`; people are served whatever these are.
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
    site = level_report.state(app.levels)
    answer: dict[str, object] = {"status": status, "failed": failed, "site": site}
    if report := await to_thread.run_sync(remote_report.of, app):
        answer["remote"] = report.state
    if delivery := await to_thread.run_sync(delivery_report.of, app):
        answer["publish"] = delivery.state
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
    if delivery := await to_thread.run_sync(delivery_report.of, app):
        figures["prdgen_publish_failing"] = delivery.state == "failing"
        figures["prdgen_publish_cdn_untold"] = bool(delivery.untold)
    figures["prdgen_site_stale"] = level_report.state(app.levels) == "stale"
    figures["prdgen_site_without_valkey"] = app.levels.valkey.rests
    lines = [f"# TYPE {name} gauge\n{name} {int(value)}\n" for name, value in figures.items()]
    lines += _levels(app)
    return PlainTextResponse("".join(lines), media_type="text/plain; version=0.0.4")


async def cache(request: Request) -> Response:
    """How often each cache level of this process had what was asked."""
    auth.require(request, "maintainer", "see the cache levels")
    levels = app_of(request).levels
    return html.render(request, "cache.html", title="Cache levels", rows=level_report.of(levels),
                       levels=levels, state=level_report.state(levels))  # fmt: skip


def _levels(app: App) -> list[str]:
    """The cache levels in Prometheus' format, one series a level."""
    rows, levels = level_report.of(app.levels), app.levels
    lines: list[str] = []

    def add(name: str, kind: str, values: dict[str, float]) -> None:
        lines.append(f"# TYPE prdgen_site_{name} {kind}\n")
        lines.extend(
            f'prdgen_site_{name}{{level="{level}"}} {value:g}\n' for level, value in values.items()
        )

    add("level_hits_total", "counter", {row.level: row.count.hits for row in rows})
    add("level_misses_total", "counter", {row.level: row.count.misses for row in rows})
    add("level_failures_total", "counter", {row.level: row.count.failures for row in rows})
    add("level_age_seconds_sum", "counter", {row.level: row.count.age_sum for row in rows})
    add("level_age_seconds_max", "gauge", {row.level: row.count.age_most for row in rows})
    add("level_entries", "gauge", {r.level: r.entries for r in rows if r.entries is not None})
    add("level_bytes", "gauge", {r.level: r.bytes for r in rows if r.bytes is not None})
    for name, value in (("joined", levels.flights.joined), ("served_stale", levels.stale)):
        lines.append(f"# TYPE prdgen_site_{name}_total counter\nprdgen_site_{name}_total {value}\n")
    return lines
