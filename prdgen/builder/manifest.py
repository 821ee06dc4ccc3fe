"""What one build is: every public path with its artifact, and what each page was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar

Kept = TypeVar("Kept")
VERSION: Final = 5
"""Raised when the same inputs give other artifacts, so that kept manifests are not believed."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement as the indexes show it."""

    id: str
    text: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the site as a whole knows of one page; nothing else of it is in other artifacts."""

    page_path: str
    blob: str
    title: str
    description: str = ""
    status: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    published: bool = True
    listed: bool = True
    """False: readable at its address, but in no navigation, list, search or sitemap."""
    searched: bool = True
    label: str = ""
    """A shorter title for the navigation."""
    weight: float = 1e9
    template: str = ""
    hide: tuple[str, ...] = ()
    redirects: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    updated_at: str = ""
    updated_by: str = ""


@dataclass(frozen=True, slots=True)
class PageRecord:
    """One page of a build: what it was made from (`key`) and which artifact that gave."""

    facts: PageFacts
    url: str
    key: str
    html: str
    source: str
    """Artifact of the Markdown that stands beside the page."""
    words: str = ""
    """Artifact of what the search reads; empty when the page is not searched."""
    needs: tuple[str, ...] = ()
    """What else the body asked for, as `bodies.World.digest` takes it."""
    problems: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Manifest:
    """One build: immutable, and complete by itself."""

    files: Mapping[str, str]
    """Public path → artifact name."""
    pages: Mapping[str, PageRecord]
    frame: str = ""
    branch: str = ""
    commit: str = ""
    base: str = ""
    assets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Repository path of each copied file → its blob and artifact."""
    pictures: Mapping[str, str] = field(default_factory=dict)
    """Public path → artifact of files that pages show, at names of their content; part of `files`."""
    redirects: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Public path of each redirect → what it was made from, and its artifact; part of `files`."""
    search: Mapping[str, str] = field(default_factory=dict)
    """The search's part of `files`, which is a few seconds behind."""
    indexed: str = ""
    """What `search` was made from, as `site.index_key` names it."""
    retired: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    """Public path → artifact and time, of the theme's, search's and shown files that open pages of an
    older build may still ask for; part of `files`."""

    @property
    def artifacts(self) -> set[str]:
        """Every artifact this build needs."""
        return {*self.files.values(), *(page.words for page in self.pages.values())}

    theme: Mapping[str, str] = field(default_factory=dict)
    """The part of `files` that came with the frame."""

    @cached_property
    def id(self) -> str:
        """A hash of every path and artifact: equal builds have equal ids."""
        lines = (f"{path}\0{name}\n" for path, name in sorted(self.files.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Difference:
    """What one build has otherwise than another."""

    files: Mapping[str, str]
    """Public path → artifact of new and changed files."""
    gone: Collection[str]
    pages: Mapping[str, PageRecord]
    """page_path → record of new and changed pages."""
    gone_pages: Collection[str]

    @classmethod
    def between(cls, old: Manifest | None, new: Manifest) -> Difference:
        """From `old` (None: nothing) to `new`, by comparing everything."""
        if old is None:
            return cls(new.files, (), new.pages, ())
        return cls.among((*old.files, *new.files), (*old.pages, *new.pages), old, new)

    @classmethod
    def among(
        cls, paths: Iterable[str], page_paths: Iterable[str], old: Manifest, new: Manifest
    ) -> Difference:
        """The same when only these public paths and pages can differ."""
        files = _otherwise(paths, old.files, new.files)
        records = _otherwise(page_paths, old.pages, new.pages)
        return cls(
            {path: name for path, name in files.items() if name is not None},
            sorted(path for path, name in files.items() if name is None),
            {path: record for path, record in records.items() if record is not None},
            sorted(path for path, record in records.items() if record is None),
        )


def _otherwise(
    names: Iterable[str], old: Mapping[str, Kept], new: Mapping[str, Kept]
) -> dict[str, Kept | None]:
    found = {}
    for name in names:
        now, before = new.get(name), old.get(name)
        if now is not before and now != before:
            found[name] = now
    return found


def record_json(record: PageRecord) -> str:
    """The record as JSON; `record_of` reads it."""
    return json.dumps(_plain(record), ensure_ascii=False, separators=(",", ":"), default=_plain)


def record_of(text: str) -> PageRecord:
    """The record that `record_json` wrote."""
    values = json.loads(text)
    values["facts"] = facts_of(values["facts"])
    for name in ("needs", "problems"):
        values[name] = tuple(values[name])
    return PageRecord(**values)


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def facts_of(values: dict[str, Any]) -> PageFacts:
    """Facts from what JSON made of them."""
    for name in ("tags", "hide", "redirects"):
        values[name] = tuple(values[name])
    values["requirements"] = tuple(Requirement(**each) for each in values["requirements"])
    return PageFacts(**values)
