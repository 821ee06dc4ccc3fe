"""A paragraph moved by one side carries what the other side wrote in it."""

import pytest

from prdgen.merge import diff
from prdgen.merge.three_way import merge

LOGIN = "Users sign in with a password.\n"
EDITED = "Users sign in with single sign-on with OIDC.\n"
OTHER = "The session lasts for eight hours.\n"
BASE = f"# Spec\n\n{LOGIN}\n{OTHER}\n## End\n"
MOVED = f"# Spec\n\n{OTHER}\n## End\n\n{LOGIN}"
TYPED = f"# Spec\n\n{EDITED}\n{OTHER}\n## End\n"


@pytest.mark.parametrize("theirs, ours", [(MOVED, TYPED), (TYPED, MOVED)])
def test_the_edit_goes_along(theirs, ours):
    """Trap 3: `# Specsingle sign-on with OIDC`, and the moved copy without the edit."""
    found = merge(BASE, theirs, ours)
    assert (found.text, found.conflicts) == (f"# Spec\n\n{OTHER}\n## End\n\n{EDITED}", [])
    assert diff.apply(ours, found.hunks) == found.text


def test_the_edit_in_a_block_we_moved_is_small():
    """Cursors in the block we moved stay where they are."""
    found = merge(BASE, BASE.replace("password", "passkey"), MOVED)
    [hunk] = found.hunks
    assert hunk.delete <= len("password")


def test_an_edit_outside_the_moved_block_stays_where_it_is():
    """Only what is inside goes along."""
    found = merge(BASE, MOVED, BASE.replace("eight", "nine"))
    assert (found.text, found.conflicts) == (MOVED.replace("eight", "nine"), [])


def test_a_block_both_moved_is_there_once():
    """Moved to two places, it stands where we put it."""
    elsewhere = f"# Spec\n\n{OTHER}\n{LOGIN}\n## End\n"
    found = merge(BASE, MOVED, elsewhere)
    assert found.text.count(LOGIN) == 1
    assert diff.apply(elsewhere, found.hunks) == found.text


STEPS = "".join(f"* Step {n} of the long procedure\n" for n in range(3))
FOUR = [
    "".join(f"Line {n} of {name}.\n" for n in range(6)) for name in ("one", "two", "three", "four")
]


def with_steps(steps: str, at: int) -> str:
    """Four paragraphs, and the steps before one of them."""
    return "\n".join([*FOUR[:at], steps, *FOUR[at:]])


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_block_both_moved_and_one_edited_is_there_once_as_it_was_edited(line, swapped):
    """It stood twice, once without the edit, and nobody was asked."""
    edited = STEPS.replace(f"Step {line} of", f"Step {line} (new) of")
    sides = with_steps(STEPS, 0), with_steps(edited, 3)
    found = merge(with_steps(STEPS, 1), *(sides[::-1] if swapped else sides))
    assert found.conflicts == []
    assert [found.text.count(f"Step {n} ") for n in range(3)] == [1, 1, 1]
    assert edited in found.text


@pytest.mark.parametrize("swapped", [False, True])
def test_what_both_moved_and_one_cut_short_loses_nothing(swapped):
    """Moving is wanting it: what the other side deleted of it stays."""
    short = "".join(STEPS.splitlines(keepends=True)[:2])
    sides = with_steps(STEPS, 0), with_steps(short, 3)
    found = merge(with_steps(STEPS, 1), *(sides[::-1] if swapped else sides))
    assert "Step 2 of the long procedure" in found.text


@pytest.mark.parametrize("swapped", [False, True])
def test_a_block_both_moved_among_deleted_lines_loses_nothing(swapped):
    """It stands where ours has it; what theirs deleted around that place is asked about."""
    base = "b0\nb1 b2 b3 b4 b5 b6\nb7\nb8 b9\nb10"
    theirs = "t11\nb7\nb1 b2 b3 b4 b5 b6\nb8 b9\nb10"
    ours = "o12\nb1 b2 b3 b4 b5 b6\nb0\nb10"
    found = merge(base, ours, theirs) if swapped else merge(base, theirs, ours)
    assert found.text.count("b1 b2 b3 b4 b5 b6") == 1
    assert {"t11", "o12"} <= set(found.text.split())


