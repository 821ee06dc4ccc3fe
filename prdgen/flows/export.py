"""page → file: PDF, Word, Markdown, JSON, all from the one rendering."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from anyio import to_thread

from prdgen.builder import exports, pdf, render, word
from prdgen.errors import Invalid
from prdgen.events import Event
from prdgen.flows import pages_of, read
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.git import log as git_log
from prdgen.page import facts
from prdgen.store import event_log

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
}
"""Format → media type of what is exported."""
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
_MODES: dict[str, render.Mode] = {"pdf": "pdf", "docx": "word"}


@dataclass(frozen=True, slots=True)
class Exported:
    """A file ready to be handed over."""

    data: bytes
    media_type: str
    file_name: str


async def file(
    app: App, branch: str, page_path: str, kind: str, commit: str | None = None
) -> Exported:
    """A page as `pdf`, `docx`, `md` or `json`, as a commit has it (the tip unless given).

    Raises Invalid for other formats, NoSuchPage, PangoMissing, ChildFailed, ChildTookTooLong.
    """
    content, at = await read.source(app, branch, page_path, commit)
    if kind == "json":
        view = await read.page(app, branch, page_path, at)
        made = Exported(_json(view), MEDIA_TYPES["json"], _name(page_path, kind))
    else:
        made = await to_thread.run_sync(make, app, branch, page_path, content, at, kind)
    async with app.store.transaction() as tx:
        await event_log.record(
            tx, [Event("prd.exported", branch, page_path, data={"format": kind, "commit": at})]
        )
    return made


def make(clone: Clone, branch: str, page_path: str, content: str, at: str, kind: str) -> Exported:
    """The same without a server; blocks."""
    if kind not in MEDIA_TYPES:
        raise Invalid(what="format", where="export", expected=", ".join(MEDIA_TYPES), got=kind)
    if kind == "md":
        return Exported(content.encode(), MEDIA_TYPES["md"], _name(page_path, kind))
    images = _images(clone, at)
    known = _titles(clone, at)
    base = (clone.settings.site_url or clone.settings.base_url).rstrip("/")

    def link(path: str, fragment: str) -> str:
        return f"{base}{read.address('p', branch, path)}" + (f"#{fragment}" if fragment else "")

    rendered = render.render(
        page_path,
        content,
        context=render.RenderContext(
            branch=branch, commit=at, known_pages=known, link=link,
            asset=exports.asset(images), mode=_MODES.get(kind, "preview"),
        ),
    )  # fmt: skip
    if kind == "json":
        view = read.PageView(branch, page_path, at, content, rendered, None)
        return Exported(_json(view), MEDIA_TYPES["json"], _name(page_path, kind))
    part = exports.Part(rendered.title, rendered.html, rendered.outline)
    meta = _meta(clone, branch, page_path, content, at, images)
    data = pdf.make([part], meta) if kind == "pdf" else word.make([part], meta)
    return Exported(data, MEDIA_TYPES[kind], _name(page_path, kind))


def _json(view: read.PageView) -> bytes:
    return json.dumps(structure(view), ensure_ascii=False, indent=2, default=str).encode()


def structure(view: read.PageView) -> dict[str, Any]:
    """The API's output of a page: the rendering as data."""
    rendered = view.rendered
    return {
        "branch": view.branch,
        "page_path": view.page_path,
        "commit": view.commit,
        "title": rendered.title,
        "front_matter": rendered.front_matter,
        "outline": [asdict(each) for each in rendered.outline],
        "requirements": [asdict(each) for each in rendered.requirements],
        "links": [asdict(each) for each in rendered.links],
        "problems": [asdict(each) for each in rendered.problems],
        "html": rendered.html,
        "markdown": view.text,
    }


def _meta(
    clone: Clone, branch: str, page_path: str, content: str, at: str, images: dict[str, bytes]
) -> exports.Meta:
    about = facts.of(page_path, content)
    info = clone.repository.commit_info(at)
    authors = {v.author_name: None for v in clone.repository.history(at, page_path, limit=100)}
    return exports.Meta(
        title=about.title, status=about.status, owner=about.owner, description=about.description,
        tags=about.tags, authors=list(authors), page_path=page_path, branch=branch, commit=at,
        date=info.at, files=images,
    )  # fmt: skip


def _images(clone: Clone, at: str) -> dict[str, bytes]:
    repository = clone.repository
    return {
        entry.path: git_log.blob(repository, entry.blob)
        for entry in repository.files(at)
        if entry.path.lower().endswith(_IMAGES) and entry.size < 20_000_000
    }


def _titles(clone: Clone, at: str) -> dict[str, str]:
    globs = pages_of.globs(clone)
    return {e.path: e.path for e in clone.repository.files(at) if globs.match(e.path)}


def _name(page_path: str, kind: str) -> str:
    return f"{page_path.rsplit('/', 1)[-1].rsplit('.', 1)[0]}.{kind}"
