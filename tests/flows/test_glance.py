"""The one look at branch and file: it sees what is as agreed, and leaves everything else alone."""

from __future__ import annotations

import pytest

from prdgen.flows import glance

from .conftest import ONE
from .harness import until


@pytest.fixture
async def calm(house, repo):
    """A page that someone has open, which nobody writes; the watcher looks nowhere."""
    ann = await house.editor()
    await ann.write("typed\n")
    page = repo.path / "one.md"
    await until(lambda: page.read_text() == ONE + "typed\n")
    await until(lambda: house.live().document.file_hash and not house.live().lock.locked())
    return house.app, house.live()


async def test_a_file_as_agreed_is_seen_at_once(calm, repo):
    """With its bytes, which the next write is made on; what was said of a pause is over."""
    app, live = calm
    async with live.lock:
        live.paused = "a merge was under way"
        seen = await glance.look(app, live)
        assert seen == glance.Seen(repo.path, (ONE + "typed\n").encode())
        assert live.paused is None


@pytest.mark.parametrize(
    "what", ["saved", "emptied", "removed", "no text", "committed", "switched", "merging"]
)
async def test_what_is_not_as_agreed_is_looked_at_closely(calm, repo, what):
    """Each of these is taken in, waited for, or a reason to write nothing."""
    app, live = calm
    page = repo.path / "one.md"
    async with live.lock:
        if what == "saved":
            page.write_text(ONE + "saved\n")
        elif what == "emptied":
            page.write_text("")
        elif what == "removed":
            page.unlink()
        elif what == "no text":
            page.write_bytes(b"\xff\0")
        elif what == "committed":
            repo.git("commit", "-qam", "in a terminal")
        elif what == "switched":
            repo.git("checkout", "-qb", "elsewhere")
        else:
            (repo.path / ".git/MERGE_HEAD").write_text(repo.tip() + "\n")
        live.paused = "as it was"
        assert await glance.look(app, live) is None
        assert live.paused == "as it was"
