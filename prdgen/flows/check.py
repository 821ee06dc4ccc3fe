"""working tree or commit → problems: everything `prdgen check` and the hooks say about pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from prdgen.builder import render
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
    for page_path in wanted:
        if page_path not in known:
            raise NoSuchPage(page_path=page_path, branch=branch or "the working tree")
        found += one(page_path, known[page_path], frozenset(known), frozenset(contents), defined)
        if reason := attributes.read_only_reason(clone.repository, page_path, known[page_path]):
            found += _not_live(page_path, reason, found)
    if not only:
        found += _twins(known) + ([] if branch else _links(clone, globs))
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
) -> list[Problem]:
    """Problems of one page, given what else there is: pages, files, and which page defines what."""
    try:
        content = text.decode(data).text
    except NotEditable as error:
        return [Problem(1, str(error), "not-editable", error.hint, page_path)]
    found = checks.check(page_path, content, pages, known_files=files, defined=defined)
    drawn = render.render(page_path, content, context=render.RenderContext()).problems
    found += [problem for problem in drawn if "diagram" in problem.code]
    return [replace(problem, page_path=page_path) for problem in found]


def defined_in(page_path: str, data: bytes) -> list[str]:
    """The ids of the requirements that a page defines."""
    return [each.id for each in facts.of(page_path, _readable(data)).requirements]


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
        try:
            state = disk.read(top / path, top)
        except (LinkRefused, FileTooLarge):
            continue  # no pages anywhere here
        if not isinstance(state, disk.Missing):
            found[path] = state.data
    return found


def _commit(clone: Clone, branch: str) -> dict[str, bytes]:
    tip = tip_of(clone, branch)
    return {
        entry.path: clone.repository.read(tip, entry.path) or b""
        for entry in clone.repository.files(tip)
    }
