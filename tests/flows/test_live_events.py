"""Cursors and selections on the bus become events: throttled, of known people, never of nonsense."""

import json
from uuid import uuid4

import cbor2
import pytest

from prdgen.crdt import wire
from prdgen.flows import live_events
from prdgen.flows.live_events import EVERY_SECONDS, Follower, event_of, place_of

PAGE, ANN = uuid4(), uuid4()
HERE = {"from": [3, 7], "to": [3, 7]}


def people(*peers, person=ANN) -> bytes:
    return b"P" + json.dumps([[peer, str(person), "Ann", "#123456"] for peer in peers]).encode()


def said(place: object, peer: str = "tab", **more: object) -> bytes:
    data = cbor2.dumps({"type": "presence", "place": place, **more})
    return b"L" + wire.encode(wire.Ephemeral(peer, "*", "doc", "session", 1, data))


@pytest.fixture
def clock():
    """A follower that knows Ann's tab, and its clock."""
    now = [100.0]
    follower = Follower(now=lambda: now[0])
    follower.hear(PAGE, people("tab", "other"))
    return follower, now


def test_a_place_is_told_once_and_again_when_it_is_another(clock):
    """Editors say their place every three seconds; only news are news."""
    follower, now = clock
    assert follower.hear(PAGE, said(HERE)) == (ANN, ((3, 7), (3, 7)))
    now[0] += 3
    assert follower.hear(PAGE, said(HERE)) is None
    assert follower.hear(PAGE, said({"from": [1, 1], "to": [2, 5]})) == (ANN, ((1, 1), (2, 5)))


def test_a_person_who_moves_all_the_time_is_told_at_intervals(clock):
    """Ten moves a second are two events, whichever tab they come from."""
    follower, now = clock
    told = 0
    for step in range(20):
        moved = said({"from": [step + 1, 1], "to": [step + 1, 1]}, ("tab", "other")[step % 2])
        told += follower.hear(PAGE, moved) is not None
        now[0] += 0.1
    assert told == 2 / EVERY_SECONDS


def test_another_page_is_another_matter(clock):
    """The interval is of one person in one page."""
    follower, _ = clock
    assert follower.hear(PAGE, said(HERE))
    assert follower.hear(uuid4(), said(HERE))


@pytest.mark.parametrize(
    "payload",
    [b"", b"L", b"Lx", b"P", b"P{", b'P[["a"]]', b'P[["a","x","n","c"]]', said(HERE, "stranger"),
     said(None), said({"from": [1, 1]}), said({"from": [0, 1], "to": [1, 1]}),
     said({"from": [True, 1], "to": [1, 1]}), said({"from": ["1", 1], "to": [1, 1]}),
     said({"from": [1 << 40, 1], "to": [1, 1]}), said([1, 2]),
     b"L" + wire.encode(wire.Ephemeral("tab", "*", "doc", "s", 1, b"\xff")),
     b"L" + wire.encode(wire.Leave("tab"))],
)  # fmt: skip
def test_what_says_nothing_is_passed_over(clock, payload):
    """Anyone in a page can send any bytes; what follows is heard as ever."""
    follower, _ = clock
    assert follower.hear(PAGE, payload) is None
    assert follower.hear(PAGE, said(HERE))


def test_an_empty_selection_is_a_cursor():
    """Two names, as the mission has them; lines and columns from 1."""
    cursor = event_of(("main", "a.md"), ANN, ((3, 7), (3, 7)))
    assert (cursor.type, cursor.data) == ("cursor.moved", {"line": 3, "column": 7})
    selection = event_of(("main", "a.md"), ANN, ((3, 7), (4, 1)))
    assert selection.type == "selection.changed"
    assert selection.data == {"from": {"line": 3, "column": 7}, "to": {"line": 4, "column": 1}}
    assert (selection.branch, selection.page_path, selection.person_id) == ("main", "a.md", ANN)


def test_messages_of_other_programs_have_no_place():
    """An automerge-repo peer may put anything into a live message."""
    assert [place_of(x) for x in (None, 1, [], {}, {"place": "here"})] == [None] * 5


def test_a_long_life_does_not_fill_the_memory(clock):
    """Tabs come and go for months."""
    follower, _ = clock
    for n in range(live_events._MOST_KNOWN + 5):
        follower.hear(PAGE, people(f"tab-{n}"))
    assert len(follower.people) < live_events._MOST_KNOWN
