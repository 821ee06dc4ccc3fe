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