def test_a_moved_block_the_other_side_deleted_stays():
    """Moving is wanting it."""
    found = merge(BASE, MOVED, BASE.replace(LOGIN + "\n", ""))
    assert found.text.count(LOGIN) == 1


def test_several_edits_go_along():
    """Two lines changed inside a block of four that moved."""
    block = "".join(f"- step {n} of the long procedure\n" for n in range(4))
    typed = block.replace("step 1", "step one").replace("step 3", "step three")
    found = merge(f"A\n\n{block}\nB\n\nC\n", f"A\n\nB\n\n{block}\nC\n", f"A\n\n{typed}\nB\n\nC\n")
    assert (found.text, found.conflicts) == (f"A\n\nB\n\n{typed}\nC\n", [])


LIST = "- Milk\n- Bread\n- Eggs\n- Salt\n"
ROWS = "| k | v |\n|---|---|\n| a | 1 |\n| b | 2 |\n| c | 3 |\n"


def test_a_short_line_moved_to_two_places_is_there_once():
    """An item, or a row of a table: where ours has it."""
    ours = "- Bread\n- Milk\n- Eggs\n- Salt\n"
    assert merge(LIST, "- Bread\n- Eggs\n- Salt\n- Milk\n", ours).text == ours
    head, a, b, c = ROWS[:20], "| a | 1 |\n", "| b | 2 |\n", "| c | 3 |\n"
    found = merge(ROWS, head + b + c + a, head + b + a + c)
    assert (found.text, found.conflicts) == (head + b + a + c, [])


def test_a_short_line_that_was_moved_carries_the_edit():
    """As a long one does."""
    found = merge(LIST, "- Bread\n- Eggs\n- Salt\n- Milk\n", LIST.replace("Milk", "Milk 2 %"))
    assert (found.text, found.conflicts) == ("- Bread\n- Eggs\n- Salt\n- Milk 2 %\n", [])


def test_an_item_moved_out_of_a_list_that_the_other_side_moved_is_there_once():
    """Where ours has it."""
    one, two, three, four = ("- alpha one\n", "- alpha two\n", "- beta one\n", "- beta two\n")
    base = f"Intro.\n\n{one}{two}\n{three}{four}\nEnd.\n"
    ours = f"Intro.\n\n{one}\n{three}{two}{four}\nEnd.\n"
    theirs = f"Intro.\n\n{three}{four}\n{one}{two}\nEnd.\n"
    for merged in (merge(base, theirs, ours), merge(base, ours, theirs)):
        assert merged.text.count(two) == 1
        assert merged.conflicts == []


def test_a_paragraph_that_both_changed_alike_and_moved_is_there_once():
    """To different places: where ours has it."""
    para = "Some sentence stands here.\n"
    base = f"# A\n\n{para}\nOther words.\n\n# B\n\nLast words.\n"
    ours = f"# A\n\nOther words.\n\n# B\n\nLast words.\n\n{para[:-1]} More.\n"
    theirs = f"{para[:-1]} More.\n\n# A\n\nOther words.\n\n# B\n\nLast words.\n"
    assert merge(base, theirs, ours).text == ours


def test_the_same_line_that_both_added_in_two_places_stays_twice():
    """Nobody moved anything."""
    base = "# A\n\nOne.\n\n# B\n\nTwo.\n"
    ours = base.replace("One.\n", "One.\n\nTo be done.\n")
    theirs = base.replace("Two.\n", "Two.\n\nTo be done.\n")
    assert merge(base, theirs, ours).text.count("To be done.\n") == 2


def test_blank_lines_on_both_sides_of_a_moved_block():
    """Two hunks do the same in one place: each of them counts."""
    base = (
        "# Plan\nIntro words stand.\n\n\nSecond goal of the plan.\n\n## Drawbacks\n"
        "It costs money and time.\n\n## Rationale\n\nThe other way is slower.\n"
    )
    ours = base.replace("## Drawbacks\n", "## Drawbacks\nOur words.\n\n")
    theirs = (
        "# Plan\n\n## Drawbacks\nIt costs money and time.\n\nIntro words stand.\n\n\n"
        "Second goal of the plan.\n\n## Rationale\n\nThe other really way is slower.\n"
    )
    want = theirs.replace("## Drawbacks\n", "## Drawbacks\nOur words.\n\n")
    for found in (merge(base, theirs, ours), merge(base, ours, theirs)):
        assert (found.text, found.conflicts) == (want, [])
