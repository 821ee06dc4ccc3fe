"""Several pages → one PDF or Word file: a selection, or the whole site in navigation order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from prdgen.builder import book_order, exports, pdf, word
from prdgen.builder import kept as kept_files
from prdgen.errors import Invalid
from prdgen.files.text import readable
from prdgen.flows import export, export_plan, publish
from prdgen.flows.clone import Clone, base_url
from prdgen.flows.errors import NoSuchPage, NotPublished

KINDS: Final = ("pdf", "docx")
"""The formats that hold several pages."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document of several pages."""

    branch: str
    commit: str
    kind: str
    paths: tuple[str, ...] = ()
    """Pages and folders; none of them: the whole site."""

    @property
    def kept_as(self) -> str:
        """The name under which its files are kept, of any commit."""
        return f"{self.branch}\0book\0" + "\0".join(self.paths)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page of the document, before it is rendered."""

    page_path: str
    content: str
    folder: str = ""


def chapters(clone: Clone, wanted: Wanted) -> list[Chapter]:
    """The pages that are asked for, in order: named ones as they are named, those of a folder and of
    the site in navigation order, without pages that are not published. Blocks.

    Raises NoSuchPage for a path that is neither page nor folder, Invalid when there is no page.
    """
    sources, _ = publish.gather(clone, wanted.commit, {})
    texts = {source.page_path: source for source in sources}
    whole = not wanted.paths
    folders = [path for path in wanted.paths if path not in texts]
    listed = book_order.listed(sources, export_plan.site_of(clone)) if whole or folders else []
    found: dict[str, str] = {} if not whole else dict(listed)
    inside = _inside([each for each, _ in listed]) if folders else {}
    for path in wanted.paths:
        if path in texts:
            found.setdefault(path, "")
            continue
        if path not in inside:
            raise NoSuchPage(page_path=path, branch=wanted.branch)
        for each in inside[path]:
            found.setdefault(each, "")
    if not found:
        raise Invalid(what="pages", where="export", expected="at least one page", got="none")
    return [Chapter(path, texts[path].read(), folder) for path, folder in found.items()]


def _inside(page_paths: Sequence[str]) -> dict[str, list[str]]:
    """Folder → the pages in it and below, in their order; the whole is `.`, or nothing."""
    found: dict[str, list[str]] = {}
    for each in page_paths:
        folder = each
        while folder:
            folder = folder.rpartition("/")[0]
            found.setdefault(folder, []).append(each)
    if page_paths:
        found["."] = found[""]
    return found


def name_of(clone: Clone, wanted: Wanted) -> str:
    """A name for it, made of all it depends on: who asks for the same gets the same. Blocks.

    Raises BadWordTemplate.
    """
    settings = clone.settings
    template = export_plan.word_template_blob(clone) if wanted.kind == "docx" else ""
    parts = [kept_files.makers(), wanted.branch, wanted.commit, wanted.kind, settings.site_url,
             base_url(settings), template, *wanted.paths]  # fmt: skip
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def check_published(clone: Clone, wanted: Wanted) -> None:
    """Raises NoSuchPage for a path that is neither page nor folder, NotPublished for a page that is
    named and that no reader of the site sees. Blocks.
    """
    sources, _ = publish.gather(clone, wanted.commit, {})
    named = {source.page_path: source for source in sources if source.page_path in wanted.paths}
    shown = book_order.published(named.values(), export_plan.site_of(clone))
    folders = _inside([source.page_path for source in sources])
    for path in wanted.paths:
        if path not in named and path not in folders:
            raise NoSuchPage(page_path=path, branch=wanted.branch)
        if path in named and path not in shown:
            raise NotPublished(page_path=path)


def is_kept(clone: Clone, wanted: Wanted, called: str) -> bool:
    """Whether the file that is `called` so is still there. Blocks."""
    return export.kept(clone).has(wanted.kept_as, wanted.kind, called)


def find(clone: Clone, wanted: Wanted, called: str) -> export.Exported | None:
    """The file that `make` kept under a name. Blocks."""
    known = export.kept(clone).known(wanted.kept_as, wanted.kind, called)
    return None if known is None else _handed_over(known, wanted, title_of(clone, wanted))


def make(
    clone: Clone, wanted: Wanted, progress: exports.Progress = exports.nobody_asks,
    called: str | None = None,
) -> export.Exported:  # fmt: skip
    """The document, kept by what it shows and under the name it is `called` (see `name_of`). Blocks.

    Raises Invalid for other formats, NoSuchPage, BadWordTemplate, ChildFailed, ChildTookTooLong, and
    what `progress` raises.
    """
    if wanted.kind not in KINDS:
        raise Invalid(what="format", where="export", expected=", ".join(KINDS), got=wanted.kind)
    files, title = export.kept(clone), title_of(clone, wanted)
    called = called or name_of(clone, wanted)
    known = files.known(wanted.kept_as, wanted.kind, called)
    if known is not None:
        return _handed_over(known, wanted, title)
    found = chapters(clone, wanted)
    progress(0, len(found))
    around = export_plan.around(
        clone, wanted.branch, wanted.commit, wanted.kind,
        frozenset(chapter.page_path for chapter in found),
    )  # fmt: skip
    parts = []
    for number, each in enumerate(found):
        # A page counts half when it is rendered, and whole when it is set.
        progress(number // 2, len(found))
        parts.append(around.part(each.page_path, each.content, each.folder))
    meta = exports.Meta(
        title=title, site_name=around.site_name, branch=wanted.branch, commit=wanted.commit,
        date=clone.repository.commit_info(wanted.commit).at, language=around.language,
        template_path=clone.settings.word_template,
    )  # fmt: skip
    key = _key(around, parts, meta)

    def draw() -> bytes:
        maker = pdf.make if wanted.kind == "pdf" else word.make
        return maker(
            parts, around.with_files(meta), nice=_NICE,
            progress=lambda done, pages: progress((pages + done) // 2, pages),
        )  # fmt: skip

    data = files.get(wanted.kept_as, wanted.kind, key, draw)
    files.note(wanted.kept_as, called, key)
    return _handed_over(data, wanted, title)


_NICE: Final = 5
"""Nobody's typing waits for a book."""


