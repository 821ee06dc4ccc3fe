"""Names that every disk can keep, whatever a title or a repository has."""

import pytest

from prdgen import ids
from prdgen.flows import naming


@pytest.mark.parametrize(
    ("path", "better"),
    [
        ("docs/" + "n" * 300 + ".md", "docs/" + "n" * 252 + ".md"),
        ("d" * 300 + "/one.md", "d" * 255 + "/one.md"),
        ("é" * 200 + ".md", "é" * 126 + ".md"),
        ("docs/one.md", "docs/one.md"),
    ],
)
def test_a_name_that_is_too_long_for_a_disk_has_a_shorter_one(path, better):
    """Cut before its ending, between letters; that is what `prdgen check` proposes."""
    assert (ids.name_problem(path) is None) == (path == better)
    assert naming.repaired(path) == better
    assert ids.name_problem(better) is None


def test_a_title_in_any_script_makes_a_name_that_fits():
    """A letter may take four bytes."""
    assert ids.check_page_path(naming.file_name("𠀀" * naming.LONGEST_TITLE)).endswith("𠀀.md")
