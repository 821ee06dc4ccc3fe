"""Who wrote which line: portions of a text for one commit each."""

import json
import pickle
import time
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from prdgen.merge.authorship import Authorship, Portion

from . import texts

ANN, BOB, EVE = (UUID(int=number) for number in (1, 2, 3))
VERSIONS = st.lists(st.tuples(texts.pages(), st.sampled_from([ANN, BOB, EVE, None])), max_size=6)


def followed(base, *versions):
    """An authorship that saw these versions."""
    found = Authorship.start(base)
    for text, person in versions:
        found.advance(text, person)
    return found


def portions(base, *versions):
    """The commits, as (person, co-authors, text)."""
    found = followed(base, *versions).commits()
    return [(one.person, one.co_authors, one.text) for one in found]


def test_each_person_gets_their_lines_in_order_of_first_touch():
    """Two people, two commits, one on top of the other."""
    found = portions("a\nb\n", ("a\nB\n", ANN), ("a\nB\nc\n", BOB), ("A\nB\nc\n", ANN))
    assert found == [(ANN, (), "A\nB\n"), (BOB, (), "A\nB\nc\n")]


def test_the_last_toucher_owns_the_line():
    """Whoever touched it before is a co-author."""
    found = portions("a\n", ("a ann\n", ANN), ("a ann bob\n", BOB))
    assert found == [(BOB, (ANN,), "a ann bob\n")]


def test_enter_at_the_end_of_a_line_does_not_take_it():
    """Ann's line stays Ann's when Bob goes on below it."""
    found = portions("", ("ann", ANN), ("ann\n", BOB), ("ann\nbob", BOB))
    assert found == [(ANN, (), "ann"), (BOB, (), "ann\nbob")]


def test_enter_at_the_start_of_a_line_does_not_take_it():
    """Nor when Bob puts a line above it."""
    found = portions("x\n", ("x\nann\n", ANN), ("x\nbob\nann\n", BOB))
    assert found == [(ANN, (), "x\nann\n"), (BOB, (), "x\nbob\nann\n")]


def test_a_deletion_belongs_to_who_deleted():
    """It is in their commit and in no other."""
    found = portions("a\nb\nc\n", ("a\nb\nC\n", ANN), ("a\nC\n", BOB))
    assert found == [(ANN, (), "a\nb\nC\n"), (BOB, (), "a\nC\n")]


def test_work_of_which_nothing_is_left_is_named():
    """Bob deleted what Ann had added: no commit of hers, but her name."""
    found = portions("a\n", ("a\nann\n", ANN), ("a\n", BOB), ("a\nbob\n", BOB))
    assert found == [(BOB, (ANN,), "a\nbob\n")]


def test_text_from_outside_is_nobodys():
    """It comes in a portion without a person."""
    found = portions("a\nb\n", ("a\nb\nout\n", None), ("A\nb\nout\n", ANN))
    assert found == [(None, (), "a\nb\nout\n"), (ANN, (), "A\nb\nout\n")]


def test_an_undone_change_is_no_commit():
    """The text is what it was."""
    assert portions("a\n", ("b\n", ANN), ("a\n", BOB)) == []


def test_many_changed_places_leave_the_lines_between_alone():
    """A replacement in the whole page takes only the lines it changed."""
    found = followed("x\nb\nx\n", ("x\nann\nx\n", ANN), ("y\nann\ny\n", BOB)).commits()
    assert [one.text for one in found] == ["x\nann\nx\n", "y\nann\ny\n"]


def test_rebase_gives_what_the_tip_has_to_nobody():
    """A commit made outside was taken in: it is in no one's portion, Ann's line is."""
    found = followed("a\nb\n", ("a\nb\nann\n", ANN), ("a2\nb\nann\n", None))
    found.rebase("a2\nb\n")
    assert [(one.person, one.text) for one in found.commits()] == [(ANN, "a2\nb\nann\n")]


def test_who_is_committed_is_no_co_author_of_the_next_commit():
    """Ann's words are in the tip: what Bob writes afterwards is by Ben alone."""
    found = Authorship.start("a\nb\n")
    found.advance("a1\nb\n", ANN)
    found.rebase("a1\nb\n")
    found.advance("a1\nb2\n", BOB)
    assert found.commits() == [Portion(BOB, (), "a1\nb2\n")]


def test_who_typed_on_while_it_was_committed_stays():
    found = Authorship.start("a\nb\n")
    found.advance("a1\nb\n", ANN)
    found.advance("a1\nb1\n", ANN)
    found.advance("a1\nb12\n", BOB)
    found.rebase("a1\nb\n")
    assert found.commits() == [Portion(BOB, (ANN,), "a1\nb12\n")]


def test_rebase_keeps_who_deleted():
    """A deletion that the new tip does not have is still Bob's."""
    found = followed("a\nb\nc\n", ("a\nc\n", BOB), ("A\nc\n", None))
    found.rebase("A\nb\nc\n")
    assert [(one.person, one.text) for one in found.commits()] == [(BOB, "A\nc\n")]


@given(texts.pages(), VERSIONS)
def test_the_last_portion_is_the_text_exactly(base, versions):
    """And no portion is empty, and nobody has two."""
    found = followed(base, *versions)
    commits = found.commits()
    assert found.text == (versions[-1][0] if versions else base)
    assert [one.text for one in commits[-1:]] == ([found.text] if found.text != base else [])
    assert all(a != b for a, b in zip([base, *(c.text for c in commits)],
                                      [c.text for c in commits], strict=False))  # fmt: skip
    people = [one.person for one in commits]
    assert len(people) == len(set(people))
    assert all(one.person not in one.co_authors for one in commits)


@given(texts.pages(), VERSIONS, texts.pages())
def test_rebase_keeps_the_text(base, versions, tip):
    """Whatever the tip is, the last portion is still the text."""
    found = followed(base, *versions)
    found.rebase(tip)
    found.advance(found.text + "\nmore", ANN)
    assert [one.text for one in found.commits()[-1:]] == ([found.text] if found.text != tip else [])


@given(texts.pages(), VERSIONS)
def test_a_restart_keeps_it(base, versions):
    """As JSON and pickled."""
    found = followed(base, *versions)
    assert Authorship.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert pickle.loads(pickle.dumps(found)) == found


@given(texts.pages(), st.lists(texts.pages(), max_size=4))
def test_one_person_alone_makes_one_commit(base, versions):
    """However they got there."""
    found = portions(base, *((text, ANN) for text in versions))
    last = versions[-1] if versions else base
    assert found == ([(ANN, (), last)] if last != base else [])


def test_following_a_keystroke_is_cheap():
    """About 0.03 ms for 8,000 characters and 0.4 ms for 200,000; ten times that fails."""
    for lines, limit in ((200, 0.0005), (5_000, 0.005)):
        text = "\n".join("x" * 39 for _ in range(lines))
        found = Authorship.start(text)
        fastest = 1.0
        for key in range(30):
            text = text[: len(text) // 2] + "k" + text[len(text) // 2 :]
            started = time.perf_counter()
            found.advance(text, ANN if key % 2 else BOB)
            fastest = min(fastest, time.perf_counter() - started)
        assert fastest < limit
