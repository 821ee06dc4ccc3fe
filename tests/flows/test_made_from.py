"""What a file may have held before a server kept its page."""

import pytest

from prdgen.crdt.replica import Replica
from prdgen.crdt.splices import Splice
from prdgen.flows import made_from


@pytest.mark.parametrize("changes", [1, 16, 17, 40])
def test_the_newest_text_is_among_them(changes):
    """However many changes there were: the file was written last with all of them."""
    replica = Replica.seed("a")
    came = {change.hash for n in range(changes) for change in replica.edit([Splice(n, 0, "b")])}
    found = made_from._versions(replica, replica.heads, came)
    assert (found[0], found[-1]) == ("a", replica.text())
    assert len(found) <= 18
