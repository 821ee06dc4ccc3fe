"""mkdocs.yml of a commit → what of it is not done as written."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from prdgen.builder import frame, navigation, site_config
from prdgen.builder.site_config import Finding
from prdgen.flows import pages_of
from prdgen.flows.clone import Clone
from prdgen.git import log as git_log

_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|/|#", re.IGNORECASE)


def findings(clone: Clone, tip: str) -> list[Finding]:
    """Keys that are left out, and what they name but the commit does not have; by line.

    Raises BadSiteConfig.
    """
    data = clone.repository.read(tip, "mkdocs.yml")
    if data is None:
        return []
    read = site_config.read(data)
    lines = data.decode("utf-8", "replace").splitlines()
    files = frozenset(entry.path for entry in clone.repository.files(tip))
    found = [*read.findings, *_folder(clone, files, lines), *_nav(read, files, lines)]
    found += _theme(clone, tip, read, lines)
    return sorted(found, key=lambda each: each.line)


def _folder(clone: Clone, files: frozenset[str], lines: list[str]) -> Iterator[Finding]:
    globs = pages_of.globs(clone)
    if any(map(globs.match, files)):
        return
    where = ", ".join(globs.patterns)
    yield Finding(
        _line(lines, r"docs_dir\s*:"), f"there are no pages: no Markdown file is at {where}",
        "Name the folder of your pages in `docs_dir`, or add a page.", seen=True,
    )  # fmt: skip


def _theme(
    clone: Clone, tip: str, read: site_config.SiteConfig, lines: list[str]
) -> Iterator[Finding]:
    """Theme files of a team that would leave the site without what it is found by."""
    folder = read.custom_dir
    files = {
        entry.path.removeprefix(f"{folder}/"): git_log.blob(clone.repository, entry.blob)
        for entry in (clone.repository.files(tip, below=folder) if folder else ())
        if entry.path.removeprefix(f"{folder}/") in frame.OWN
    }
    for path in frame.replaced(files):
        yield Finding(
            _line(lines, r"custom_dir\s*:"),
            f"the theme file {folder}/{path} is not used: navigation, contents and search are prdgen's own",
            "Remove it, or extend a block of main.html instead.", seen=True,
        )  # fmt: skip


def _nav(
    read: site_config.SiteConfig, files: frozenset[str], lines: list[str]
) -> Iterator[Finding]:
    nav = read.values.get("nav")
    if nav is None:
        return
    if not isinstance(nav, list):
        yield Finding(
            _line(lines, r"nav\s*:"), "nav is not a list, so it is left out",
            "Write `nav:` and below it one line `- page.md` for each entry.", seen=True,
        )  # fmt: skip
        return
    for entry in _entries(nav):
        if isinstance(entry, str) and navigation.ELSEWHERE.match(entry):
            continue
        if isinstance(entry, str) and _ELSEWHERE.match(entry):
            message = f"the entry {entry} of nav is no page of this repository and is left out"
            hint = "Link to it from a page."
        elif not isinstance(entry, str):
            message, hint = f"an entry of nav names no page (it is {entry!r})", "Name a page."
        elif posixpath.normpath(posixpath.join(read.docs_dir, entry)) in files:
            continue
        else:
            message = f"nav names {entry}, but there is no such page below {read.docs_dir}"
            hint = "Correct the path (it is relative to docs_dir), or remove the entry."
        yield Finding(_line(lines, re.escape(str(entry))), message, hint, seen=True)


def _entries(items: list[Any]) -> Iterator[Any]:
    """What the leaves of a nav name."""
    for item in items:
        for value in item.values() if isinstance(item, dict) else [item]:
            if isinstance(value, list):
                yield from _entries(value)
            else:
                yield value


def _line(lines: list[str], pattern: str) -> int:
    """The first line, from 1, in which the pattern stands; 1 when none does."""
    return next((n for n, line in enumerate(lines, 1) if re.search(pattern, line)), 1)
