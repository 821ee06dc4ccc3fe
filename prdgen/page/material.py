"""Material's own notation → GitHub-flavoured Markdown: notes, foldable blocks and tabs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_OPENING: Final = re.compile(
    r"(?P<indent> *)(?P<mark>!!!|\?\?\?\+?|===[!+]?) +(?P<kind>[\w-]+(?: +[\w-]+)*)?"
    r" *(?:[\"'](?P<title>.*)[\"'])? *$"
)
_FENCE: Final = re.compile(r" *(?:[-*+>] +)*(`{3,}|~{3,})")
_CALLED: Final = re.compile(r" *(:::(?= +[A-Za-z_][\w.]*$)|(?:-+8<-+)(?= ))")
"""What plug-ins of MkDocs put something else in place of: mkdocstrings and snippets."""
_ALERTS: Final = {
    "note": "NOTE", "info": "NOTE", "todo": "NOTE", "abstract": "NOTE", "summary": "NOTE",
    "tldr": "NOTE", "example": "NOTE", "quote": "NOTE", "cite": "NOTE", "question": "NOTE",
    "help": "NOTE", "faq": "NOTE", "tip": "TIP", "hint": "TIP", "success": "TIP", "check": "TIP",
    "done": "TIP", "important": "IMPORTANT", "seealso": "NOTE", "warning": "WARNING",
    "attention": "WARNING", "caution": "CAUTION", "failure": "CAUTION", "fail": "CAUTION",
    "missing": "CAUTION", "danger": "CAUTION", "error": "CAUTION", "bug": "CAUTION",
}  # fmt: skip
_STEP: Final = 4
"""Spaces by which Python-Markdown has a block's content further in."""


@dataclass(frozen=True, slots=True)
class Place:
    """One block in Material's notation."""

    line: int
    mark: str
    """`!!!`, `???` or `===`; `:::` and `--8<--` of plug-ins are converted to nothing else."""


def places(text: str) -> list[Place]:
    """Where the page uses it, outside of code; nested ones too, and what only plug-ins read."""
    found = []
    for number, line, match in _lines(text.split("\n")):
        called = _CALLED.match(line) if match is None else None
        if match is not None or called is not None:
            found.append(Place(number, match["mark"][:3] if match else str(called and called[1])))
    return found


def converted(text: str) -> str:
    """The page with every such block as GitHub reads it; everything else stays to the letter.

    A note becomes an alert with its title in bold, a foldable block `<details>`, a tab a title in
    bold with its content below.
    """
    return "\n".join(_converted(text.split("\n")))


def _converted(lines: list[str]) -> list[str]:
    made: list[str] = []
    after = 0
    for number, line, match in _lines(lines):
        if number <= after:
            continue
        if match is None:
            made.append(line)
            continue
        inside, after = _inside(lines, number, len(match["indent"]) + _STEP)
        if made and made[-1].strip():
            made.append("")
        written = _written(match, _converted(inside))
        made += [(match["indent"] + each).rstrip() for each in written]
        if after < len(lines) and lines[after].strip():
            made.append("")
    return made


def _lines(lines: list[str]) -> Iterator[tuple[int, str, re.Match[str] | None]]:
    """Each line with its number, from 1, and what it opens; nothing is opened inside code."""
    fence = ""
    for number, line in enumerate(lines, 1):
        found = _FENCE.match(line)
        if fence:
            rest = line.strip()
            if found and rest.startswith(fence) and not rest.strip(fence[0]):
                fence = ""
            yield number, line, None
            continue
        if found:
            fence = found[1]
            yield number, line, None
            continue
        yield number, line, _opens(line)


def _opens(line: str) -> re.Match[str] | None:
    match = _OPENING.fullmatch(line)
    if match is None or not (match["kind"] or match["title"] is not None):
        return None
    return None if match["mark"].startswith("=") and match["title"] is None else match


def _inside(lines: list[str], number: int, indent: int) -> tuple[list[str], int]:
    """The lines of the block opened in line `number`, further out, and how many lines are before what
    follows it.
    """
    end = number
    for place in range(number, len(lines)):
        line = lines[place]
        if line.strip() and len(line) - len(line.lstrip(" ")) < indent:
            break
        if line.strip():
            end = place + 1
    return [line[indent:] for line in lines[number:end]], end


def _written(match: re.Match[str], inside: list[str]) -> list[str]:
    kind = (match["kind"] or "note").split()[0].lower()
    title = match["title"]
    if match["mark"].startswith("="):
        return [f"**{title}**", "", *inside, ""]
    if match["mark"].startswith("?"):
        shown = " open" if match["mark"].endswith("+") else ""
        words = title or kind.capitalize()
        return [f"<details{shown}>", f"<summary>{words}</summary>", "", *inside, "", "</details>"]
    begin = [f"[!{_ALERTS.get(kind, 'NOTE')}]"] + ([f"**{title}**", ""] if title else [])
    return [f"> {line}".rstrip() for line in (*begin, *inside)]
