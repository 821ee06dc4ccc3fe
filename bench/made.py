"""Made three-way merges: two people's edits of one page, each new word told from every other."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import node
from bench.merges import Triple

_FRONT: Final = (
    "---\ntitle: {title}\nstatus: draft\nowner: ann\ntags:\n  - checkout\n  - web\n---\n\n"
)
_TABLE: Final = "\n## Limits\n\n| id | what | most |\n|---|---|---|\n{rows}\n"
_NEAR: Final = 0.5
"""How often the second person works near the first: people edit what is being talked about."""
_FAR: Final = 2
"""Blocks (paragraphs, lists, tables) within which that is."""
_HEADINGS: Final = 0.1
_UNWRAPPED: Final = 0.5
"""How many pages have each paragraph on one line, as browsers write them."""
_HEADING: Final = re.compile(r"#|```|\[[^\]]*\]:")
_SAME: Final = 0.08
"""How often both make the same change: a typo both saw, a commit that was picked over."""


@dataclass
class Person:
    """Edits a page, block by block; every word it adds has a number of its own."""

    name: str
    pick: random.Random
    blocks: list[str]
    count: int = 0
    places: list[int] = field(default_factory=list)

    def edit(self, near: Sequence[int]) -> None:
        """One edit, near one of these blocks as often as not; headings are seldom touched."""
        place = self.pick.randrange(1, len(self.blocks))
        if near and self.pick.random() < _NEAR:
            place = self.pick.choice(near) + self.pick.randint(-_FAR, _FAR)
        place = max(1, min(place, len(self.blocks) - 1))
        while _HEADING.match(self.blocks[place]) and self.pick.random() > _HEADINGS:
            place = place + 1 if place + 1 < len(self.blocks) else 1
        self.places.append(place)
        kinds = [kind for kind, share in _KINDS.items() for _ in range(share)]
        self.pick.choice(kinds)(self, place)

    def word(self) -> str:
        """A word that nobody else writes."""
        self.count += 1
        return f"{self.name}{self.count}"

    def words(self, least: int, most: int) -> str:
        """Some new words."""
        return " ".join(self.word() for _ in range(self.pick.randint(least, most)))


def _lines_at(person: Person, place: int) -> list[str]:
    return person.blocks[place].split("\n")


def _put(person: Person, place: int, lines: Sequence[str]) -> None:
    person.blocks[place] = "\n".join(lines)


def _change_word(person: Person, place: int) -> None:
    lines = _lines_at(person, place)
    number = person.pick.randrange(len(lines))
    words = [match for match in re.finditer(r"\w+", lines[number]) if len(match[0]) > 2]
    if words:
        word = person.pick.choice(words)
        lines[number] = lines[number][: word.start()] + person.word() + lines[number][word.end() :]
        _put(person, place, lines)


def _rewrite(person: Person, place: int) -> None:
    """A line, keeping some of its words."""
    lines = _lines_at(person, place)
    number = person.pick.randrange(len(lines))
    mark, *rest = lines[number].split(" ")
    kept = [word if person.pick.random() < 0.4 else person.word() for word in rest]
    lines[number] = " ".join([mark, *kept])
    _put(person, place, lines)


def _add_words(person: Person, place: int) -> None:
    lines = _lines_at(person, place)
    number = person.pick.randrange(len(lines))
    words = lines[number].split(" ")
    words.insert(person.pick.randint(1, len(words)), person.words(1, 6))
    lines[number] = " ".join(words)
    _put(person, place, lines)


def _add_row(person: Person, place: int) -> None:
    """An item or a row like its neighbour; a sentence where there is neither."""
    lines = _lines_at(person, place)
    number = person.pick.randrange(len(lines))
    mark = re.match(r"\s*(?:[-*+]|\d+\.)\s+", lines[number])
    if lines[number].startswith("|"):
        lines.append(f"| {person.word()} | {person.words(1, 4)} | {person.word()} |")
    elif mark:
        lines.insert(number + 1, mark[0] + person.words(3, 8))
    else:
        lines[-1] += f" {person.words(4, 9).capitalize()}."
    _put(person, place, lines)


def _add_paragraph(person: Person, place: int) -> None:
    person.blocks.insert(min(place + 1, len(person.blocks)), f"{person.words(6, 25).capitalize()}.")


def _add_section(person: Person, place: int) -> None:
    person.blocks[place + 1 : place + 1] = [f"## {person.words(1, 3)}", f"{person.words(6, 20)}."]


def _delete(person: Person, place: int) -> None:
    if place > 1 and len(person.blocks) > 4:
        del person.blocks[place]


def _move(person: Person, place: int) -> None:
    if place > 1 and len(person.blocks) > 4:
        block = person.blocks.pop(place)
        person.blocks.insert(person.pick.randrange(2, len(person.blocks)), block)


def _wrap(person: Person, place: int) -> None:
    """A paragraph with its lines broken elsewhere."""
    text = person.blocks[place]
    if re.match(r"[A-Za-z]", text) and "|" not in text:
        words, width = text.split(), person.pick.choice([60, 72, 80, 100])
        lines = [""]
        for word in words:
            if len(lines[-1]) + len(word) >= width:
                lines.append("")
            lines[-1] += (" " if lines[-1] else "") + word
        _put(person, place, lines)


def _set_key(person: Person, _: int) -> None:
    """A key of the front matter, or one more tag."""
    lines = person.blocks[0].split("\n")
    key = person.pick.choice(["title", "status", "owner", "tags"])
    for number, line in enumerate(lines):
        if key == "tags" and line.startswith("  - "):
            lines.insert(number + person.pick.randint(0, 1), f"  - {person.word()}")
            break
        if line.startswith(f"{key}:") and key != "tags":
            lines[number] = f"{key}: {person.words(1, 2)}"
            break
    person.blocks[0] = "\n".join(lines)


_KINDS: Final[dict[Callable[[Person, int], None], int]] = {
    _change_word: 35, _add_words: 18, _add_row: 19, _add_paragraph: 8, _set_key: 7,
    _rewrite: 4, _add_section: 3, _delete: 2, _move: 2, _wrap: 2,
}  # fmt: skip
"""What people do to a page, and how often in a hundred edits."""


def triples(count: int, seed: int, corpus: Path) -> Iterator[Triple]:
    """Made merges of pages of the corpus, or of this project's own where there is no corpus."""
    pages = [_page(path) for path in _sources(corpus)]
    pages = [page for page in pages if len(page) > 6]
    for number in range(count):
        pick = random.Random(seed * 1_000_003 + number)
        base = pick.choice(pages)
        if pick.random() < _UNWRAPPED:
            base = [_unwrapped(block) for block in base]
        first, second = Person("Ours", pick, [*base]), Person("Theirs", pick, [*base])
        if pick.random() < _SAME:
            both = Person("Both", pick, [*base])
            both.edit([])
            first.blocks, second.blocks = [*both.blocks], [*both.blocks]
        for _ in range(pick.randint(1, 4)):
            first.edit([])
        for _ in range(pick.randint(1, 4)):
            second.edit(first.places)
        texts = ("\n\n".join(blocks) + "\n" for blocks in (base, first.blocks, second.blocks))
        yield Triple(f"made:{seed}:{number}", *(text.encode() for text in texts))


def _unwrapped(block: str) -> str:
    """A paragraph on one line."""
    return block.replace("\n", " ") if re.match(r"[A-Za-z]", block) else block


def _sources(corpus: Path) -> list[Path]:
    found = sorted((corpus / "rfcs").glob("*.md"))
    return found or sorted([*(node.ROOT / "docs").glob("*.md"), *node.ROOT.glob("site/**/*.md")])


def _page(path: Path) -> list[str]:
    """A page's blocks, with front matter first and a table last."""
    text = path.read_text("utf-8").replace("\r\n", "\n")
    rows = "\n".join(f"| REQ-{n} | {path.stem} | {n * 10} |" for n in range(1, 6))
    whole = _FRONT.format(title=path.stem) + text.strip("\n") + _TABLE.format(rows=rows)
    return [block.strip("\n") for block in re.split(r"\n{2,}", whole) if block.strip()]
