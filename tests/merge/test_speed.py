"""The merge is quick on large pages and bounded on hopeless ones (limits are generous)."""

import random
import time

import pytest

from prdgen.merge import diff
from prdgen.merge.three_way import merge

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ["n", "rt", "ll", "s"]]


def page(seed, size=172_000):
    """A page of paragraphs of random words."""
    pick = random.Random(seed)
    found, length = [], 0
    while length < size:
        line = " ".join(pick.choices(WORDS, k=pick.randint(5, 60))) + ".\n"
        found.append(line + ("\n" if pick.random() < 0.4 else ""))
        length += len(found[-1])
    return "".join(found)


def scattered(text, sign, seed, count=60):
    """The text with some words changed."""
    words = text.split(" ")
    for place in random.Random(seed).sample(range(len(words)), count):
        words[place] = sign + words[place]
    return " ".join(words)


def seconds(*texts):
    """The fastest of three merges."""
    fastest = 9.0
    for _ in range(3):
        started = time.process_time()
        found = merge(*texts)
        fastest = min(fastest, time.process_time() - started)
    assert diff.apply(texts[2], found.hunks) == found.text
    return fastest


def test_scattered_edits_in_a_large_page():
    """About 20 ms here."""
    base = page(1)
    assert seconds(base, scattered(base, "t", 1), scattered(base, "o", 2)) < 0.15


@pytest.mark.parametrize("joiner", ["\n", " ", ". "])
def test_unrelated_large_texts_are_bounded(joiner):
    """About 0.3 s here: the limit, whatever the texts are."""
    texts = [
        joiner.join(random.Random(seed).choices("abcdefgh" if joiner != ". " else WORDS, k=40_000))
        for seed in range(3)
    ]
    assert seconds(*texts) < 1.5


def test_one_long_line_keeps_small_edits():
    """Unique words are anchors, so a page of one line is not replaced whole."""
    base = " ".join(f"w{number}" for number in range(20_000))
    theirs = base.replace("w100 ", "t100 ").replace("w19000 ", "t19000 ")
    found = merge(base, theirs, base.replace("w9000 ", "o9000 "))
    assert len(found.hunks) == 2
    assert found.conflicts == []


def test_every_line_changed_by_one_word():
    """A term renamed everywhere stays a list of words."""
    base = "".join(f"- the old name of thing {n} in line {n}\n" for n in range(2_000))
    theirs, ours = base.replace("old", "new"), scattered(base, "o", 3)
    assert seconds(base, theirs, ours) < 0.5
    assert len(merge(base, theirs, ours).hunks) > 1_900
