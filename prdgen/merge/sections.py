"""The subject of a commit: which sections of a page changed, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

LONGEST = 72
_LONGEST_TITLE = 30
_SHORTEST_NAME = 8

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}#{1,6}(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
_NO_PARAGRAPH = re.compile(r" {0,3}(?:[-*+>|]|\d+[.)]|#{1,6}(?:\s|$))|\s{4}|\s*$")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKUP = re.compile(r"[*`~]+|(?<!\w)_+|_+(?!\w)")
_FRONT_MATTER = "front matter"
_OPENING = "introduction"


def subject(old: str, new: str, title: str) -> str:
    """One line of at most 72 characters, like `Checkout: edit Goals, add Risks`."""
    title = _plain(title)
    head = f"{_cut(title, _LONGEST_TITLE)}: " if title else ""
    line = head + _fitted(list(_steps(old, new, title)), LONGEST - len(head))
    return line[:1].upper() + line[1:]


def split(text: str) -> dict[tuple[str, int], str]:
    """Each section's text below its heading; the key is the heading's words and how often
    they had come before.

    Front matter and what stands above the first heading are sections too. Headings are ATX and
    setext ones outside code fences.
    """
    found: dict[tuple[str, int], str] = {}
    seen: dict[str, int] = {}
    for name, body in _sections(text):
        key = name, seen.get(name, 0)
        seen[name] = key[1] + 1
        found[key] = body
    return found


def _steps(old: str, new: str, title: str) -> Iterator[tuple[str, str]]:
    """What was done to which section: verb and name."""
    if not old.strip() or not new.strip():
        yield ("remove" if old.strip() else "add"), "page"
        return
    before, after = split(old), split(new)
    renamed = _renamed(before, after)
    for key, body in after.items():
        name = _OPENING if key[0] == title else key[0]
        if key in renamed:
            yield "rename", f"{renamed[key][0]} to {name}"
        elif key not in before:
            if body.strip() or key[0] not in (_OPENING, _FRONT_MATTER):
                yield "add", name
        elif before[key] != body:
            yield "edit", name
    for key, body in before.items():
        gone = key not in after and key not in renamed.values()
        if gone and (body.strip() or key[0] not in (_OPENING, _FRONT_MATTER)):
            yield "remove", key[0]
    if before == after and list(before) != list(after):
        yield "move", "sections"


def _renamed(
    before: dict[tuple[str, int], str], after: dict[tuple[str, int], str]
) -> dict[tuple[str, int], tuple[str, int]]:
    """New headings over the very text that stood below a heading which is gone."""
    gone = {body: key for key, body in before.items() if key not in after and body.strip()}
    return {
        key: gone.pop(body) for key, body in after.items() if key not in before and body in gone
    }


def _sections(text: str) -> Iterator[tuple[str, str]]:
    lines = text.split("\n")
    at = 0
    if lines[0].rstrip() == "---":
        ends = (n for n, line in enumerate(lines) if n and line.rstrip() in ("---", "..."))
        at = next(ends, -1) + 1
        if at:
            yield _FRONT_MATTER, "\n".join(lines[1:at])
    name, start = _OPENING, at
    for place, below, heading in _headings(lines, at):
        if name != _OPENING or any(line.strip() for line in lines[start:place]):
            yield name, "\n".join(lines[start:place]).strip("\n")
        name, start = heading, below
    yield name, "\n".join(lines[start:]).strip("\n")


def _headings(lines: list[str], at: int) -> Iterator[tuple[int, int, str]]:
    """Each heading's first line, the line below it, and its words."""
    fence = ""
    for number, line in enumerate(lines[at:], at):
        mark = _FENCE.match(line)
        if fence:
            closes = mark and mark[1].startswith(fence) and not line[mark.end() :].strip()
            fence = "" if closes else fence
        elif mark:
            fence = mark[1]
        elif atx := _ATX.match(line):
            yield number, number + 1, _plain(atx[1] or "") or "untitled section"
        elif number > at and _UNDERLINE.match(line) and not _NO_PARAGRAPH.match(lines[number - 1]):
            yield number - 1, number + 1, _plain(lines[number - 1])


def _plain(text: str) -> str:
    """Words without markup, on one line."""
    text = _MARKUP.sub("", _LINK.sub(r"\1", text))
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _fitted(steps: Iterable[tuple[str, str]], room: int) -> str:
    """As many of the steps as there is room for, and how many more there are."""
    named = [(verb, _cut(name, max(_SHORTEST_NAME, room // 2))) for verb, name in steps]
    if not named:
        return "edit"
    for count in range(len(named), 0, -1):
        more = f" and {len(named) - count} more" if count < len(named) else ""
        line = _joined(named[:count]) + more
        if len(line) <= room:
            return line
    return _cut(line, room)


def _joined(named: Iterable[tuple[str, str]]) -> str:
    """`edit Goals, Risks, add Plan`: a verb is said once for what follows it."""
    return ", ".join(
        f"{verb} {', '.join(name for _, name in group)}"
        for verb, group in groupby(named, key=lambda step: step[0])
    )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
