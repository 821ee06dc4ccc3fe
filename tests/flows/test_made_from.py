"""Which text a save was made from, told from what we wrote into the file and what the save has."""

from __future__ import annotations

from itertools import pairwise

import pytest

from prdgen.flows import made_from
from prdgen.flows.live import Step

ONE = "# One\n\nfirst line\n"
TYPED = ONE + "The total is 10.\n"
MORE = TYPED + "And so on.\n"


def steps(*texts: str) -> list[Step]:
    """Our writes, one over the other."""
    return [Step(0.0, old, new) for old, new in pairwise(texts)]


@pytest.mark.parametrize(
    ("written", "theirs", "base"),
    [
        pytest.param([], ONE + "x\n", MORE, id="nothing was written"),
        pytest.param([ONE, TYPED, MORE], MORE + "x\n", MORE, id="it has everything"),
        pytest.param([ONE, TYPED, MORE], TYPED + "x\n", TYPED, id="it lacks the last write"),
        pytest.param([ONE, TYPED, MORE], ONE + "x\n", ONE, id="it lacks all of them"),
        pytest.param(
            [TYPED, MORE], MORE.replace("10", "30"), MORE, id="a part of older text was changed"
        ),
        pytest.param(
            [ONE, MORE], MORE.replace("10", "30"), MORE, id="a part of what we wrote was changed"
        ),
        pytest.param(
            [ONE, ONE + "teh total\n", ONE + "the total\n"], ONE + "x\n", ONE,
            id="what it lacks was corrected since",
        ),
        pytest.param(
            [ONE, ONE + "old\nnew\n", ONE + "new\n"], ONE + "x\n", ONE,
            id="what it lacks was cut since",
        ),
        pytest.param(
            [ONE + "old\n", ONE], ONE + "old\nx\n", ONE + "old\n", id="it has what we deleted"
        ),
        pytest.param(
            [ONE, TYPED, TYPED], ONE + "x\n", ONE, id="a write that changed nothing tells nothing"
        ),
    ],
)  # fmt: skip
def test_the_text_a_save_was_made_from(written, theirs, base):
    """The newest text the file had of which the save lacks nothing that we wrote."""
    newest = written[-1] if written else MORE
    assert made_from.text(newest, steps(*written), theirs) == base


def test_writes_that_an_older_base_has_not_got_tell_nothing():
    """A commit is merged from the branch's tip, which may be older than what the file has."""
    assert made_from.text(ONE, steps(ONE, TYPED, MORE), ONE + "x\n") == ONE


def test_what_was_deleted_on_the_disk_is_not_missed_in_a_save():
    """Our line was saved and taken back there; the newest save has all that the file had."""
    written = [Step(0.0, ONE, TYPED), Step(0.0, ONE, ONE + "more\n")]
    assert made_from.text(ONE + "more\n", written, ONE + "more\nx\n") == ONE + "more\n"


def test_an_older_text_that_has_more_than_the_save_is_not_its_base():
    """What we wrote in one go was typed and pushed; the next push has only what was pushed."""
    written = steps(TYPED, "# One\nfar0\n\nfirst line\nThe total is 10.\nAnd so on, and on.\n")
    pushed = "# One\nfar0\n\nfirst line\n"
    theirs = pushed.replace("far0", "far0\nfar1")
    away = [*written, Step(0.0, written[-1].new, pushed)]
    assert made_from.text(pushed, away, theirs) == pushed


def test_an_older_text_that_lacks_what_base_and_save_have_is_not_its_base():
    """Typed words, then a push of three lines together with two words more; the next push has the three
    lines and none of the words.
    """
    began = "# One\n\nfirst line\n\nlast line\n"
    typed = began.replace("first line\n", "one\ntwo\nfirst line\nthree\nfour\nfive\n")
    pushed = began.replace("# One\n", "# One\nfar3\nfar1\nfar2\n")
    both = typed.replace("# One\n", "# One\nfar3\nfar1\nmore\nfar2\n")
    theirs = pushed.replace("last line", "far4\nlast line")
    assert made_from.text(pushed, steps(began, typed, both), theirs) == pushed


def test_a_part_of_a_word_that_stands_elsewhere_is_not_what_was_typed():
    """ "30" was typed in two writes, and somebody else's save ends with "10"."""
    line = "# One\n\nis\n"
    written = steps(line, line.replace("is", "is from 3"), line.replace("is", "is from 30"))
    assert made_from.text(written[-1].new, written, line.replace("is", "somebody 10")) == line
