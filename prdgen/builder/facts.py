"""What the site as a whole needs to know of a page, read from its text once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from prdgen.builder.manifest import PageFacts, Requirement
from prdgen.builder.sources import PageSource
from prdgen.page import facts as page_facts


def of(source: PageSource, found: page_facts.PageFacts | None = None) -> PageFacts:
    """The facts of one page; front matter keys are those of MkDocs, Material and Docusaurus.

    `found` is what page/ reads in it, when that is known already.
    """
    found = found or page_facts.of(source.page_path, source.read())
    matter: Mapping[str, Any] = found.front_matter
    hide = _words(matter.get("hide")) if matter.get("hide") is not True else ()
    search = matter.get("search")
    return PageFacts(
        page_path=source.page_path,
        blob=source.blob,
        title=found.title,
        description=found.description or "",
        status=found.status or "",
        owner=found.owner or "",
        tags=tuple(found.tags),
        published=not (found.draft or found.hidden or _is_off(matter)),
        listed=not matter.get("unlisted"),
        searched=not (isinstance(search, Mapping) and search.get("exclude")),
        label=str(matter.get("sidebar_label") or matter.get("nav_title") or ""),
        weight=_number(matter.get("sidebar_position", matter.get("weight"))),
        template=str(matter.get("template") or ""),
        hide=hide,
        redirects=_words(matter.get("redirect_from")) + _words(matter.get("aliases")),
        requirements=tuple(
            Requirement(id=each.id, text=each.text, status=str(each.status or ""))
            for each in found.requirements
        ),
        updated_at=source.updated_at.isoformat() if source.updated_at else _date(matter),
        updated_by=source.updated_by,
    )


def _is_off(matter: Mapping[str, Any]) -> bool:
    return (
        matter.get("published") is False
        or matter.get("hidden") is True
        or matter.get("hide") is True
        or bool(matter.get("exclude"))
    )


def _words(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(str(item) for item in items if item)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 1e9


def _date(matter: Mapping[str, Any]) -> str:
    value = matter.get("updated", matter.get("date"))
    return value.isoformat() if isinstance(value, date | datetime) else str(value or "")
