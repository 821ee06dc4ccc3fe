"""page → file: PDF, Word, Markdown, JSON, all from the one rendering."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

from anyio import to_thread

from prdgen.builder import exports, pdf, word
from prdgen.builder import kept as kept_files
from prdgen.builder.kept import Kept
from prdgen.errors import Invalid
from prdgen.events import Event
from prdgen.flows import export_comments, export_plan, publish, read
from prdgen.flows.clone import Clone, base_url
from prdgen.flows.context import App
from prdgen.flows.conversation import Placed
from prdgen.flows.errors import NoSuchBranch, NoSuchPage
from prdgen.flows.export_plan import Around
from prdgen.store import event_log

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
}
"""Format → media type of what is exported."""
_NICE: Final = 10
"""How far making files that nobody waits for steps back."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file ready to be handed over."""

    data: bytes
    media_type: str
    file_name: str


async def file(
    app: App, branch: str, page_path: str, kind: str, commit: str | None = None, *,
    comments: bool = False,
) -> Exported:  # fmt: skip
    """A page as `pdf`, `docx`, `md` or `json`, as a commit has it (the tip unless given); Word with the
    open `comments` of the draft's review when they are wanted.

    PDF and Word are kept by what they show. Raises Invalid for comments in another format, for other formats, NoSuchPage,
    BadWordTemplate, ChildFailed, ChildTookTooLong.
    """
    _check(kind, comments=comments)
    content, at = await read.source(app, branch, page_path, commit)
    if kind == "json":
        view = await read.page(app, branch, page_path, at)
        made = Exported(_json(view), MEDIA_TYPES["json"], _name(page_path, kind))
    else:
        made = await to_thread.run_sync(_made, app, branch, page_path, content, at, kind, comments)
    async with app.store.transaction() as tx:
        await event_log.record(
            tx, [Event("prd.exported", branch, page_path, data={"format": kind, "commit": at})]
        )
    return made


def _check(kind: str, *, comments: bool) -> None:
    if kind not in MEDIA_TYPES:
        raise Invalid(what="format", where="export", expected=", ".join(MEDIA_TYPES), got=kind)
    if comments and kind != "docx":
        raise Invalid(what="comments", where="export", expected="the format docx", got=kind)


def _made(
    clone: Clone, branch: str, page_path: str, content: str, at: str, kind: str, comments: bool
) -> Exported:
    return make(clone, branch, page_path, content, at, kind, comments=comments)


def make(
    clone: Clone, branch: str, page_path: str, content: str, at: str, kind: str, *,
    comments: bool = False,
) -> Exported:  # fmt: skip
    """The same without a server; blocks."""
    _check(kind, comments=comments)
    if kind == "md":
        return Exported(content.encode(), MEDIA_TYPES["md"], _name(page_path, kind))
    if kind == "json":
        rendered = export_plan.around(clone, branch, at, kind).rendered(page_path, content)
        view = read.PageView(branch, page_path, at, content, rendered, None)
        return Exported(_json(view), MEDIA_TYPES["json"], _name(page_path, kind))
    said = export_comments.of_page(clone, branch, page_path, at) if comments else []
    seen = _seen(clone, branch, page_path, content, at, kind, said)
    # What is said changes without a commit: nobody makes these files unasked.
    files, page = kept(clone), _page(branch, page_path) + "\0comments" * bool(said)
    data = files.known(page, kind, seen)
    if data is None:
        planned = _plan(clone, branch, page_path, content, at, kind, said)
        data = files.get(page, kind, planned.key, planned.draw)
        files.note(page, seen, planned.key)
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

    around: Around
    part: exports.Part
    meta: exports.Meta

    @property
    def key(self) -> str:
        """The hash of what the file depends on."""
        parts = [kept_files.makers(), self.around.kind, repr(self.part), repr(self.meta),
                 repr(sorted(self.around.shown.items())), self.around.template_blob()]  # fmt: skip
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def draw(self, nice: int = 0) -> bytes:
        """Blocks for about a second."""
        maker = pdf.make if self.around.kind == "pdf" else word.make
        return maker([self.part], self.around.with_files(self.meta), nice=nice)


def _plan(
    clone: Clone, branch: str, page_path: str, content: str, at: str, kind: str,
    said: Sequence[Placed] = (),
) -> _Planned:  # fmt: skip
    around = export_plan.around(clone, branch, at, kind)
    part = around.part(page_path, content, said=said)
    return _Planned(around, part, export_plan.meta_of(around, page_path, content))


def _seen(
    clone: Clone, branch: str, page_path: str, content: str, at: str, kind: str,
    said: Sequence[Placed],
) -> str:  # fmt: skip
    """A name for all that a file can depend on, found without looking at the page: who asks for
    the same of the same commit again is answered at once.
    """
    settings = clone.settings
    site = publish.published(clone).url(page_path) if settings.site_url else ""
    template = ""
    if kind == "docx" and settings.word_template:
        template = clone.repository.tip(clone.main_branch) or ""
    parts = [kept_files.makers(), kind, branch, page_path, content, at, settings.site_url,
             base_url(settings), str(site), template, settings.word_template, repr(said or "")]  # fmt: skip
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


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


def _page(branch: str, page_path: str) -> str:
    return f"{branch}\0{page_path}"


def _name(page_path: str, kind: str) -> str:
    return f"{page_path.rsplit('/', 1)[-1].rsplit('.', 1)[0]}.{kind}"
