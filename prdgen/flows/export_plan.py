"""What a PDF or Word file is made of, found before it is made: pages, links, images, template."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from prdgen.builder import exports, render, site_config, word_template
from prdgen.builder.errors import BadSiteConfig, BadWordTemplate
from prdgen.flows import export_comments, pages_of, publish, read
from prdgen.flows.clone import Clone, base_url
from prdgen.flows.conversation import Placed
from prdgen.git import log as git_log
from prdgen.page import facts

_IMAGES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
_LARGEST_IMAGE: Final = 20_000_000
_MODES: Final[dict[str, render.Mode]] = {"pdf": "pdf", "docx": "word"}


@dataclass(frozen=True)
class Around:
    """What the pages of one commit need of all the rest of it, looked up once."""

    clone: Clone
    branch: str
    at: str
    kind: str
    images: Mapping[str, str]
    """Path → blob of every image that may be shown."""
    files: frozenset[str]
    titles: Mapping[str, str]
    config: site_config.SiteConfig | None
    together: frozenset[str] = frozenset()
    """Pages that stand in the same document, when there are several."""
    shown: dict[str, str] = field(default_factory=dict)
    """Path → blob of the images that are shown; filled while pages are rendered."""

    @property
    def site_name(self) -> str:
        """The site's name, as mkdocs.yml says."""
        return str(self._value("site_name") or "")

    @property
    def language(self) -> str:
        """The pages' language: the theme's."""
        theme = self._value("theme")
        return str(theme.get("language") or "en") if isinstance(theme, Mapping) else "en"

    def _value(self, key: str) -> Any:
        return self.config.values.get(key) if self.config else None

    def part(
        self, page_path: str, content: str, folder: str = "", said: Sequence[Placed] = ()
    ) -> exports.Part:
        """A page as a part of the document, with comments where they were made."""
        rendered = self.rendered(page_path, content, lines=bool(said))
        return exports.Part(
            rendered.title,
            export_comments.put(rendered.html, content, said) if said else rendered.html,
            rendered.outline,
            rendered.requirements,
            page_path,
            folder,
        )

    def rendered(self, page_path: str, content: str, *, lines: bool = False) -> render.Rendered:
        """The one rendering, with links and images as this document wants them."""
        return render.render(
            page_path,
            content,
            context=render.RenderContext(
                branch=self.branch, commit=self.at, known_pages=self.titles, link=self._link,
                asset=self._asset, mode=_MODES.get(self.kind, "preview"), lines=lines,
            ),
        )  # fmt: skip

    def with_files(self, meta: exports.Meta) -> exports.Meta:
        """`meta` with the images that are shown and the company's template. Blocks.

        Raises BadWordTemplate.
        """
        repository = self.clone.repository
        files = {path: git_log.blob(repository, blob) for path, blob in self.shown.items()}
        return replace(meta, files=files, template=self._template())

    def template_blob(self) -> str:
        """What the company's template is, for keys; "" without one. Raises BadWordTemplate."""
        return word_template_blob(self.clone) if self.kind == "docx" else ""

    def _template(self) -> bytes | None:
        blob = self.template_blob()
        if not blob:
            return None
        data = git_log.blob(self.clone.repository, blob)
        word_template.check(data, self.clone.settings.word_template)
        return data

    def _asset(self, path: str) -> str | None:
        if path in self.images:
            self.shown[path] = self.images[path]
            return exports.address(path)
        if path in self.files:
            return f"{base_url(self.clone.settings)}{read.address('raw', self.branch, path)}"
        return None

    def _link(self, path: str, fragment: str) -> str:
        if path in self.together:
            return exports.to_part(path, fragment)
        return _links(self.clone, self.branch)(path, fragment)


def around(
    clone: Clone, branch: str, at: str, kind: str, together: frozenset[str] = frozenset()
) -> Around:
    """What pages need of the commit `at`. Blocks."""
    globs = pages_of.globs(clone)
    entries = list(clone.repository.files(at))
    return Around(
        clone=clone, branch=branch, at=at, kind=kind, together=together,
        images={
            entry.path: entry.blob
            for entry in entries
            if entry.path.lower().endswith(_IMAGES) and entry.size < _LARGEST_IMAGE
        },
        files=frozenset(entry.path for entry in entries),
        titles={e.path: e.path for e in entries if globs.match(e.path)},
        config=site_of(clone),
    )  # fmt: skip


def word_template_blob(clone: Clone) -> str:
    """The blob of the company's Word template; "" without one. Blocks. Raises BadWordTemplate."""
    path = clone.settings.word_template
    if not path:
        return ""
    tip = clone.repository.tip(clone.main_branch)
    for entry in clone.repository.files(tip, below=posixpath.dirname(path)) if tip else ():
        if entry.path == path:
            return entry.blob
    raise BadWordTemplate(path=path, got="it is not on the main branch")


def site_of(clone: Clone) -> site_config.SiteConfig | None:
    """mkdocs.yml of the main branch; None when there is none, or none that can be used."""
    tip = clone.repository.tip(clone.main_branch)
    data = clone.repository.read(tip, "mkdocs.yml") if tip else None
    try:
        return site_config.read(data) if data is not None else None
    except BadSiteConfig:
        # The publisher says so; a page is no less a page.
        return None


def meta_of(around: Around, page_path: str, content: str) -> exports.Meta:
    """What the document of one page says about itself."""
    about = facts.of(page_path, content)
    repository = around.clone.repository
    versions = repository.history(around.at, page_path, limit=100)
    # The version is the page's own, so that other pages' commits make no other file of it.
    last = versions[0].commit if versions else around.at
    return exports.Meta(
        title=about.title, site_name=around.site_name, status=about.status, owner=about.owner,
        description=about.description, tags=about.tags,
        authors=list(dict.fromkeys(name for v in versions for name in v.names)), page_path=page_path,
        branch=around.branch, commit=last, date=repository.commit_info(last).at,
        language=str(about.front_matter.get("lang") or around.language),
        template_path=around.clone.settings.word_template,
    )  # fmt: skip


def _links(clone: Clone, branch: str) -> Callable[[str, str], str]:
    """Where a document's links to pages lead: to the site when it has an address, else here."""
    settings = clone.settings
    on_site = bool(settings.site_url) and branch == clone.main_branch
    site = publish.published(clone)

    def link(path: str, fragment: str) -> str:
        tail = f"#{fragment}" if fragment else ""
        url = site.url(path) if on_site else None
        if url is not None:
            return f"{settings.site_url.rstrip('/')}/{url}{tail}"
        return f"{base_url(settings)}{read.address('p', branch, path)}{tail}"

    return link
