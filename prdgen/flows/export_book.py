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
from prdgen.flows.clone import Clone
from prdgen.flows.errors import NoSuchPage

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
    def id(self) -> str:
        """A name for it: who asks for the same gets the same."""
        parts = [kept_files.makers(), self.branch, self.commit, self.kind, *self.paths]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


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
    for path in wanted.paths:
        if path in texts:
            found.setdefault(path, "")
            continue
        inside = [each for each, _ in listed if path in {"", "."} or each.startswith(f"{path}/")]
        if not inside:
            raise NoSuchPage(page_path=path, branch=wanted.branch)
        for each in inside:
            found.setdefault(each, "")
    if not found:
        raise Invalid(what="pages", where="export", expected="at least one page", got="none")
    return [Chapter(path, texts[path].read(), folder) for path, folder in found.items()]


def make(
    clone: Clone, wanted: Wanted, progress: exports.Progress = exports.nobody_asks
) -> export.Exported:
    """The document, kept by what it shows. Blocks.

    Raises Invalid for other formats, NoSuchPage, BadWordTemplate, ChildFailed, ChildTookTooLong, and
    what `progress` raises.
    """
    if wanted.kind not in KINDS:
        raise Invalid(what="format", where="export", expected=", ".join(KINDS), got=wanted.kind)
    page = f"{wanted.branch}\0book\0" + "\0".join(wanted.paths)
    files, title = export.kept(clone), title_of(clone, wanted)
    known = files.known(page, wanted.kind, wanted.id)
    name = f"{_file_name(title)}.{wanted.kind}"
    if known is not None:
        return export.Exported(known, export.MEDIA_TYPES[wanted.kind], name)
    found = chapters(clone, wanted)
    progress(0, len(found))
    around = export_plan.around(
        clone, wanted.branch, wanted.commit, wanted.kind,
        frozenset(chapter.page_path for chapter in found),
    )  # fmt: skip
    parts = [around.part(each.page_path, each.content, each.folder) for each in found]
    meta = exports.Meta(
        title=title, site_name=around.site_name, branch=wanted.branch, commit=wanted.commit,
        date=clone.repository.commit_info(wanted.commit).at, language=around.language,
        template_path=clone.settings.word_template,
    )  # fmt: skip
    key = _key(around, parts, meta)
    maker = pdf.make if wanted.kind == "pdf" else word.make
    data = files.get(
        page, wanted.kind, key,
        lambda: maker(parts, around.with_files(meta), nice=_NICE, progress=progress),
    )  # fmt: skip
    files.note(page, wanted.id, key)
    return export.Exported(data, export.MEDIA_TYPES[wanted.kind], name)


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
