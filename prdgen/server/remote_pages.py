"""The remote for people and programs: how it stands, and a look now."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen.errors import NotFound
from prdgen.flows import forge_report, forge_wanted, remote_report, remote_wanted
from prdgen.flows.remote_report import Report
from prdgen.server import auth, html
from prdgen.server.api.operations import (
    NULLABLE,
    STRING,
    Operation,
    as_json,
    form_of,
    listing,
    obj,
)
from prdgen.server.auth import app_of


async def remote(request: Request) -> Response:
    """How this server and its remote stand to each other, branch by branch; POST: look now."""
    auth.require(request, "reader", "see the remote")
    if request.method == "POST":
        auth.require(request, "editor", "have the remote asked")
        await form_of(request)
        if app_of(request).settings.remote:
            await remote_wanted.asked(app_of(request))
            await forge_wanted.now(app_of(request), look=True)
        return RedirectResponse("/remote", 303)
    report = await to_thread.run_sync(remote_report.of, app_of(request))
    forge = await to_thread.run_sync(forge_report.of, app_of(request))
    return html.render(request, "remote.html", title="Remote", report=report, forge=forge)


async def get_remote(request: Request) -> Response:
    """The same as JSON; raises NotFound when there is no remote."""
    return as_json(_shown(await _report(request)))


async def ask_remote(request: Request) -> Response:
    """Have the remote asked, and our commits sent, now."""
    report = await _report(request)
    await remote_wanted.asked(app_of(request))
    await forge_wanted.now(app_of(request), look=True)
    return as_json(_shown(report), 202)


async def _report(request: Request) -> Report:
    found = await to_thread.run_sync(remote_report.of, app_of(request))
    if found is None:
        raise NotFound(what="remote (none is set up)", where=request.url.path)
    return found


def _shown(report: Report) -> dict[str, Any]:
    facts = asdict(report)
    moments = {
        key: value.isoformat() if value else None
        for key, value in facts.items()
        if key.endswith("_at") or key == "failing_since"
    }
    return {**facts, **moments, "state": report.state, "looking": report.looking}


_BRANCH = obj(name=STRING, decide=STRING, hint=STRING, refused=STRING)
_REPORT = obj(
    address=STRING, state=STRING, tried_at=NULLABLE, fetched_at=NULLABLE, pushed_at=NULLABLE,
    asked_at=NULLABLE, looking={"type": "boolean"}, failure=STRING, hint=STRING, branches=listing(_BRANCH)["properties"]["items"],
)  # fmt: skip
OPERATIONS = (
    Operation("GET", "/api/remote", "Get how the remote stands.", get_remote, _REPORT),
    Operation("POST", "/api/remote", "Have the remote asked now.", ask_remote, _REPORT, "editor",
              status=202),
)  # fmt: skip
"""The remote's part of the API."""
