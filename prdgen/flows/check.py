"""working tree or commit → problems: everything `prdgen check` and the hooks say about pages."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from prdgen import ids
from prdgen.builder import render, sources
from prdgen.files import disk, text
from prdgen.files.errors import FileTooLarge, LinkRefused, NotEditable
from prdgen.flows import naming, pages_of
from prdgen.flows.clone import Clone, tip_of
from prdgen.flows.errors import NoSuchPage
from prdgen.git import attributes
from prdgen.git import log as git_log
from prdgen.page import checks, facts
from prdgen.page.problems import Problem


def pages(clone: Clone, only: Iterable[str], branch: str | None) -> list[Problem]:
    """Problems of the pages named (all, when none is), by page and line. Blocks.

    Raises NoSuchBranch and NoSuchPage.
    """
    contents = _tree(clone) if branch is None else _commit(clone, branch)
    globs = pages_of.globs(clone)
    known = {path: data for path, data in contents.items() if globs.match(path)}
    defined = _defined(known)
    wanted = list(only) or sorted(known)
    found: list[Problem] = []
    anchors_of = cache(lambda page_path: anchors_in(known[page_path]))
    for page_path in wanted:
        if page_path not in known:
            raise NoSuchPage(page_path=page_path, branch=branch or "the working tree")
        found += one(
            page_path, known[page_path], frozenset(known), frozenset(contents), defined, anchors_of
        )
        if reason := attributes.read_only_reason(clone.repository, page_path, known[page_path]):
            found += _not_live(page_path, reason, found)
    if not only:
        found += _twins(known) + ([] if branch else _links(clone, globs))
        found += [
            *_names(known),
            *_addresses(clone, known),
            *_active_images(clone, contents, branch),
        ]
    return sorted(found, key=lambda problem: (problem.page_path, problem.line))


def _not_live(page_path: str, reason: str, found: list[Problem]) -> list[Problem]:
    """That Git keeps the page as something else than its text, unless that was said already."""
    if any(p.page_path == page_path and p.code == "not-editable" for p in found):
        return []
    hint = "It can be edited with Git only; keep it as plain UTF-8 text to edit it here."
    return [Problem(1, f"This page cannot be edited live: {reason}.", "not-live", hint, page_path)]


def _links(clone: Clone, globs: pages_of.Globs) -> list[Problem]:
    """Symbolic links with a page's name: they are never followed, so nobody sees them."""
    top: Path = clone.repository.work_tree
    return [
        Problem(1, "This is a symbolic link, and links are never followed, so it is no page.",
                "link", "Put the file itself here, or link to the page from another one.", path)
        for path in git_log.work_tree_files(clone.repository)
        if globs.match(path) and (top / path).is_symlink()
    ]  # fmt: skip


def _names(known: Iterable[str]) -> Iterator[Problem]:
    """Pages that can be read only, for their name's sake."""
    for path in sorted(known):
        if why := ids.name_problem(path):
            message = f"This page can be read, but not edited live, for its name: {why}."
            hint = f"Rename it: git mv {shlex.quote(path)} {shlex.quote(naming.repaired(path))}"
            yield Problem(1, message, "name", hint, path)


def _addresses(clone: Clone, known: Mapping[str, bytes]) -> Iterator[Problem]:
    """Pages that would have one address on the site."""
    root = pages_of.folder(clone) or "."

    def clashing(paths: Iterable[str]) -> dict[str, tuple[str, str]]:
        return sources.clashes(sources.page_urls(list(paths), root), root)

    if not clashing(known):
        return
    published = [
        path for path, data in known.items()
        if not ((of := facts.of(path, _readable(data))).draft or of.hidden)
    ]  # fmt: skip
    for path, (other, url) in clashing(published).items():
        message = sources.clash_message(other, url)
        yield Problem(1, message, "same-address", "Rename one of them.", path)


def _active_images(
    clone: Clone, contents: Mapping[str, bytes], branch: str | None
) -> Iterator[Problem]:
    """SVG files that the site leaves out."""
    top: Path = clone.repository.work_tree
    for path, data in sorted(contents.items()):
        if not path.lower().endswith(".svg") or not sources.is_publishable(path):
            continue
        if sources.is_active_svg(path, data if branch else _on_disk(top, path) or b""):
            message, hint = sources.ACTIVE_SVG
            yield Problem(1, message, "active-svg", hint, path)


def _twins(known: Mapping[str, bytes]) -> list[Problem]:
    """Pages whose names differ in case or Unicode form only: macOS and Windows keep one of them."""
    first: dict[str, str] = {}
    found = []
    for path in sorted(known):
        other = first.setdefault(naming.folded(path), path)
        if other != path:
            message = f"Its name differs from `{other}` only in case or in the form of its letters."
            hint = "Rename one of them: macOS and Windows can keep only one in a folder."
            found.append(Problem(1, message, "same-name", hint, path))
    return found


def one(
    page_path: str,
    data: bytes,
    pages: Collection[str],
    files: Collection[str],
    defined: Mapping[str, str],
    anchors_of: checks.AnchorsOf,
) -> list[Problem]:
    """Problems of one page, given what else there is: pages, files, which page defines what, and what
    has an address in each.
    """
    try:
        content = text.decode(data).text
    except NotEditable as error:
        return [Problem(1, str(error), "not-editable", error.hint, page_path)]
    found = checks.check(
        page_path, content, pages, known_files=files, defined=defined, anchors_of=anchors_of
    )
    if "```" in content or "~~~" in content:  # nothing else is a diagram
        drawn = render.render(page_path, content, context=render.RenderContext()).problems
        found += [problem for problem in drawn if "diagram" in problem.code]
    return [replace(problem, page_path=page_path) for problem in found]


def defined_in(page_path: str, data: bytes) -> list[str]:
    """The ids of the requirements that a page defines."""
    return [each.id for each in facts.of(page_path, _readable(data)).requirements]


def anchors_in(data: bytes) -> frozenset[str] | None:
    """What a `#fragment` can lead to in a page; None: it is no text."""
    try:
        return checks.anchors(text.decode(data).text)
    except NotEditable:
        return None


def _defined(known: Mapping[str, bytes]) -> dict[str, str]:
    """Requirement id → the page that defines it; the first one by path."""
    found: dict[str, str] = {}
    for page_path, data in sorted(known.items()):
        for name in defined_in(page_path, data):
            found.setdefault(name, page_path)
    return found


def _readable(data: bytes) -> str:
    return data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")


def _tree(clone: Clone) -> dict[str, bytes]:
    """Every tracked or new file's bytes; only pages are read, of others the name is enough."""
    top: Path = clone.repository.work_tree
    found: dict[str, bytes] = {}
    for path in git_log.work_tree_files(clone.repository):
        if not path.lower().endswith((".md", ".markdown")):
            found[path] = b""
            continue
        if (data := _on_disk(top, path)) is not None:
            found[path] = data
    return found


def _on_disk(top: Path, path: str) -> bytes | None:
    """A file's bytes; None when it is gone, a link or too large, which are no pages anywhere here."""
    try:
        state = disk.read(top / path, top)
    except (LinkRefused, FileTooLarge):
        return None
    return None if isinstance(state, disk.Missing) else state.data


def _commit(clone: Clone, branch: str) -> dict[str, bytes]:
    tip = tip_of(clone, branch)
    return {
        entry.path: clone.repository.read(tip, entry.path) or b""
        for entry in clone.repository.files(tip)
    }
