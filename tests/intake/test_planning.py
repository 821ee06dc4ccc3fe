"""Intake: an outside text becomes the same change wherever and however often it is taken in."""

from hypothesis import given, settings
from hypothesis import strategies as st

from prdgen.crdt.replica import Replica
from prdgen.crdt.splices import Splice
from prdgen.intake import planning

SEED = "hello world\n"
TEXTS = st.text("ab \n", max_size=12)


def typed(replica, position, text):
    """Someone types."""
    replica.edit([Splice(position, 0, text)])


def twin(replica):
    """The same document in another process."""
    return Replica.load(replica.save())


def spread(one, other):
    """Both get what the other has."""
    one_new, other_new = one.changes_since(()), other.changes_since(())
    one.apply([change.data for change in other_new])
    other.apply([change.data for change in one_new])


def test_taken_in_by_two_processes_is_taken_in_once():
    """Trap 1: `brave brave world`."""
    one = Replica.seed(SEED)
    base = one.heads
    typed(one, 11, "!")
    other = twin(one)
    for replica in (one, other):
        planned = planning.plan(replica, base_heads=base, theirs="hello brave world\n")
        planning.apply(replica, planned)
    spread(one, other)
    assert one.text() == other.text() == "hello brave world!\n"
    assert one.heads == other.heads
    assert len(one.changes_since(base)) == 2


def test_a_crash_before_the_point_moved_is_harmless():
    """The retry starts from what was stored, with the old agreed point, and finds nothing to do."""
    document = Replica.seed(SEED)
    base = document.heads
    planning.apply(document, planning.plan(document, base_heads=base, theirs="hello brave world\n"))
    again = planning.plan(twin(document), base_heads=base, theirs="hello brave world\n")
    assert not again.changes_document
    assert again.moves_point


def test_a_plan_applied_twice_is_one_change():
    """A retry after a crash makes the change that is there."""
    document = Replica.seed(SEED)
    planned = planning.plan(document, base_text=SEED, theirs="hello brave world\n")
    assert len(planning.apply(document, planned)) == 1
    assert planning.apply(document, planned) == []
    assert document.text() == "hello brave world\n"


def test_typing_between_plan_and_apply_is_kept():
    """The change forks off where the plan was made; the document merges."""
    document = Replica.seed(SEED)
    planned = planning.plan(document, base_text=SEED, theirs="hello brave world\n")
    typed(document, 0, ">> ")
    planning.apply(document, planned)
    assert document.text() == ">> hello brave world\n"


def test_an_unchanged_outside_text_is_nothing():
    """Own writes and files somebody only touched."""
    document = Replica.seed(SEED)
    typed(document, 0, "x")
    planned = planning.plan(document, base_text=SEED, theirs=SEED)
    assert not planned.changes_document
    assert not planned.moves_point


def test_a_text_the_document_has_already_only_moves_the_point():
    """Trap 1: a kill after the file was written and before that was noted."""
    document = Replica.seed(SEED)
    base = document.heads
    typed(document, 0, "typed ")
    planned = planning.plan(document, base_heads=base, theirs=f"typed {SEED}")
    assert not planned.changes_document
    assert planned.moves_point
    assert planning.apply(document, planned) == []


def test_conflicts_say_where_both_versions_stand():
    """For the event and the editor's marker."""
    document = Replica.seed("status: open\n")
    base = document.heads
    document.edit([Splice(8, 4, "ours")])
    planned = planning.plan(document, base_heads=base, theirs="status: theirs\n")
    planning.apply(document, planned)
    assert document.text() == planned.text == "status: ours\nstatus: theirs\n"
    [one] = planned.conflicts
    assert planned.text[one.middle : one.end] == "status: theirs\n"


def test_late_text_in_two_instalments_is_there_once():
    """Trap 2: each carry starts where the one before ended, so no line comes twice."""
    document = Replica.seed("now\n\nend\n")
    instalments = ["then\nfirst\n", "then\nfirst\nsecond\n"]
    base = "then\n"
    for text in (instalments[0], *instalments[1:], *instalments[1:]):
        planning.apply(document, planning.late(document, base_text=base, late_text=text))
        base = text
    assert document.text().count("first") == document.text().count("second") == 1


def test_late_text_does_not_delete_what_was_pushed_between():
    """Trap 2: the next seed is not the old final text."""
    document = Replica.seed("one\n\npushed\n")
    planning.apply(document, planning.late(document, base_text="one\n", late_text="one\nlate\n"))
    assert {"one", "late", "pushed"} <= set(document.text().split())


def test_the_actor_depends_on_heads_and_splices():
    """Another place or another edit is another change."""
    actors = {
        planning.actor_of(heads, splices)
        for heads in ([b"1" * 32], [b"2" * 32], [b"1" * 32, b"2" * 32])
        for splices in ([Splice(0, 0, "a")], [Splice(0, 1, "")], [Splice(0, 1, "é")])
    }
    assert len(actors) == 9
    assert {len(actor) for actor in actors} == {16}


@settings(max_examples=60)
@given(TEXTS, TEXTS, TEXTS)
def test_the_document_becomes_the_planned_text(base, theirs, ours):
    """And a second process that does the same agrees without another change."""
    document = Replica.seed(base)
    agreed = document.heads
    document.edit([Splice(0, len(base), ours)])
    other = twin(document)
    for replica in (document, other):
        planned = planning.plan(replica, base_heads=agreed, theirs=theirs)
        planning.apply(replica, planned)
        assert replica.text() == planned.text
    assert document.heads == other.heads
