"""Which pages of a site a book has, and in which order: those of the navigation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prdgen.builder import facts, navigation
from prdgen.builder.manifest import PageFacts
from prdgen.builder.navigation import Node
from prdgen.builder.scope import Scope
from prdgen.builder.site_config import SiteConfig
from prdgen.builder.sources import PageSource, page_urls
from prdgen.page import facts as page_facts


def listed(sources: Sequence[PageSource], config: SiteConfig | None) -> list[tuple[str, str]]:
    """(page_path, title of its top section) of every listed page in the order of the navigation; what
    is a draft, hidden or excluded is not there.
    """
    shown = published(sources, config)
    root = config.docs_dir if config else "."
    urls = page_urls(list(shown), root)
    paths = {url: path for path, url in urls.items()}
    found: dict[str, str] = {}
    nav = config.values.get("nav") if config else None
    for url, folder in _walk(navigation.tree(shown, urls, nav, root), ""):
        if url in paths:
            found.setdefault(paths[url], folder)
    return list(found.items())


def published(sources: Iterable[PageSource], config: SiteConfig | None) -> dict[str, PageFacts]:
    """page_path → facts of those that are neither drafts nor hidden nor excluded."""
    scope = Scope.of(config) if config else None
    known = {
        source.page_path: scope.apply(facts.of(source)) if scope else facts.of(source)
        for source in sources
        if scope is None or not scope.excludes(source.page_path)
    }
    return {path: each for path, each in known.items() if each.published}


def title(page_path: str, content: str) -> str:
    """A page's title."""
    return page_facts.of(page_path, content).title


def folder_title(path: str) -> str:
    """A folder's name as people read it."""
    return navigation.folder_title(path.rstrip("/").rpartition("/")[2])


def _walk(nodes: Sequence[Node], folder: str) -> Iterator[tuple[str, str]]:
    for node in nodes:
        inside = folder or (node.title if node.children else "")
        if node.url is not None:
            yield node.url, inside
        yield from _walk(node.children, inside)
