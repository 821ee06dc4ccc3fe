"""page → file: PDF, Word, Markdown, JSON, all from the one rendering."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Final

from anyio import to_thread

from prdgen.builder import exports, pdf, render, word
from prdgen.builder import kept as kept_files
from prdgen.builder.kept import Kept
from prdgen.errors import Invalid
from prdgen.events import Event
from prdgen.flows import pages_of, publish, read
from prdgen.flows.clone import Clone, base_url
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchBranch, NoSuchPage
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
_NICE: Final = 10
"""How far making files that nobody waits for steps back."""


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

    PDF and Word are kept by what they show. Raises Invalid for other formats, NoSuchPage,
    PangoMissing, ChildFailed, ChildTookTooLong.
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
    planned = _plan(clone, branch, page_path, content, at, kind)
    if kind == "json":
        view = read.PageView(branch, page_path, at, content, planned.rendered, None)
        return Exported(_json(view), MEDIA_TYPES["json"], _name(page_path, kind))
    data = kept(clone).get(_page(branch, page_path), kind, planned.key, planned.draw)
    return Exported(data, MEDIA_TYPES[kind], _name(page_path, kind))


async def wanted(app: App, branch: str, page_path: str) -> bool:
    """Whether somebody asked for files of this page lately, so that new ones are made unasked."""
    return bool(await to_thread.run_sync(kept(app).asked, _page(branch, page_path)))


async def renew(app: App, branch: str, page_path: str) -> None:
    """Make the files people ask for anew, after the page changed, so that nobody waits for them."""

    def work(content: str, at: str) -> None:
        files, page = kept(app), _page(branch, page_path)
        for kind in files.asked(page):
            planned = _plan(app, branch, page_path, content, at, kind)
            files.renew(page, kind, planned.key, partial(planned.draw, _NICE))

    try:
        content, at = await read.source(app, branch, page_path)
    except (NoSuchPage, NoSuchBranch):
        return
    await to_thread.run_sync(work, content, at)


def kept(clone: Clone) -> Kept:
    """The exported files this clone keeps."""
    return Kept(clone.state_dir / "exports")


@dataclass(frozen=True, slots=True)
class _Planned:
    """A document before it is drawn: all that it depends on is known."""

    clone: Clone
    kind: str
    rendered: render.Rendered
    meta: exports.Meta
    images: dict[str, str]
    """Path → blob of the images it shows."""

    @property
    def key(self) -> str:
        """The hash of what the file depends on."""
        parts = [kept_files.makers(), self.kind, self.rendered.title, self.rendered.html,
                 repr(self.rendered.outline), repr(self.meta), repr(sorted(self.images.items()))]  # fmt: skip
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def draw(self, nice: int = 0) -> bytes:
        """Blocks for about a second."""
        repository = self.clone.repository
        files = {path: git_log.blob(repository, blob) for path, blob in self.images.items()}
        part = exports.Part(self.rendered.title, self.rendered.html, self.rendered.outline)
        maker = pdf.make if self.kind == "pdf" else word.make
        return maker([part], replace(self.meta, files=files), nice=nice)


def _plan(clone: Clone, branch: str, page_path: str, content: str, at: str, kind: str) -> _Planned:
    blobs = _images(clone, at)
    shown: dict[str, str] = {}

    def asset(path: str) -> str | None:
        if path not in blobs:
            return None
        shown[path] = blobs[path]
        return exports.address(path)

    rendered = render.render(
        page_path,
        content,
        context=render.RenderContext(
            branch=branch, commit=at, known_pages=_titles(clone, at),
            link=_links(clone, branch), asset=asset, mode=_MODES.get(kind, "preview"),
        ),
    )  # fmt: skip
    return _Planned(clone, kind, rendered, _meta(clone, branch, page_path, content, at), shown)


def _links(clone: Clone, branch: str) -> Callable[[str, str], str]:
    """Where a document's links to pages lead: to the site when it has an address, else here."""
    settings = clone.settings
    on_site = bool(settings.site_url) and branch == clone.main_branch
    site = publish.published(clone)

    def link(path: str, fragment: str) -> str:
        tail = f"#{fragment}" if fragment else ""
        url = site.url(path) if on_site else None
        if url is not None:
            return f"{settings.site_url.rstrip('/')}/{url}{tail}"
        return f"{base_url(settings)}{read.address('p', branch, path)}{tail}"

    return link


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


def _meta(clone: Clone, branch: str, page_path: str, content: str, at: str) -> exports.Meta:
    about = facts.of(page_path, content)
    versions = clone.repository.history(at, page_path, limit=100)
    # The version is the page's own, so that other pages' commits make no other file of it.
    last = versions[0].commit if versions else at
    return exports.Meta(
        title=about.title, status=about.status, owner=about.owner, description=about.description,
        tags=about.tags, authors=list(dict.fromkeys(v.author_name for v in versions)),
        page_path=page_path, branch=branch, commit=last, date=clone.repository.commit_info(last).at,
    )  # fmt: skip


def _page(branch: str, page_path: str) -> str:
    return f"{branch}\0{page_path}"


def _images(clone: Clone, at: str) -> dict[str, str]:
    """Path → blob of every image that may be shown."""
    return {
        entry.path: entry.blob
        for entry in clone.repository.files(at)
        if entry.path.lower().endswith(_IMAGES) and entry.size < 20_000_000
    }


def _titles(clone: Clone, at: str) -> dict[str, str]:
    globs = pages_of.globs(clone)
    return {e.path: e.path for e in clone.repository.files(at) if globs.match(e.path)}


def _name(page_path: str, kind: str) -> str:
    return f"{page_path.rsplit('/', 1)[-1].rsplit('.', 1)[0]}.{kind}"
