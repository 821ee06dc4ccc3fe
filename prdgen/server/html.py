"""Pages for people: Jinja templates with everything they share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from prdgen import __version__
from prdgen.errors import PrdgenError

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_AGES = ((60, "second"), (60, "minute"), (24, "hour"), (30, "day"), (12, "month"))


def render(
    request: Request, template: str, status: int = 200,
    headers: Mapping[str, str] | None = None, **values: Any,
) -> Response:  # fmt: skip
    """A page from a template. Every template knows who asks, the nonce, and the address asked."""
    visitor = getattr(request.state, "visitor", None)
    # Neither: nobody could be looked up just now.
    session = "in" if visitor else "out" if hasattr(request.state, "visitor") else "unknown"
    app = request.app.state.app

    def on(branch: str) -> str:
        return "" if branch == app.main_branch else f"?branch={quote(branch, safe='')}"

    text = _environment().get_template(template).render(
        request=request, visitor=visitor, session=session, nonce=getattr(request.state, "nonce", ""), version=__version__,
        main_branch=app.main_branch, on=on, csrf=form_token(visitor), path=request.url.path,
        unread=getattr(request.state, "unread", None), **values,
    )  # fmt: skip
    answer = HTMLResponse(text, status, headers=dict(headers or {}))
    answer.headers.setdefault("Cache-Control", "no-cache")
    return answer


def error_page(
    request: Request, error: PrdgenError, headers: Mapping[str, str], links: Sequence[Any] = ()
) -> Response:
    """What went wrong, and what to do now, on a page of its own."""
    return render(
        request, "error.html", error.status, headers, error=error, links=links, title="Error"
    )


def form_token(visitor: Any) -> str:
    """The token forms carry against cross-site requests: derived from the session's secret."""
    if visitor is None:
        return ""
    return hashlib.sha256(b"prdgen form\0" + visitor.secret.encode()).hexdigest()[:32]


def ago(at: datetime) -> str:
    """How long ago, in one unit: `3 minutes ago`."""
    count = max(0.0, (datetime.now(UTC) - at).total_seconds())
    if count < 10:
        return "just now"
    for size, unit in _AGES:
        if count < size:
            return f"{count:.0f} {unit}{'' if round(count) == 1 else 's'} ago"
        count /= size
    return f"{count:.0f} year{'' if round(count) == 1 else 's'} ago"


def marked(snippet: str) -> Markup:
    """A search snippet with its hits marked; everything else escaped."""
    safe = str(Markup.escape(snippet))
    return Markup(safe.replace("\x02", "<mark>").replace("\x03", "</mark>"))  # noqa: S704


@cache
def asset(name: str) -> str:
    """The address of a static file, with its content's hash, so that it can be kept for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


@dataclass(frozen=True, slots=True)
class Built:
    """The addresses of one entry of the built editor and of what it needs at once."""

    entry: str
    css: tuple[str, ...]
    preload: tuple[str, ...]
    wasm: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """All files, each once."""
        return tuple(dict.fromkeys((*self.preload, *self.css, *self.wasm)))


@cache
def built(source: str) -> Built | None:
    """What Vite made of an entry (`src/main.ts`); None when the editor was not built."""
    manifest = STATIC / "editor" / "manifest.json"
    if not manifest.is_file():
        return None
    parts: dict[str, Any] = json.loads(manifest.read_text("utf-8"))
    needed: dict[str, Any] = {}

    def need(name: str) -> None:
        if name not in needed:
            needed[name] = parts[name]
            for other in parts[name].get("imports", []):
                need(other)

    need(source)
    files = [name for part in needed.values() for name in part.get("assets", [])]
    return Built(
        entry=_built(parts[source]["file"]),
        css=tuple(_built(name) for part in needed.values() for name in part.get("css", [])),
        preload=tuple(_built(part["file"]) for part in needed.values()),
        wasm=tuple(_built(name) for name in files if name.endswith(".wasm")),
    )


def _built(name: str) -> str:
    return f"/static/editor/{name}"


def template(name: str) -> jinja2.Template:
    """A template by itself, for what is the same for everybody."""
    return _environment().get_template(name)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"ago": ago, "marked": marked, "path": quote}
    environment.globals |= {"asset": asset, "built": built}
    return environment
