"""What only one of two texts says comes into the other, whatever order they have; nothing goes away."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prdgen.merge import additions
from prdgen.merge.three_way import merge

ALPHA = "## Alpha\n\nThe till answers at once.\n\n- one\n- two\n"
BETA = "## Beta\n\nNobody waits for paper.\n\n```text\na\n\nb\n```\n"


def known(block: str) -> str:
    """The id of a listed requirement."""
    found = re.match(r"\s*- \[(\w+-\d+)\]", block)
    return found[1] if found else ""


def added(ours, theirs, alone=()):
    return merge(*additions.to(ours, theirs, known, alone), ours)


def test_what_main_put_elsewhere_does_not_come_again():
    """Sections in another order are the same sections; what follows one there follows it here."""
    made = added(f"{BETA}\n{ALPHA}", f"{ALPHA}\nMore of the till.\n\n{BETA}\nLate words.\n")
    assert made.text == f"{BETA}\nLate words.\n\n{ALPHA}\nMore of the till.\n"
    assert not made.conflicts


def test_lines_of_short_words_in_another_order():
    """A heading with little below it is found again, too."""
    one, two = "## Beta\n\nNo.\n\n", "## Alpha\n\nYes.\n"
    made = added(one + two, f"{two}\n{one}Late words.\n")
    assert made.text == f"{one}Late words.\n\n{two}"


def test_one_more_item_of_a_list_that_moved():
    moved = ALPHA.replace("- two\n", "- two\n- three\n")
    made = added(f"{BETA}\n{ALPHA}", f"{moved}\n{BETA}")
    assert made.text == f"{BETA}\n{moved}"


def test_two_sections_in_one_place_stay_whole():
    """They have only blank lines in common, and are not mixed at those."""
    top = "# Checkout\n\nWhat it is about.\n\n"
    made = added(top + BETA, top + ALPHA)
    assert made.text == f"{top}{BETA}\n{ALPHA}"


def test_an_item_that_comes_before_a_paragraph_is_not_glued_to_it():
    item = "- [PAY-2] A receipt on paper.\n"
    made = added(f"{BETA}\n{item}", f"- [PAY-3] New.\n{item}\n{BETA}")
    assert made.text == f"- [PAY-3] New.\n\n{BETA}\n{item}"


def test_a_requirement_comes_once():
    """The same id elsewhere is no second one; said otherwise, both versions stand in one place."""
    ours = "## Till\n\n- [PAY-1] Ten seconds.\n\n## Paper\n\n- [PAY-2] A receipt on paper.\n"
    theirs = "## Paper\n\n- [PAY-2] A receipt on paper.\n- [PAY-1] Ten seconds.\n- [PAY-3] Late.\n"
    made = added(ours, theirs)
    assert [made.text.count(f"PAY-{number}") for number in (1, 2, 3)] == [1, 1, 1]
    assert not made.conflicts
    made = added(ours, theirs.replace("Ten seconds", "Twelve seconds"))
    assert "- [PAY-1] Ten seconds.\n- [PAY-1] Twelve seconds.\n" in made.text
    assert len(made.conflicts) == 1
    assert made.text.count("PAY-2") == 1


def test_an_id_that_stands_twice():
    """It stands as often as where it stands more often; again adds nothing."""
    line = "- [PAY-1] Ten seconds at the till.\n"
    ours, theirs = f"## A\n\n{line}\n## B\n\n{line}", f"## B\n\n{line}\n## A\n\n{line}{line}"
    made = added(ours, theirs)
    assert made.text.count(line) == 3
    assert added(made.text, theirs).text == made.text
    assert added(ours, f"## B\n\n{line}").text == ours


FRONT = "---\ntitle: Checkout\nstatus: approved\ndraft: true\n---\n"


@pytest.mark.parametrize(
    "of_theirs", ["status: draft\ndraft: false\n", "Draft: false\nstatus: x\n"]
)
def test_front_matter_of_ours_counts(of_theirs):
    """What a page is does not change by old words; only a key it has not comes in."""
    theirs = f"---\n{of_theirs}owner: Ada\npublished: true\n---\n{ALPHA}"
    made = added(FRONT + BETA, theirs, alone=("published",))
    front = made.text.split("---\n")[1].splitlines()
    assert sorted(front) == sorted([*FRONT.splitlines()[1:-1], "owner: Ada"])
    assert not any("---" in each.ours + each.theirs for each in made.conflicts)


def test_front_matter_where_ours_has_none():
    theirs = f"---\ndraft: true\nowner: Ada\n---\n\n{BETA}"
    assert added(BETA, theirs, alone=("draft",)).text == f"---\nowner: Ada\n---\n{BETA}"
    assert added(BETA, theirs, alone=("draft", "owner")).text == BETA
    assert added(FRONT + BETA, BETA).text == FRONT + BETA


PIECES = [
    ALPHA,
    BETA,
    "Late words of Ada.\n",
    "- [PAY-1] Ten seconds.\n- [PAY-2] On paper.\n",
    "- [PAY-2] Never on paper.\n",
    "| Way | Seconds |\n| --- | ------- |\n",
    "```text\nc\n\nd\n```\n",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("\n".join)


@given(ours=TEXTS, theirs=TEXTS)
def test_nothing_goes_away_and_twice_is_once(ours, theirs):
    made = added(ours, theirs).text
    for text in ours, theirs:
        for line in text.splitlines():
            assert made.splitlines().count(line) >= (text.splitlines().count(line) if line else 0)
    left = iter(made.splitlines())
    assert all(line in left for line in ours.splitlines() if line), "ours in its own order"
    assert added(made, theirs).text.split() == made.split()


@given(ours=TEXTS, theirs=TEXTS)
def test_a_code_block_stays_whole(ours, theirs):
    """However often it stands in either, and whatever other one is in its place."""
    made = added(ours, theirs).text
    marks = [line for line in made.splitlines() if line.startswith("```")]
    assert marks == ["```text", "```"] * (len(marks) // 2)