def title_of(clone: Clone, wanted: Wanted) -> str:
    """The site's name for the whole site, the folder's or page's for one path, else how many."""
    config = export_plan.site_of(clone)
    if not wanted.paths:
        return str(config.values.get("site_name") or "All pages") if config else "All pages"
    if len(wanted.paths) > 1:
        return f"{len(wanted.paths)} pages" if all(map(_is_page, wanted.paths)) else "Selection"
    (path,) = wanted.paths
    data = clone.repository.read(wanted.commit, path) if _is_page(path) else None
    if data is not None:
        return book_order.title(path, readable(data))
    return book_order.folder_title(path)


def _handed_over(data: bytes, wanted: Wanted, title: str) -> export.Exported:
    name = f"{_file_name(title)}.{wanted.kind}"
    return export.Exported(data, export.MEDIA_TYPES[wanted.kind], name)


def _is_page(path: str) -> bool:
    return path.lower().endswith((".md", ".markdown"))


def _key(around: export_plan.Around, parts: Sequence[exports.Part], meta: exports.Meta) -> str:
    digest = hashlib.sha256(kept_files.makers().encode())
    for each in (
        around.kind,
        repr(meta),
        repr(sorted(around.shown.items())),
        around.template_blob(),
    ):
        digest.update(f"{each}\0".encode())
    for part in parts:
        digest.update(f"{part!r}\0".encode())
    return digest.hexdigest()[:32]


def _file_name(title: str) -> str:
    return re.sub(r"[^\w.-]+", "-", title).strip("-.").lower() or "pages"
