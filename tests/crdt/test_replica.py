"""Replicas: seeds, edits, versions and what loading gives back."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prdgen.crdt import errors, message
from prdgen.crdt.replica import Replica
from prdgen.crdt.splices import Splice
from prdgen.crdt.sync import Session

from .making import ACTOR, two, typed

TEXT = "# Wörld 😀\n\nA line.\n"


def test_a_seed_is_the_same_in_another_process():
    """Trap 5: any process gets the same heads from the same text."""
    code = (
        "from prdgen.crdt.replica import Replica; import sys;"
        f"sys.stdout.write(Replica.seed({TEXT!r}).heads[0].hex())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == Replica.seed(TEXT).heads[0].hex()


def test_seeds_of_different_texts_can_not_meet():
    """Trap 5: two texts never share an actor."""
    one, other = Replica.seed("a"), Replica.seed("b")
    assert one.changes_since()[0].actor != other.changes_since()[0].actor


def test_two_processes_go_on_from_one_seed_without_a_clash():
    """Trap 5: after the seed everyone writes under an actor of their own."""
    one, other = Replica.seed(TEXT), Replica.seed(TEXT)
    change = typed(one, 0, "x")
    typed(other, 1, "y")
    assert [c.hash for c in other.apply([change.data])] == [change.hash]


def test_seeding_an_empty_page():
    """A page may be empty."""
    replica = Replica.seed("")
    assert (replica.text(), len(replica.heads)) == ("", 1)


def test_saved_and_loaded_again():
    """`load` takes what `save` gave, and raw changes since."""
    one = Replica.seed(TEXT)
    snapshot = one.save()
    change = typed(one, 2, "é😀")
    again = Replica.load(snapshot, [change.data])
    assert (again.text(), again.heads) == (one.text(), one.heads)


def test_bytes_that_are_no_document():
    """Garbage in the store is said to be garbage."""
    with pytest.raises(errors.NotADocument):
        Replica.load(b"nothing of the kind")


def test_a_gap_in_the_store_is_reported():
    """Trap 13: a change that waits for another is never silently left out."""
    one = Replica.seed(TEXT)
    snapshot = one.save()
    first, second = typed(one, 0, "a"), typed(one, 1, "b")
    again = Replica.load(snapshot, [second.data])
    assert (again.text(), again.waiting) == (TEXT, {second.hash})
    assert [c.hash for c in again.apply([first.data], stored=True)] == [first.hash, second.hash]
    assert (again.text(), again.waiting) == (one.text(), frozenset())


def test_an_edit_in_the_past_is_merged_into_now():
    """An outside text is an edit of the version its writer saw."""
    replica = Replica.seed("one two three")
    then = replica.heads
    typed(replica, 0, "zero ")
    typed(replica, 4, "2", delete=3, at=then)
    assert replica.text() == "zero one 2 three"


def test_the_same_intake_twice_is_one_change():
    """Trap 1: same heads, same splices, same actor: the second time nothing happens."""
    one, other = two()
    then = one.heads
    change = typed(one, 3, "new ", actor=ACTOR, at=then)
    typed(other, 0, "before ")
    assert typed(other, 3, "new ", actor=ACTOR, at=then) == change
    assert other.edit([Splice(3, 0, "new ")], actor=ACTOR, at=then) == []
    assert other.text().count("new ") == 1


def test_an_edit_here_and_an_edit_on_a_fork_are_the_same_bytes():
    """The quick way round the fork changes nothing."""
    one, other = two()
    then = one.heads
    here = typed(one, 1, "é😀", delete=2, actor=ACTOR)
    typed(other, 0, "z")
    assert typed(other, 1, "é😀", delete=2, actor=ACTOR, at=then).data == here.data


def test_an_actor_cannot_make_two_first_changes():
    """Two different intakes under one actor would break the document for everyone."""
    replica = Replica.seed(TEXT)
    then = replica.heads
    typed(replica, 0, "a", actor=ACTOR)
    with pytest.raises(errors.EditRefused):
        replica.edit([Splice(0, 0, "b")], actor=ACTOR, at=then)


@pytest.mark.parametrize(
    "splices",
    [
        [Splice(0, 3, ""), Splice(2, 0, "x")],
        [Splice(-1, 0, "x")],
        [Splice(0, -1, "x")],
        [Splice(99, 0, "x")],
        [Splice(5, 99, "")],
        [Splice(0, 0, "\ud83d")],
    ],
)
def test_splices_that_do_not_fit(splices):
    """An impossible edit is refused whole."""
    replica = Replica.seed("some text")
    heads = replica.heads
    with pytest.raises(errors.EditRefused):
        replica.edit(splices)
    assert (replica.text(), replica.heads) == ("some text", heads)


def test_an_edit_of_nothing_makes_no_change():
    """No change for no edit."""
    assert Replica.seed("x").edit([Splice(0, 0, "")]) == []


def test_texts_of_former_versions():
    """Every version can be read again."""
    replica = Replica.seed("one")
    then = replica.heads
    typed(replica, 3, " two")
    assert (replica.text(then), replica.text()) == ("one", "one two")


def test_unknown_versions_are_named():
    """The engine takes unknown heads for the beginning; we do not."""
    replica = Replica.seed("one")
    for ask in (replica.text, replica.changes_since, replica.missing_from, replica.fork):
        with pytest.raises(errors.UnknownHeads):
            ask((b"\0" * 32,))


def test_changes_made_without_knowledge_of_another():
    """`missing_from` tells which changes somebody had not seen."""
    one, other = two()
    seed = one.heads[0]
    seen = typed(one, 0, "a")
    other.apply([seen.data])
    unseen = typed(one, 0, "b")
    late = typed(other, 0, "c")
    one.apply([late.data])
    assert one.missing_from(late.deps) == {unseen.hash, late.hash}
    assert {seed, seen.hash, unseen.hash} & one.missing_from(late.deps) == {unseen.hash}


def test_only_new_changes_come_back():
    """A change delivered twice is new once."""
    one, other = two()
    change = typed(one, 0, "a")
    assert [c.hash for c in other.apply([change.data, change.data])] == [change.hash]
    assert other.apply([change.data]) == []
    assert other.knows(change.hash)


def test_what_peers_were_told_is_not_kept_for_ever():
    """A peer can say any state there ever was; each is answered, few are remembered."""
    replica, seen = Replica.seed(TEXT), []
    for _ in range(100):
        typed(replica, 0, "x")
        seen.append(replica.heads)
    told = [replica.summary(heads) for heads in seen]
    assert len(replica._told[1]) < 20
    assert [replica.summary(heads) for heads in seen] == told


def test_the_successor_of_a_retired_document():
    """The server's last change names the next document, and the text stays."""
    replica = Replica.seed("text")
    (last,) = replica.write_successor("automerge:abc")
    again = Replica.load(Replica.seed("text").save(), [last.data])
    assert (again.successor(), again.text()) == ("automerge:abc", "text")


