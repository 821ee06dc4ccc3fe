"""The version of a browser's history that a file was written from, letter by letter."""

from __future__ import annotations

import random

import pytest

from prdgen.crdt.replica import Replica
from prdgen.merge.diff import Splice
from prdgen.sync import written_from

WORDS = [
    "the",
    "user",
    "must",
    "see",
    "a",
    "checkout",
    "page",
    "with",
    "all",
    "items",
    "before",
    "paying",
]
HEAD = "# Checkout"
ACTOR = b"a browser's own."


class Typed:
    """Somebody at work: words, corrections, text moved about; every version is kept."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        paragraphs = (" ".join(self.random.choices(WORDS, k=30)) for _ in range(6))
        text = "\n\n".join([HEAD, *paragraphs]) + "\n"
        self.replica = Replica.seed(text)
        self.since = self.replica.heads
        self.texts = [text]
        self.caret = len(text)

    def edit(self, position: int, delete: int, insert: str) -> None:
        self.replica.edit([Splice(position, delete, insert)], actor=ACTOR)
        self.texts.append(self.replica.text())

    def write(self, words: str) -> None:
        for letter in words:
            self.edit(self.caret, 0, letter)
            self.caret += 1

    def work(self, steps: int) -> None:
        for _ in range(steps):
            what, size = self.random.random(), len(self.texts[-1])
            if what < 0.15:
                self.caret = self.random.randrange(size)
            elif what < 0.3:
                for _ in range(min(self.caret, self.random.randint(1, 12))):
                    self.caret -= 1
                    self.edit(self.caret, 1, "")
            elif what < 0.37:
                start = self.random.randrange(size)
                cut = self.texts[-1][start : start + self.random.randint(5, 60)]
                self.edit(start, len(cut), "")
                self.caret = self.random.randrange(size - len(cut))
                self.edit(self.caret, 0, cut)
            else:
                self.write(self.random.choice(WORDS) + " ")

    def closest(self, file: str) -> str:
        changes = self.replica.changes_since(self.since)
        return written_from.closest(self.replica, changes, file, self.since).text


def test_every_letter_of_a_line_is_found():
    """Also in the middle of a word, and where nothing but the line's end was typed."""
    typed = Typed(1)
    typed.write("first0 first1 first2 second0 second1 second2 third0 third1 ")
    assert [typed.closest(text) for text in typed.texts] == typed.texts


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("head", [HEAD, "# Check out and pay"], ids=["", "edited on disk"])
def test_among_corrections_and_moves(seed, head):
    """The distance to the file rises and falls on the way there."""
    typed = Typed(seed)
    typed.work(40)
    for text in typed.random.sample(typed.texts, 3):
        assert typed.closest(text.replace(HEAD, head)) == text


def test_of_a_long_history_the_newest_is_looked_at_whole(monkeypatch):
    """And of what is older some."""
    typed = Typed(1)
    typed.write("first0 first1 first2 second0 second1 second2 third0 third1 ")
    file = typed.texts[-4]
    monkeypatch.setattr(written_from, "_LETTERS", 10 * (len(file) + 4000))
    assert typed.closest(file) == file
    assert typed.closest(typed.texts[5]) == typed.texts[5]
