"""The block of YAML between `---` lines at the top of a page."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from prdgen.page.problems import Problem

MAX_BYTES: Final = 64 * 1024
_BLOCK: Final = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_MAX_NODES: Final = 5_000
_MAX_DEPTH: Final = 20
_PREFIX: Final = "tag:yaml.org,2002:"
_UNWANTED: Final = frozenset({_PREFIX + "timestamp", _PREFIX + "bool", _PREFIX + "merge"})
_TEXT_KEYS: Final = frozenset(
    {"title", "description", "status", "owner", "author", "version", "id", "date", "slug", "icon"}
)
_KEPT_BACK: Final = re.compile(
    r"^(draft|hidden|unlisted|exclude)[ \t]*:[ \t]*(?:true|yes|on)[ \t]*$|^(published)[ \t]*:[ \t]*(?:false|no|off)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_HINT: Final = "Correct the YAML between the two `---` lines; the page is shown without it, or kept back where it says so."


@dataclass(frozen=True)
class FrontMatter:
    """What the front matter says; `values` is JSON-able whatever was written."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    end_line: int = 0
    """The line of the closing `---`; 0 without front matter."""
    lines: dict[str, int] = field(default_factory=dict)
    """Top-level key → the file's line on which it stands."""


class _Refused(yaml.YAMLError):
    """The YAML is larger than front matter may be, or uses something front matter may not."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why)
        self.why, self.line = why, line


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader as people read YAML: no aliases, dates stay text, `no` is a word.

    Aliases are refused before anything is built, so ten lines cannot become gigabytes.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if self.check_event(yaml.events.AliasEvent):
            raise _Refused("aliases (`*name`) are not allowed here", event.start_mark.line)
        self._nodes = getattr(self, "_nodes", 0) + 1
        self._deep = getattr(self, "_deep", 0) + 1
        if self._nodes > _MAX_NODES or self._deep > _MAX_DEPTH:
            raise _Refused("it is too large or too deeply nested", event.start_mark.line)
        node = super().compose_node(parent, index)
        self._deep -= 1
        return node


_Loader.yaml_implicit_resolvers = {
    letter: [pair for pair in pairs if pair[0] not in _UNWANTED]
    for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    _PREFIX + "bool", re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF")
)


def split(text: str) -> tuple[str | None, int]:
    """The YAML between the `---` lines (None without front matter) and how many lines it takes.

    Front matter begins on the first line; without a closing `---` there is none, as on a forge.
    """
    if not text.startswith("---"):
        return None, 0
    match = _BLOCK.match(text)
    if match is None:
        return None, 0
    return match[1], match[1].count("\n") + 2


def blanked(text: str) -> str:
    """`text` with the front matter's lines empty, so that every other line keeps its number."""
    source, lines = split(text)
    if source is None:
        return text
    rest = text.split("\n", lines)
    return "\n" * lines + (rest[lines] if len(rest) > lines else "")


def read(text: str) -> FrontMatter:
    """What the front matter of `text` says. Broken YAML is a problem with its line, no error."""
    source, lines = split(text)
    if source is None:
        return FrontMatter()
    if not source.strip():
        return FrontMatter(end_line=lines)
    try:
        values, where, twice = _load(source)
    except _Refused as error:
        return _broken(f"Front matter: {error.why}.", error.line + 2, lines, source)
    except yaml.YAMLError as error:
        return _broken(*_reason(error), lines, source)
    except (ValueError, OverflowError, RecursionError) as error:
        return _broken(f"Front matter: {error}.", 2, lines, source)
    if not isinstance(values, dict):
        return _broken("Front matter: expected `key: value` lines.", 2, lines, source)
    named = {words(str(key)): jsonable(value) for key, value in values.items()}
    return FrontMatter(named, twice, lines, where)


def jsonable(value: Any) -> Any:
    """`value` with dates as ISO text, sets as lists, and keys and unknown things as text."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return words(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {words(str(key)): jsonable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(inner) for inner in value]
    if isinstance(value, set):
        return sorted(str(inner) for inner in value)
    return words(str(value))


def words(text: str) -> str:
    """`text` without NUL and lone surrogates, which neither JSON nor a database takes."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _load(source: str) -> tuple[Any, dict[str, int], list[Problem]]:
    """The YAML's value, each top-level key's line, and keys given twice; raises YAMLError."""
    if len(source) > MAX_BYTES:
        raise _Refused(f"it is longer than {MAX_BYTES // 1024} KiB", 0)
    loader = _Loader(source)
    where: dict[str, int] = {}
    twice = []
    try:
        node = loader.get_single_node()
        value = {} if node is None else loader.construct_document(node)
        for key, scalar in node.value if isinstance(node, yaml.MappingNode) else ():
            name, line = str(key.value), key.start_mark.line + 2
            if name in where:
                message = f"Front matter: `{name}` stands here a second time; this one counts."
                twice.append(Problem(line, message, "front-matter", "Remove one of the two."))
            where[name] = line
            if (
                name in _TEXT_KEYS
                and isinstance(scalar, yaml.ScalarNode)
                and value[name] is not None
            ):
                value[name] = scalar.value  # `version: 1.10` is not the number 1.1
    finally:
        loader.dispose()
    return value, where, twice


def _reason(error: yaml.YAMLError) -> tuple[str, int]:
    """What PyYAML found wrong, in one sentence, and the file's line."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        why = " ".join(filter(None, (error.context, error.problem)))
        return f"Front matter: {why}.", (mark.line + 2 if mark else 2)
    return f"Front matter: {' '.join(str(error).split())}.", 2


def _broken(message: str, line: int, lines: int, source: str) -> FrontMatter:
    """The reason, and of the values those alone that keep the page unpublished: one slip shall publish no draft."""
    inside = min(line, lines)
    said = [found[1] or found[2] for found in _KEPT_BACK.finditer(source)]
    kept = {key.lower(): key.lower() != "published" for key in said}
    return FrontMatter(kept, [Problem(inside, message, "front-matter", _HINT)], lines)
