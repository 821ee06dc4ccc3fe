"""Draws the frame with MkDocs and Material; runs in a child process and answers on its output."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import posixpath
import re
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import jinja2
from markupsafe import Markup
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import get_navigation
from mkdocs.structure.pages import Page

LAYER: Final = Path(__file__).with_name("theme")
"""Partials with holes, laid between the team's overrides and Material."""
_NOT_PUBLISHED: Final = re.compile(
    r"(^|/)(lunr|workers|fragments|partials)/|\.(html|map|py|pyc|yml|yaml|xml)$"
)
_COPY: Final = "content.code.copy"
_OWN_WORK: Final = frozenset(
    {
        _COPY,
        "navigation.instant",
        "navigation.instant.prefetch",
        "navigation.instant.progress",
        "navigation.tabs",
        "navigation.tabs.sticky",
    }
)
"""Features that `theme/` has in a way of its own, or whose work its scripts would not see."""
_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def hole(name: str) -> str:
    """The token that stands for a hole; letters only, so that no filter changes it."""
    return f"prdgenHOLE{name}HOLE"


def main() -> None:
    """Read a job (JSON) from the input, write the drawn templates and files (JSON)."""
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    job = json.load(sys.stdin)
    folder = Path(tempfile.mkdtemp())
    overrides = folder / "overrides"
    overrides.mkdir()
    for path, data in job["overrides"].items():
        target = overrides / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(base64.b64decode(data))
    config = _configure(job["config"], folder, overrides)
    json.dump(_draw(config, job["templates"]), sys.stdout)


def _configure(values: dict[str, Any], folder: Path, overrides: Path) -> MkDocsConfig:
    docs = folder / "docs"
    docs.mkdir()
    theme = dict(values["theme"])
    theme["custom_dir"] = str(overrides)
    kept = {k: v for k, v in values.items() if k not in {"nav", "docs_dir", "edit_uri_template"}}
    config = MkDocsConfig(config_file_path=str(folder / "mkdocs.yml"))
    config.load_dict(
        kept
        | {"theme": theme, "docs_dir": str(docs), "site_dir": str(folder / "out"), "plugins": []}
        | {"site_url": None, "not_in_nav": None, "draft_docs": None, "exclude_docs": None}
    )
    errors, _ = config.validate()
    if errors:
        sys.exit("; ".join(f"{key}: {error}" for key, error in errors))
    config.theme.dirs.insert(1, str(LAYER))
    return config


def _draw(config: MkDocsConfig, names: list[str]) -> dict[str, Any]:
    files = Files([])
    environment = config.theme.get_env()
    environment.filters["url"] = _url
    environment.filters["script_tag"] = _script_tag
    environment.trim_blocks = environment.lstrip_blocks = True
    files.add_files_from_theme(environment, config)
    published = {
        file.src_uri: Path(str(file.abs_src_path)).read_bytes()
        for file in files
        if not _NOT_PUBLISHED.search(file.src_uri)
    }
    page = _page(config)
    files.append(page.file)
    navigation = get_navigation(files, config)
    copied, features = _COPY in config.theme["features"], config.theme["features"]
    config.theme["features"] = [each for each in features if each not in _OWN_WORK]
    # The header asks for this plugin before it shows the search, which `theme/` replaces.
    config["plugins"] = {"material/search": SimpleNamespace(config=_SearchOn())}
    context = {
        "config": config,
        "nav": navigation,
        "page": page,
        "pages": [],
        "base_url": hole("base"),
        "extra_css": config.extra_css,
        "extra_javascript": config.extra_javascript,
        "mkdocs_version": "1.6",
        "build_date_utc": None,
        "prdgen": {"recent": hole("recent"), "count": hole("count"), "copy": copied},
    }
    drawn = {}
    for name in names:
        try:
            html = environment.get_template(name).render(context)
        except jinja2.TemplateError as error:
            where = getattr(error, "name", None) or name
            sys.exit(f"{where}, line {getattr(error, 'lineno', '?')}: {error}")
        drawn[name] = _move_scripts(html, published)
    encoded = {path: base64.b64encode(data).decode() for path, data in published.items()}
    return {"templates": drawn, "files": encoded}


class _SearchOn:
    """As much of the search plugin's configuration as the header reads."""

    enabled = True


def _page(config: MkDocsConfig) -> Page:
    file = File("prdgen-frame/index.md", config.docs_dir, config.site_dir, use_directory_urls=True)
    page = Page(hole("title"), file, config)
    page.content = hole("body")
    page.meta = {"title": hole("title"), "description": hole("description")}
    page.edit_url = hole("edit")
    # Where the link goes that skips the header; the contents themselves are a hole.
    page.toc = [SimpleNamespace(url="#prd-main")]  # type: ignore[assignment]
    page.markdown = ""
    return page


def _url(value: Any) -> str:
    """A theme's link, rooted at the hole for the site's base."""
    text = str(value)
    if re.match(r"[a-z][a-z0-9+.-]*:|//|#|prdgenHOLE", text, re.IGNORECASE):
        return text
    kept_slash = "/" if text.endswith("/") else ""
    path = posixpath.normpath("/" + text).lstrip("/")
    return hole("base") + path + (kept_slash if path else "")


def _script_tag(value: Any) -> Markup:
    return Markup('<script src="{}"></script>').format(_url(getattr(value, "path", value)))


def _move_scripts(html: str, published: dict[str, bytes]) -> str:
    """Inline scripts become files, so that the content policy can refuse every inline one."""

    def move(match: re.Match[str]) -> str:
        code = match.group(1).strip().encode()
        if b"prdgenHOLE" in code:
            sys.exit("an inline script depends on the page; give it a data attribute instead")
        path = f"assets/javascripts/inline.{hashlib.sha256(code).hexdigest()[:12]}.js"
        published[path] = code
        return f'<script src="{hole("base")}{path}"></script>'

    return _INLINE_SCRIPT.sub(move, html)


if __name__ == "__main__":
    main()
