"""Front matter merges key by key, and bytes nobody changed stay."""

from hypothesis import given
from hypothesis import strategies as st

from prdgen.merge import diff, front_matter
from prdgen.merge.three_way import merge

BASE = "---\ntitle: Checkout\nstatus: draft   # not final\nowner: ann\n---\n# Checkout\n"


def test_different_keys_are_no_conflict():
    """Neighbouring lines, even new ones in one place: ours first, as everywhere."""
    theirs = BASE.replace("draft ", "review ").replace("---\n#", "due: May\n---\n#")
    ours = BASE.replace("ann", "bob").replace("---\n#", "tags: [a]\n---\n#")
    found = merge(BASE, theirs, ours)
    assert found.conflicts == []
    assert found.text == (
        "---\ntitle: Checkout\nstatus: review   # not final\nowner: bob\n"
        "tags: [a]\ndue: May\n---\n# Checkout\n"
    )
    assert diff.apply(ours, found.hunks) == found.text


def test_one_key_set_twice_keeps_both_lines():
    """Two values for one key are both shown, and someone is asked."""
    found = merge(BASE, BASE.replace("ann", "bob"), BASE.replace("ann", "eve"))
    assert "owner: eve\nowner: bob\n---\n" in found.text
    assert [(one.ours, one.theirs) for one in found.conflicts] == [("owner: eve\n", "owner: bob\n")]


def test_a_key_both_added_in_different_places_is_there_once():
    """The place is ours."""
    theirs = BASE.replace("title", "due: May\ntitle")
    ours = BASE.replace("---\n#", "due: May\n---\n#")
    assert merge(BASE, theirs, ours).text == ours


def test_reordered_keys_keep_a_changed_value():
    """Ours sorted the keys, theirs changed one."""
    ours = "---\nowner: ann\nstatus: draft   # not final\ntitle: Checkout\n---\n# Checkout\n"
    assert merge(BASE, BASE.replace("ann", "bob"), ours).text == ours.replace("ann", "bob")


def test_lists_belong_to_their_key():
    """Items added on both sides of one key, and another key below."""
    base = "---\ntags:\n  - a\n  - b\nstatus: draft\n---\n"
    found = merge(base, base.replace("  - a", "  - z\n  - a"), base.replace("draft", "done"))
    assert found.text == "---\ntags:\n  - z\n  - a\n  - b\nstatus: done\n---\n"
    assert found.conflicts == []


def test_front_matter_both_added_is_merged():
    """The base had none."""
    found = merge("# A\n", "---\nstatus: draft\n---\n# A\n", "---\nowner: ann\n---\n# A\n")
    assert found.text == "---\nowner: ann\nstatus: draft\n---\n# A\n"
    assert found.conflicts == []


def test_a_deleted_key_is_gone():
    """Unless the other side changed it."""
    gone = BASE.replace("owner: ann\n", "")
    assert merge(BASE, gone, BASE.replace("draft", "done")).text == gone.replace("draft", "done")
    kept = merge(BASE, gone, BASE.replace("ann", "bob"))
    assert "owner: bob\n" in kept.text
    assert len(kept.conflicts) == 1


def test_broken_front_matter_is_merged_by_line():
    """A key that comes twice is text like any other."""
    broken = "---\na: 1\na: 2\n---\nx\n"
    assert front_matter.parts(broken, broken, broken) == [(broken, broken, broken)]
    assert merge(broken, broken.replace("x", "y"), broken.replace("1", "3")).conflicts == []


@given(st.text("ab:-# \n", max_size=40))
def test_parts_joined_are_the_text(text):
    """Nothing is lost by taking texts apart."""
    page = f"---\n{text}\n---\nbody\n"
    found = front_matter.parts(page, page, page)
    assert ["".join(column) for column in zip(*found, strict=True)] == [page] * 3
