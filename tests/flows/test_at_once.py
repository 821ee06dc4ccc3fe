"""The same page twice at once: in two branches, emptied by one and edited by another."""

from __future__ import annotations

from .conftest import ONE
from .harness import fsck, until


async def test_one_page_open_in_two_branches(house, repo):
    """Each branch has its own document, its own text and its own commits."""
    repo.git("branch", "draft")
    ann, bob = await house.editor("ann"), await house.editor("bob", branch="draft")
    assert ann.claim_id != bob.claim_id
    await ann.write("on main\n")
    await bob.write("in the draft\n")
    await house.save("ann")
    await house.save("bob", branch="draft")
    assert (house.text(), house.text(branch="draft")) == (ann.text, bob.text)
    assert repo.git("show", "main:one.md") == (ONE + "on main\n").rstrip("\n")
    assert repo.git("show", "draft:one.md") == (ONE + "in the draft\n").rstrip("\n")
    assert (repo.path / "one.md").read_text() == ONE + "on main\n"
    assert repo.status() == ""
    assert fsck(repo) == ""


async def test_a_page_emptied_by_one_and_edited_by_another(house, repo):
    """What was typed meanwhile stays, whoever was first; what was there before is gone."""
    ann, bob = await house.editor("ann"), await house.editor("bob")
    middle = len(ONE) // 2
    ann.delete(0, len(ann.text))
    bob.type("kept by bob", middle)
    await ann.until(lambda: ann.saved and bob.saved and ann.text == bob.text)
    assert ann.text == "kept by bob"
    await until(lambda: (repo.path / "one.md").read_text() == "kept by bob")
    await house.save("bob")
    assert repo.git("show", "main:one.md") == "kept by bob"
