"""Makes plain `mkdocs build` draw the same page bodies as prdgen does."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents

from prdgen.builder import bodies, facts, sources
from prdgen.builder.manifest import PageFacts
from prdgen.page import links
from prdgen.page.outline import Heading

_STYLE: Final = "assets/prdgen/site.css"
_STYLE_FILE: Final = Path(__file__).with_name("theme") / "assets" / "prdgen" / "site.css"


class _Options(Config):  # type: ignore[no-untyped-call]
    """The plugin has no options."""


class PrdgenPlugin(BasePlugin[_Options]):  # type: ignore[no-untyped-call]
    """`plugins: [prdgen]` in mkdocs.yml. Pages marked draft or hidden are left out, as prdgen does.

    MkDocs still draws frame, navigation and search; Python-Markdown is not used.
    """

    def __init__(self) -> None:
        super().__init__()
        self._texts: dict[str, str] = {}
        self._world: bodies.World | None = None

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Refuse what would give other addresses or write into prdgen's own public folder."""
        if not config.use_directory_urls:
            raise PluginError("prdgen needs `use_directory_urls: true` (the default)")
        if Path(config.site_dir).is_symlink():
            raise PluginError(
                f"site_dir {config.site_dir} is the folder prdgen publishes to: name another one"
            )
        config.extra_css.insert(0, _STYLE)
        return config

    def on_files(self, files: Files, /, *, config: MkDocsConfig) -> Files:
        """Read every page once, and leave out what must not be published."""
        known: dict[str, PageFacts] = {}
        for file in list(files.documentation_pages()):
            text = file.content_string.replace("\r\n", "\n").removeprefix("\ufeff")
            page = facts.of(sources.PageSource.of(file.src_uri, text))
            if page.published:
                known[file.src_uri], self._texts[file.src_uri] = page, text
            else:
                files.remove(file)
        self._world = bodies.World(
            target=sources.Target(),
            root=".",
            titles={path: page.title for path, page in known.items()},
            urls={file.src_uri: _url(file) for file in files.documentation_pages()},
            definitions={r.id: path for path, page in known.items() for r in page.requirements},
            assets=dict.fromkeys((file.src_uri for file in files.media_files()), ""),
            named=links.by_name(known),
        )
        style = _STYLE_FILE.read_text("utf-8")
        files.append(File.generated(config, _STYLE, content=style))
        return files

    def on_page_markdown(self, _markdown: str, /, *, page: Page, **_: Any) -> str:
        """Keep the text from Python-Markdown."""
        if self._world is not None and "title" not in page.meta:
            page.meta["title"] = self._world.titles.get(page.file.src_uri, page.title)
        return ""

    def on_page_content(self, _html: str, /, *, page: Page, **_: Any) -> str:
        """The body as prdgen renders it."""
        path = page.file.src_uri
        if self._world is None or path not in self._texts:
            raise PluginError(f"{path} came after the pages were read")
        body = bodies.body(path, self._texts[path], self._world)
        page.toc = TableOfContents(_nested(list(body.outline)))
        return body.html


def _url(file: File) -> str:
    return "" if file.url in {"./", "."} else str(file.url)


def _nested(outline: list[Heading]) -> list[AnchorLink]:
    top: list[AnchorLink] = []
    open_links: list[AnchorLink] = []
    for heading in outline:
        link = AnchorLink(heading.text, heading.slug, heading.level)
        while open_links and open_links[-1].level >= heading.level:
            open_links.pop()
        (open_links[-1].children if open_links else top).append(link)
        open_links.append(link)
    return top
