"""A log says what the forge has, what it has not, and what came from there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prdgen.review import exchanged, log
from prdgen.review.log import Entry
from prdgen.review.state import Link, fold

LINK = Link("forge.example/team/prds", 7, "https://forge.example/team/prds/pulls/7")
PULL = "forge.example/team/prds#7"
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def said(kind: str, minute: int, id_: str = "", **facts) -> Entry:
    return Entry(
        kind, "Ann", "ann@example.org", facts, NOW + timedelta(minutes=minute), id_ or kind
    )


STARTED = said("started", 0, branch="b", base="main", title="T", tip="")
LINKED = said("linked", 1, forge=LINK.forge, number=7, address=LINK.address)


def test_what_was_said_here_goes_once():
    """Until it is noted; what belongs to another pull request does not count as sent."""
    comment = said("commented", 2, text="x")
    known = exchanged.fold([STARTED, LINKED, comment], LINK)
    assert known.unsent == [comment]
    other = said("sent", 3, "s1", pull="elsewhere#1", entry="commented", there="1")
    assert exchanged.fold([STARTED, LINKED, comment, other], LINK).unsent == [comment]
    sent = said("sent", 4, "s2", pull=PULL, entry="commented", there="note-1", thread_there="t")
    known = exchanged.fold([STARTED, LINKED, comment, other, sent], LINK)
    assert known.unsent == []
    assert known.threads == {"t": comment}
    assert known.first_of("commented") == ("note-1", "t")


def test_what_came_from_there_does_not_go_back():
    came = said("commented", 2, pull=PULL, there="note-1", thread_there="t", text="x")
    known = exchanged.fold([STARTED, LINKED, came], LINK)
    assert (known.unsent, known.came) == ([], {"note-1": came})
    assert known.first_of("commented") == ("note-1", "t")


def test_without_a_pull_request_everything_waits():
    assert len(exchanged.fold([STARTED, said("commented", 1, text="x")], None).unsent) == 1


def test_the_id_of_what_came_is_the_same_for_all_and_in_all_names_of_a_project():
    moved = Link("new.example/team/prds", 7, "x")
    assert exchanged.came_id(LINK, "note-1") == exchanged.came_id(moved, "note-1")
    assert exchanged.came_id(LINK, "note-1") != exchanged.came_id(LINK, "note-2")


def test_clocks_that_differ_keep_the_order():
    assert exchanged.after(NOW, NOW + timedelta(hours=1)) > NOW + timedelta(hours=1)
    assert exchanged.after(NOW, None, NOW - timedelta(hours=1)) == NOW


def test_a_log_with_one_thing_twice_has_it_once():
    """As two servers may bring it in, each with another idea of its place: the first stays."""
    one, two = said("commented", 2, "x", text="a"), said("commented", 2, "x", text="b")
    data = log.appended(b"", [STARTED, one, two])
    assert len(log.entries(data)) == 2
    assert log.entries(data) == log.entries(log.merged([data, data]))


def test_the_log_keeps_what_was_said_and_shows_the_last_words():
    """Reworded, taken back, linked."""
    entries = [
        STARTED, LINKED, said("commented", 2, "c", text="Wyh?"),
        said("replied", 3, "r", thread="c", text="x"),
        said("reworded", 4, "w", comment="c", text="Why?"),
        said("approved", 5, tip="t"), said("undecided", 6),
    ]  # fmt: skip
    review = fold("r", entries)
    assert [c.text for c in review.threads["c"].comments] == ["Why?", "x"]
    assert (review.verdicts, review.link) == ({}, LINK)
    bad = [*entries, said("linked", 7, "l2", forge="x", number="7", address="x")]
    assert fold("r", bad).link == LINK