def test_a_fork_is_on_its_own():
    """A fork does not write into the replica it came from."""
    replica = Replica.seed("text")
    typed(replica.fork(), 0, "x")
    assert replica.text() == "text"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_splices_do_what_they_say(seed):
    """Many splices at once give the text that cutting a string gives."""
    rng = random.Random(seed)
    text = "".join(rng.choice("ab\né😀") for _ in range(rng.randrange(30)))
    cuts = sorted(rng.sample(range(len(text) + 1), min(4, len(text) + 1)))
    splices = [
        Splice(a, b - a, rng.choice(["", "x", "😀y"]))
        for a, b in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    expected = text
    for splice in reversed(splices):
        end = splice.position + splice.delete
        expected = expected[: splice.position] + splice.insert + expected[end:]
    replica = Replica.seed(text)
    replica.edit(rng.sample(splices, len(splices)))
    assert replica.text() == expected


def test_a_waiting_change_may_come_in_another_way():
    """What a peer brings no longer waits, even if the store's own copy did."""
    one = Replica.seed(TEXT)
    snapshot = one.save()
    first, second = typed(one, 0, "a"), typed(one, 1, "b")
    again = Replica.load(snapshot, [second.data])
    data = message.encode(message.Message(one.heads, changes=(first.data, second.data)))
    assert len(Session().receive(again, data)) == 2
    assert (again.text(), again.waiting) == (one.text(), frozenset())
