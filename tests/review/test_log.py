"""A review's log: lines that merge by union, and where they lead."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from prdgen.review import log
from prdgen.review.log import Entry
from prdgen.review.state import fold

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def entry(kind: str, minute: int, **facts: object) -> Entry:
    at = NOON + timedelta(minutes=minute)
    return Entry(kind, "Ann", "ann@example.org", facts, at, f"{minute:032x}")


STORY = [
    entry("started", 0, branch="draft/x", base="main", title="X", tip="1" * 40),
    entry("titled", 1, title="Y"),
    entry("described", 2, text="one\ntwo — drei"),
    entry("closed", 3, tip="2" * 40),
    entry("reopened", 4),
    entry("merged", 5, tip="3" * 40, made="4" * 40),
]


def test_what_is_written_is_read():
    """Every fact, and nothing twice."""
    data = log.appended(b"", STORY)
    assert log.entries(data) == STORY
    assert log.appended(data, STORY) == data
    assert data.count(b"\n") == len(STORY)


def test_logs_merge_the_same_whoever_merges():
    """Any way of dealing the lines to two sides, merged in any order."""
    dice = random.Random(7)
    whole = log.appended(b"", STORY)
    for _ in range(50):
        one, two = (
            log.appended(b"", [each for each in STORY if dice.random() < 0.7]) for _ in range(2)
        )
        assert log.merged([one, two]) == log.merged([two, one]) == log.merged([one, two, one])
        assert log.merged([one, two, whole]) == whole


def test_lines_nobody_understands_are_kept_and_not_believed():
    """Of a newer version, or broken."""
    odd = b'{"kind":"applauded","id":"1","at":"2026-01-01T00:00:00+00:00","by":{}}\nnot json\n[]\n'
    data = log.appended(odd, STORY)
    assert log.entries(data) == STORY
    assert all(line in data for line in odd.splitlines())


def test_a_time_without_a_zone_is_utc():
    """Of a hand that wrote it."""
    line = STORY[0].line().replace("+00:00", "")
    assert log.entries(line.encode()) == STORY[:1]


def test_where_a_review_stands():
    """After each line."""
    states = [fold("r", STORY[: count + 1]) for count in range(len(STORY))]
    assert all(states)
    assert [each.state for each in states if each] == [
        "open", "open", "open", "closed", "open", "merged"
    ]  # fmt: skip
    last = states[-1]
    assert last
    assert (last.title, last.description) == ("Y", "one\ntwo — drei")
    assert (last.tip, last.made) == ("3" * 40, "4" * 40)
    assert fold("r", STORY[1:]) is None


def test_what_was_said_and_decided():
    """Threads with answers, suggestions, and everybody's last word."""
    anchor = {"start": 3, "quote": "abc", "before": "x", "after": "y"}
    story = [
        STORY[0],
        entry("requested", 1),
        entry("commented", 2, page_path="a.md", commit="1" * 40, text="Why?", anchor=anchor,
              suggestion="abd"),
        entry("replied", 3, thread=f"{2:032x}", text="Because"),
        entry("changes_requested", 4, tip="1" * 40, text="Not yet"),
        entry("approved", 5, tip="2" * 40),
        entry("taken", 6, thread=f"{2:032x}"),
        entry("resolved", 7, thread="nothing"),
        entry("unresolved", 8, thread=f"{4:032x}"),
    ]  # fmt: skip
    review = fold("r", story)
    assert review
    first, second = review.threads.values()
    assert [comment.text for comment in first.comments] == ["Why?", "Because"]
    assert first.anchor
    assert (first.anchor.quote, first.suggestion, first.taken_by) == ("abc", "abd", "Ann")
    assert review.open_threads == [second]
    assert (second.page_path, second.anchor, second.comments[0].text) == (None, None, "Not yet")
    (verdict,) = review.verdicts.values()
    assert (verdict.word, verdict.tip, review.asked_by) == ("approved", "2" * 40, "Ann")


def test_broken_facts_break_nothing():
    """A hand, or another program, wrote them."""
    odd = [entry("commented", 1, anchor=5, suggestion=[], page_path={}), entry("replied", 2),
           entry("approved", 3), entry("titled", 4)]  # fmt: skip
    review = fold("r", [STORY[0], *odd])
    assert review
    assert len(review.threads) == 1
