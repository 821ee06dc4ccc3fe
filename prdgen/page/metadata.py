"""What the keys of front matter mean, under the names people try first."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from prdgen.page.front_matter import FrontMatter
from prdgen.page.problems import Problem

STATUSES: Final[dict[str, tuple[str, ...]]] = {
    "draft": ("draft", "wip", "work in progress", "idea", "proposed", "proposal", "new"),
    "in review": ("in review", "review", "reviewing", "under review", "ready for review"),
    "approved": ("approved", "accepted", "final", "active", "agreed", "ready", "planned"),
    "shipped": ("shipped", "done", "released", "live", "implemented", "launched", "complete"),
    "superseded": ("superseded", "deprecated", "obsolete", "retired", "archived", "replaced"),
    "rejected": ("rejected", "declined", "withdrawn", "cancelled", "canceled", "postponed"),
}
"""The statuses that filters know, each with the words people write for it."""
_SYNONYMS: Final = {word: status for status, words in STATUSES.items() for word in words}
_NAME: Final = re.compile(r"\s*<[^<>]*>\s*$")


@dataclass(frozen=True)
class Metadata:
    """Front matter read by meaning; everything is text as it was written."""

    title: str = ""
    description: str = ""
    status: str = ""
    owner: str = ""
    """Names joined with `, `; mail addresses in `<>` left out."""
    tags: list[str] = field(default_factory=list)
    date: str = ""
    version: str = ""
    id: str = ""
    icon: str = ""
    template: str = ""
    slug: str = ""
    redirects: list[str] = field(default_factory=list)
    """Old addresses (`redirect_from`, `aliases`) that should lead here."""
    draft: bool = False
    """Not to be published (`draft: true`, `published: false`); a *status* of draft publishes."""
    hidden: bool = False
    """Published under its address only: in no list, search or sitemap."""
    hide: list[str] = field(default_factory=list)
    """Material's parts of the frame to leave out: navigation, toc, …"""
    problems: list[Problem] = field(default_factory=list)


def status_key(status: str) -> str:
    """The status a filter knows for `status` as written; unknown ones in lower case."""
    plain = re.sub(r"[\s_-]+", " ", status).strip().lower()
    return _SYNONYMS.get(plain, plain)


def read(front: FrontMatter) -> Metadata:
    """The meaning of `front`; a value of the wrong shape is a problem and reads as empty."""
    seen = _Reader(front)
    return Metadata(
        title=seen.text("title"),
        description=seen.text("description", "summary", "subtitle"),
        status=seen.text("status", "state"),
        owner=", ".join(_NAME.sub("", name) for name in seen.names("owner", "owners", "authors")),
        tags=list(dict.fromkeys(seen.names("tags", "tag", "keywords", "labels"))),
        date=seen.text("date", "updated", "last_update", "created"),
        version=seen.text("version"),
        id=seen.text("id"),
        icon=seen.text("icon"),
        template=seen.text("template"),
        slug=seen.text("slug"),
        redirects=seen.names("redirect_from", "aliases", "redirects"),
        draft=seen.flag("draft") or front.values.get("published") is False,
        hidden=seen.flag("hidden", "unlisted") or _excluded(front.values),
        hide=seen.names("hide"),
        problems=seen.problems,
    )


def _excluded(values: dict[str, Any]) -> bool:
    """Material's `search: {exclude: true}`."""
    search = values.get("search")
    return isinstance(search, dict) and search.get("exclude") is True


class _Reader:
    """Looks keys up under any of their names and notes what cannot be read."""

    def __init__(self, front: FrontMatter) -> None:
        self.front = front
        self.problems: list[Problem] = []
        self._values = {key.lower().replace("-", "_"): key for key in front.values}

    def text(self, *keys: str) -> str:
        """One line of text."""
        for key, value in self._found(*keys):
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                return " ".join(str(value).split())
            if isinstance(value, dict) and isinstance(value.get("date"), str):
                return str(value["date"])
            self._wrong(key, "text")
        return ""

    def names(self, *keys: str) -> list[str]:
        """A list of short texts: a YAML list, or one text with commas."""
        keys = (*keys, "author") if "owner" in keys else keys
        for key, value in self._found(*keys):
            if isinstance(value, str):
                return [part.strip() for part in value.split(",") if part.strip()]
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return [str(value)]
            each = value if isinstance(value, list) else [value]
            names = [_name(one) for one in each]
            if all(names):
                return [name for name in names if name]
            self._wrong(key, "text or a list of texts")
        return []

    def flag(self, *keys: str) -> bool:
        """Yes or no; anything but `true` and `false` is a problem, and means yes: hiding is safe."""
        for key, value in self._found(*keys):
            if isinstance(value, bool):
                return value
            if isinstance(value, str) and value.lower() in {"yes", "on", "y", "no", "off", "n"}:
                return value.lower() in {"yes", "on", "y"}
            self._wrong(key, "true or false")
            return True
        return False

    def _found(self, *keys: str) -> list[tuple[str, Any]]:
        present = [self._values[key] for key in keys if key in self._values]
        return [(k, self.front.values[k]) for k in present if self.front.values[k] is not None]

    def _wrong(self, key: str, expected: str) -> None:
        message = f"Front matter: `{key}` should be {expected}."
        hint = f"Write `{key}:` followed by {expected}."
        line = self.front.lines.get(key, 1)
        self.problems.append(Problem(line, message, "front-matter", hint))


def _name(value: Any) -> str:
    """A name in a list: text, a number, or a mapping with a name (Docusaurus, Material)."""
    if isinstance(value, dict):
        value = value.get("name") or value.get("id") or value.get("email") or ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()
