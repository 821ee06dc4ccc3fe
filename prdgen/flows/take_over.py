"""an existing MkDocs repository → what of it is carried on as it is, and what is not, by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prdgen import settings
from prdgen.builder import site_config
from prdgen.files import text as texts
from prdgen.files.errors import NotEditable
from prdgen.flows import clone as clones
from prdgen.flows import pages_of, site_file
from prdgen.flows.clone import Clone
from prdgen.git import log as git_log
from prdgen.git import setup
from prdgen.merge import diff
from prdgen.page import material

CONFIG = "mkdocs.yml"


@dataclass(frozen=True)
class TakenOver:
    """What became of an MkDocs repository."""

    carried: tuple[str, ...]
    """What goes on working, in words."""
    left: tuple[str, ...]
    """What does not: `path:line: message hint`."""
    notation: dict[str, list[material.Place]]
    """Pages with Material's own notation that nobody but MkDocs reads."""


def look(folder: Path) -> TakenOver | None:
    """What of the MkDocs repository at `folder` is carried on; None when nothing is committed there.

    Raises BadSiteConfig.
    """
    clone = clones.open_clone(settings.load(folder))
    tip = clone.repository.tip(clone.main_branch)
    data = clone.repository.read(tip, CONFIG) if tip else None
    if tip is None or data is None:
        return None
    config = site_config.read(data)
    left = [
        f"{found.path}:{found.line}: {found.message}. {found.hint}"
        for found in site_file.findings(clone, tip)
    ]
    return TakenOver(tuple(_carried(clone, tip, config)), tuple(left), notation(clone, tip))


def notation(clone: Clone, tip: str) -> dict[str, list[material.Place]]:
    """The pages of a commit in which Material's notation stands."""
    found = {}
    for path, written in _texts(clone, tip):
        if places := material.places(written):
            found[path] = places
    return found


def convert(folder: Path) -> list[str]:
    """Write Material's notation as GitHub reads it, in the working tree and in a commit; the pages.

    Only pages that are as they were committed: what somebody is in the middle of stays.
    """
    clone = clones.open_clone(settings.load(folder))
    tip, written = clones.tip_of(clone, clone.main_branch), []
    for path, places in notation(clone, tip).items():
        file, entry = folder / path, clone.repository.entry(tip, path)
        if not places or entry is None or file.is_symlink() or not file.is_file():
            continue
        data = file.read_bytes()
        if data != git_log.blob(clone.repository, entry.blob):
            continue
        try:
            page = texts.decode(data).text
        except NotEditable:
            continue
        splices = diff.splices(page, material.converted(page))
        if not splices:
            continue
        file.write_bytes(texts.patch(data, splices))
        written.append(path)
    if written:
        setup.commit_paths(folder, written, "Write Material's notation as GitHub reads it")
    return written


def _texts(clone: Clone, tip: str) -> Iterator[tuple[str, str]]:
    globs = pages_of.globs(clone)
    for entry in clone.repository.files(tip):
        if globs.match(entry.path):
            yield entry.path, texts.readable(git_log.blob(clone.repository, entry.blob))


def _carried(clone: Clone, tip: str, config: site_config.SiteConfig) -> Iterator[str]:
    values, globs = config.values, pages_of.globs(clone)
    pages = sum(1 for entry in clone.repository.files(tip) if globs.match(entry.path))
    yield f"{pages} page{'' if pages == 1 else 's'} in {config.docs_dir}/, at their addresses"
    if isinstance(values.get("nav"), list):
        yield "nav, as it is written"
    for key in ("exclude_docs", "draft_docs", "not_in_nav", "edit_uri", "edit_uri_template"):
        if values.get(key):
            yield key
    if config.redirects:
        yield f"{len(config.redirects)} redirects of the plug-in `redirects`"
    if config.custom_dir:
        count = sum(1 for _ in clone.repository.files(tip, below=config.custom_dir))
        yield f"{count} theme files in {config.custom_dir}/"
    for key in ("extra_css", "extra_javascript"):
        if values.get(key):
            yield f"{key} ({len(values[key])})"
