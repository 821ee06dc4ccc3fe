"""What stands around a page's body: drawn once per template and configuration, then filled."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from prdgen.builder import child, defaults, diagrams, errors, site_config

POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; form-action 'self'"
)
"""The content policy of every published page. Styles may be inline, because diagrams are SVG with
style sheets of their own; scripts may not; WebAssembly is the search."""
NEEDED: Final = ("body", "base", "toc")
"""Holes without which pages cannot be filled in."""
OWN: Final = frozenset(
    f"partials/{name}.html"
    for name in (
        "nav",
        "toc",
        "search",
        "content",
        "path",
        "tags",
        "source-file",
        "javascripts/base",
    )
)
"""Partials of Material that the layer has in a way of its own."""
_CHILD: Final = "prdgen.builder.frame_child"
"""By name: what it imports (MkDocs) has no business in this process."""
_OWN: Final = Path(__file__).parent
_SECONDS: Final = 30.0
_HOLE: Final = re.compile(r"prdgenHOLE([a-z]+)HOLE")
_LANGUAGE: Final = re.compile(r"<html[^>]* lang=\"([\w-]+)\"")
_STYLE: Final = "assets/prdgen/site.css"
_RENAMED: Final = re.compile(r"^(?!.*\.[0-9a-f]{8,12}\.).*\.(css|js)$")
_THEME_STYLES: Final = re.compile(r"<link[^>]+assets/stylesheets/(main|palette)\.[^>]+>")
_AS_WRITTEN: Final = re.compile(r"<(?:pre|textarea)\b")
_INDENT: Final = re.compile(r"\s*\n\s*")
_SCRIPTS: Final = ("site", "search", "page", "news")
_LAYER_LINKS: Final = f'<link rel="stylesheet" href="prdgenHOLEbaseHOLE{_STYLE}">' + "".join(
    f'<script src="prdgenHOLEbaseHOLEassets/prdgen/{name}.js" defer></script>' for name in _SCRIPTS
)


@dataclass(frozen=True, slots=True)
class Template:
    """One drawn page: text and names of holes by turns, text first and last."""

    parts: tuple[str, ...]

    @property
    def language(self) -> str:
        """What the page says its language is."""
        found = _LANGUAGE.search(self.parts[0])
        return found[1] if found else "en"

    def fill(self, values: Mapping[str, str]) -> str:
        """The page with `values` (HTML already) in its holes; a hole without value stays empty."""
        parts = list(self.parts)
        for place in range(1, len(parts), 2):
            parts[place] = values.get(parts[place], "")
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Frame:
    """The drawn templates by file name, and the files (style sheets, scripts) they link to."""

    id: str
    templates: Mapping[str, Template]
    files: Mapping[str, bytes]
    config: site_config.SiteConfig

    def template(self, name: str | None) -> Template:
        """The template a page asked for, or the main one when there is no such template."""
        return self.templates.get(name or "main.html") or self.templates["main.html"]


def draw(config: bytes | None, overrides: Mapping[str, bytes], state_dir: Path) -> Frame:
    """The frame for the bytes of a mkdocs.yml (None: ours) and of the theme's override files.

    Both must come from the main branch's commit only: overrides are templates that run. They run
    in a child process without secrets or network. The result is kept in `state_dir/frames` by the
    hash of everything it depends on. Raises BadSiteConfig, FrameIncomplete, ChildFailed,
    ChildTookTooLong. Blocks; call it in a thread.
    """
    if config is None:
        config, overrides = defaults.config(), defaults.overrides()
    return _drawn(config, tuple(sorted(overrides.items())), state_dir)


@lru_cache(maxsize=4)
def _drawn(config: bytes, files: tuple[tuple[str, bytes], ...], state_dir: Path) -> Frame:
    """The same; a site in the making draws the same frame again for every commit."""
    read, overrides = site_config.read(config), dict(files)
    for path in replaced(overrides):
        del overrides[path]
    names = sorted(_ALWAYS | {path for path in overrides if _is_page(path)})
    job = {
        "config": dict(read.values),
        "overrides": {path: base64.b64encode(data).decode() for path, data in overrides.items()},
        "templates": names,
    }
    text = json.dumps(job, sort_keys=True, default=str).encode()
    frame_id = hashlib.sha256(text + _versions()).hexdigest()[:16]
    kept = state_dir / "frames" / f"{frame_id}.json"
    try:
        drawn = kept.read_bytes()
    except FileNotFoundError:
        drawn = child.run_module(_CHILD, text, what="drawing the frame", seconds=_SECONDS)
        _keep(kept, drawn)
    return _frame(frame_id, json.loads(drawn), read)


@lru_cache(maxsize=8)
def custom_dir(config: bytes) -> str:
    """The folder of the theme's override files that a mkdocs.yml names, or nothing. Raises
    BadSiteConfig.
    """
    return site_config.read(config).custom_dir


def replaced(overrides: Mapping[str, bytes]) -> list[str]:
    """Theme files that are not used, because ours must stand there: without its navigation, contents and
    search a site is none. A team's own is used when it shows the same, by what begins with `prdgen`.
    """
    return [path for path in sorted(overrides) if path in OWN and b"prdgen" not in overrides[path]]


_ALWAYS: Final = frozenset({"main.html", "404.html"})
_WHOLE: Final = re.compile(r"<html\b", re.IGNORECASE)
"""What else lies beside them may be a piece that a template includes: no page can ask for that."""


def _is_page(path: str) -> bool:
    return "/" not in path and path.endswith(".html")


def _keep(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    Path(file.name).replace(path)


@lru_cache(maxsize=1)
def _versions() -> bytes:
    """What else a drawing depends on: the packages, and our own layer and code."""
    digest = hashlib.sha256()
    for package in ("mkdocs", "mkdocs-material", "jinja2", "markupsafe"):
        digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    layer = sorted(path for path in (_OWN / "theme").rglob("*") if path.is_file())
    for path in [_OWN / "frame.py", _OWN / "frame_child.py", *layer]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.digest()


def _frame(frame_id: str, drawn: Mapping[str, Any], config: site_config.SiteConfig) -> Frame:
    files = {path: base64.b64decode(data) for path, data in drawn["files"].items()}
    dark = diagrams.style_sheet('[data-md-color-scheme="slate"]')
    files[_STYLE] += f"\n{dark}\n".encode()
    html = {
        name: _prepared(name, text) for name, text in drawn["templates"].items()
        if name in _ALWAYS or _WHOLE.search(text)
    }  # fmt: skip
    html, files = _named_by_content(html, files)
    templates = {name: _template(name, text) for name, text in html.items()}
    return Frame(id=frame_id, templates=templates, files=files, config=config)


def _named_by_content(
    html: dict[str, str], files: dict[str, bytes]
) -> tuple[dict[str, str], dict[str, bytes]]:
    """Style sheets and scripts with a hash in their name, so that no cache shows an old one."""
    for path in [path for path in files if _RENAMED.search(path)]:
        stem, _, ending = path.rpartition(".")
        name = f"{stem}.{hashlib.sha256(files[path]).hexdigest()[:8]}.{ending}"
        old, new = f'prdgenHOLEbaseHOLE{path}"', f'prdgenHOLEbaseHOLE{name}"'
        if any(old in text for text in html.values()):
            files[name] = files.pop(path)
            html = {key: text.replace(old, new) for key, text in html.items()}
    return html, files


def _prepared(name: str, html: str) -> str:
    """The drawn page with the content policy, our own files, and the holes themes have not."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    html, places = re.subn(r'(<meta charset="[^"]*">)', rf"\1{policy}", html, count=1)
    if not places:
        raise errors.FrameIncomplete(what=f"a charset (in {name})")
    html = re.sub(
        r"<title>.*?</title>",
        "<title>prdgenHOLEdoctitleHOLE</title>",
        html,
        count=1,
        flags=re.DOTALL,
    )
    if not _AS_WRITTEN.search(html):
        html = _INDENT.sub("\n", html)
    html = re.sub(r"<body ", '<body data-prd-hide="prdgenHOLEhideHOLE" ', html, count=1)
    # Without it Material asks the forge how many stars there are, from every reader's browser.
    html = html.replace(' data-md-component="source"', "")
    html = html.replace("<main ", '<main id="prd-main" tabindex="-1" ', 1)
    # Before the team's own style sheets, so that theirs win.
    first = list(_THEME_STYLES.finditer(html))
    after = first[-1].end() if first else html.index("</head>")
    html = html[:after] + _LAYER_LINKS + html[after:]
    return html.replace("</head>", "prdgenHOLEheadHOLE</head>", 1)


def _template(name: str, html: str) -> Template:
    template = Template(parts=tuple(_HOLE.split(html)))
    missing = [hole for hole in NEEDED if hole not in template.parts[1::2]]
    if missing and name == "main.html":
        raise errors.FrameIncomplete(what=f"a place for {', '.join(missing)}")
    return template
