"""Which pages and files belong to the site, by the patterns in mkdocs.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pathspec

from prdgen.builder.manifest import PageFacts
from prdgen.builder.site_config import SiteConfig

_ALWAYS = (".*", "/templates/")
"""What MkDocs leaves out by itself."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The patterns of one configuration; they are relative to its docs folder."""

    root: str
    custom_dir: str
    excluded: pathspec.GitIgnoreSpec
    unlisted: pathspec.GitIgnoreSpec
    redirects: Mapping[str, str] = field(default_factory=dict)
    """As `SiteConfig.redirects` has them."""

    @classmethod
    def of(cls, config: SiteConfig) -> Scope:
        """The rules of `config`; drafts are left out of the site as excluded files are."""
        lines = [
            line
            for key in ("exclude_docs", "draft_docs")
            for line in str(config.values.get(key) or "").splitlines()
        ]
        unlisted = str(config.values.get("not_in_nav") or "").splitlines()
        return cls(
            root=config.docs_dir,
            custom_dir=config.custom_dir,
            excluded=pathspec.GitIgnoreSpec.from_lines([*_ALWAYS, *lines]),
            unlisted=pathspec.GitIgnoreSpec.from_lines(unlisted),
            redirects=config.redirects,
        )

    def excludes(self, path: str) -> bool:
        """Whether the file at this repository path is in no artifact at all."""
        if self.custom_dir and path.startswith(f"{self.custom_dir}/"):
            return True
        return bool(self.excluded.match_file(self._inside(path)))

    def apply(self, page: PageFacts) -> PageFacts:
        """The page's facts with what the patterns say about it."""
        hidden = self.unlisted.match_file(self._inside(page.page_path))
        return replace(page, listed=False) if hidden else page

    def _inside(self, path: str) -> str:
        return path if self.root == "." else path.removeprefix(f"{self.root}/")
