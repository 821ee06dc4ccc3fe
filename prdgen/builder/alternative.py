"""A diagram in words, for those who do not see it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

_MAX_LABEL: Final = 160
_MAX_DESCRIPTION: Final = 2_000
_KINDS: Final = {
    "flowchart": "Flowchart",
    "sequence": "Sequence diagram",
    "stateDiagram": "State diagram",
    "class": "Class diagram",
    "er": "Entity relationship diagram",
    "pie": "Pie chart",
    "gantt": "Gantt chart",
    "journey": "User journey",
    "timeline": "Timeline",
    "mindmap": "Mind map",
    "gitGraph": "Git graph",
    "quadrantChart": "Quadrant chart",
}


def of(facts: dict[str, Any], labels: list[str]) -> tuple[str, str]:
    """(label, description) of a diagram: its author's `accTitle` and `accDescr` where given.

    Otherwise the label is the kind and what it is about, the description its connections, or
    where Mermaid's parser tells none, all words in the drawing.
    """
    kind = _kind(str(facts.get("type", "")))
    title = facts.get("accTitle") or facts.get("title")
    names = _names(facts)
    about = str(title) if title else ", ".join(dict.fromkeys(names.values() or labels))
    label = _short(f"{kind}: {about}" if about else kind, _MAX_LABEL)
    if facts.get("accDescr"):
        return label, _short(str(facts["accDescr"]), _MAX_DESCRIPTION)
    said = list(_connections(facts, names)) or labels
    return label, _short("; ".join(said), _MAX_DESCRIPTION) or label


def _kind(name: str) -> str:
    """`flowchart-v2` → Flowchart."""
    for start, shown in _KINDS.items():
        if name.startswith(start):
            return shown
    return "Diagram"


def _names(facts: dict[str, Any]) -> dict[str, str]:
    """Each part's id and the words it is shown with."""
    names: dict[str, str] = {}
    for node in _items(facts.get("nodes")):
        names[str(node.get("id"))] = _plain(node.get("label") or node.get("id"))
    for key in ("actors", "entities", "classes"):
        parts = facts.get(key)
        for name, part in parts.items() if isinstance(parts, dict) else ():
            said = part.get("description") or part.get("label") if isinstance(part, dict) else name
            names[str(name)] = _plain(said or name)
    starts = {name for name in names if name.endswith(("_start", "_end"))}
    return {name: said for name, said in names.items() if name not in starts}


def _connections(facts: dict[str, Any], names: dict[str, str]) -> Iterable[str]:
    """`A to B: label` for each edge, message, transition or relation."""
    for key in ("edges", "messages", "relations", "relationships"):
        for edge in _items(facts.get(key)):
            start = edge.get("from") or edge.get("start") or edge.get("id1") or edge.get("entityA")
            end = edge.get("to") or edge.get("end") or edge.get("id2") or edge.get("entityB")
            if start is None or end is None:
                continue
            said = _plain(edge.get("label") or edge.get("message") or edge.get("roleA") or "")
            both = f"{_end(str(start), names)} to {_end(str(end), names)}"
            yield f"{both}: {said}" if said else both
        if _items(facts.get(key)):
            return


def _end(name: str, names: dict[str, str]) -> str:
    if name in names:
        return names[name]
    return "start" if name.endswith("_start") else "end" if name.endswith("_end") else name


def _items(value: Any) -> list[dict[str, Any]]:
    """The mappings in a list, whatever was there."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _plain(value: Any) -> str:
    """A label without HTML and line breaks."""
    return " ".join(re.sub(r"<[^>]*>", " ", str(value)).split())


def _short(text: str, limit: int) -> str:
    """The text, cut at a word when it is long."""
    plain = " ".join(text.split())
    return plain if len(plain) <= limit else plain[:limit].rsplit(" ", 1)[0] + " …"
