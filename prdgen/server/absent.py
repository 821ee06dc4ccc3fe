"""An address where no page is any more: on to where the page went, or to words that say what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from prdgen.errors import Forbidden, PrdgenError
from prdgen.flows import gone, read, whom
from prdgen.flows.context import App
from prdgen.flows.errors import (
    DraftEnded,
    NoSuchBranch,
    NoSuchPage,
    PageDeleted,
    PageRecovered,
    PageRenamed,
)
from prdgen.flows.write_rules import MayNotWrite

_FOLLOWED: Final = {"GET", "HEAD"}


@dataclass(frozen=True, slots=True)
class Link:
    """A way on from an error page."""

    text: str
    address: str


async def known(request: Request, error: PrdgenError) -> PrdgenError:
    """The same error, or one that says what became of the page or of its branch, or whom to ask."""
    app: App = request.app.state.app
    if isinstance(error, Forbidden | MayNotWrite):
        return await whom.named(app, error)
    if isinstance(error, NoSuchPage) and {"branch", "page_path"} <= error.facts.keys():
        branch, page_path = str(error.facts["branch"]), str(error.facts["page_path"])
        return await gone.page(app, branch, page_path) or error
    if isinstance(error, NoSuchBranch) and (address := _of_branch(request)):
        return await to_thread.run_sync(gone.branch, app, address) or error
    return error


def _of_branch(request: Request) -> str:
    """What was asked for of a branch, as `<branch>/<page_path>`, or `<branch>/`."""
    named = request.query_params.get("branch")
    return str(request.path_params.get("address") or (f"{named}/" if named else ""))


def onward(request: Request, error: PrdgenError) -> Response | None:
    """The way to where a renamed page is now, with what was asked of it; None: it was not renamed.

    Not for ever, and to be asked again each time: another page may come to stand at the old path.
    """
    address = request.path_params.get("address")
    if not isinstance(error, PageRenamed) or address is None or request.method not in _FOLLOWED:
        return None
    old, now = str(error.facts["page_path"]), str(error.facts["now"])
    prefix = request.url.path.removesuffix(address)
    branch = str(error.facts["branch"])
    # `/export/main/docs/page.pdf` names the file, not the page.
    ending = address.removeprefix(f"{branch}/").removeprefix(old.removesuffix(".md"))
    named = now.removesuffix(".md") + ending if ending != ".md" else now
    where = f"{prefix}{quote(branch)}/{quote(named)}"
    where += f"?{request.url.query}" if request.url.query else ""
    headers = {"Cache-Control": "no-cache", "Location": where}
    if request.url.path.startswith("/api/"):
        body = error.problem() | {"instance": request.url.path, "page_path": now, "location": where}
        return JSONResponse(body, 307, media_type="application/problem+json", headers=headers)
    return RedirectResponse(where, 302, headers={"Cache-Control": "no-cache"})


def links(error: PrdgenError) -> Sequence[Link]:
    """Where someone may want to go from here."""
    facts = error.facts
    match error:
        case PageRenamed():
            return [Link("The page", read.address("p", facts["branch"], facts["now"]))]
        case PageRecovered():
            return [
                Link("What was kept", f"/drafts/{quote(facts['draft'])}"),
                Link("Its history", read.address("history", facts["branch"], facts["page_path"])),
            ]
        case PageDeleted():
            return [
                Link("Its history", read.address("history", facts["branch"], facts["page_path"])),
                Link("Its last version", read.address("p", facts["branch"], facts["page_path"])
                     + f"?commit={facts['before']}"),
            ]  # fmt: skip
        case DraftEnded():
            found = [Link("The draft", f"/drafts/{quote(facts['id'])}")]
            if facts["now"]:
                there = read.address("p", facts["main"], facts["now"])
                found.insert(0, Link(f"The page on {facts['main']}", there))
            return found
        case NoSuchBranch():
            return [Link("Pages of the main branch", "/pages")]
    return []
