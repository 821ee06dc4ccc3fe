"""Which files of a repository are pages: prdgen.toml's globs, else mkdocs.yml's docs_dir."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import yaml

from prdgen.builder import site_config
from prdgen.flows.clone import Clone

_SUFFIXES = (".md", ".markdown")
_NOT_PAGES = ("prd-templates/", "node_modules/", ".git/", ".github/", ".prdgen/")


@dataclass(frozen=True, slots=True)
class Globs:
    """Patterns over page paths: `**` any folders, `*` within one segment."""

    patterns: tuple[str, ...]

    def match(self, path: str) -> bool:
        """Whether the file at `path` is a page."""
        if not path.lower().endswith(_SUFFIXES) or path.startswith(_NOT_PAGES):
            return False
        return any(_compiled(pattern).fullmatch(path) for pattern in self.patterns)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    table = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(table.get(part, re.escape(part)) for part in parts))


def globs(app: Clone) -> Globs:
    """The patterns in force, read from the main branch (a push to a draft does not change them)."""
    if app.settings.pages:
        return Globs(app.settings.pages)
    where = folder(app)
    return Globs((f"{where}/**" if where else "**",))


def folder(app: Clone) -> str:
    """mkdocs.yml's docs_dir (MkDocs' default `docs`); the root without a mkdocs.yml."""
    tip = app.repository.tip(app.main_branch)
    data = app.repository.read(tip, "mkdocs.yml") if tip else None
    return "" if data is None else _docs_dir(data)


@lru_cache(maxsize=8)
def _docs_dir(data: bytes) -> str:
    """`docs_dir` as a scalar; what cannot be used is reported by the publisher."""
    try:
        found = yaml.safe_load(data)
        value = found.get("docs_dir", "docs") if isinstance(found, dict) else "docs"
    except yaml.YAMLError:
        match = re.search(rb"(?m)^docs_dir:\s*['\"]?([\w./-]+)", data)
        value = match[1].decode() if match else "docs"
    where = site_config.inside(value)
    return "docs" if where is None else where


def folder_of_new(app: Clone) -> str:
    """The folder new pages go to: `prds` below the docs_dir where there is one."""
    where, tip = folder(app), app.repository.tip(app.main_branch)
    below = f"{where}/prds" if where else "prds"
    files = app.repository.files(tip) if tip else []
    return below if any(entry.path.startswith(below + "/") for entry in files) else where
