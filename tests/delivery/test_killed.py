"""A publisher that is killed: no reader ever sees half a page, and the next one puts all right."""

import pytest

from . import killed


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_a_killed_publisher_leaves_whole_pages(kind, tmp_path):
    """`python -m delivery.killed` does the same 50 times."""
    seen = killed.run(kind, 3, 7, tmp_path)
    assert (seen.torn, seen.wrong) == ([], [])
    assert seen.pages_read > 10
    assert seen.killed_midway > 0
    assert len(seen.builds_read) >= 2
