"""Epochs: a document with too long a history is followed by a new one, and nothing is lost."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from automerge import core

from prdgen.crdt.errors import ChangeRefused
from prdgen.crdt.replica import Replica
from prdgen.flows import late, pull
from prdgen.flows.live import content_hash
from prdgen.store import documents
from prdgen.store.statements import run

from . import harness
from .harness import Editor, until

SMALL = {"epoch_changes": 12, "epoch_idle_changes": 10}


def successor(editor) -> str | None:
    """The document an editor is told to go on with."""
    found = editor.document.get(core.ROOT, "successor")
    return editor.document.text(found[1]) if found else None


async def full(editor, count=14):
    """Type more than an epoch's worth, one change after the other."""
    for number in range(count):
        await editor.write(f"w{number} stands here\n")


async def settled(house, editor):
    """The page went on in another document than the editor's; gives the kept one."""
    await editor.until(lambda: successor(editor) is not None)
    return await until(lambda: house.live() if not house.live().over else None)


async def test_a_full_document_is_followed_by_one_with_the_same_text(houses, repo):
    """Its last change names it; every line still has its author, and blame says so."""
    house = await houses(repo, **SMALL)
    ann, bob = await house.editor("ann"), await house.editor("bob")
    await bob.write("bob's line\n")
    await full(ann)
    live = await settled(house, ann)
    assert live.id != ann.claim_id
    await until(lambda: "w13" in house.text())
    assert house.text() == ann.text
    assert live.room.last_seq < 12
    await house.save("ann")
    assert ("Bob", "bob's line") in harness.blame(repo)


async def test_a_file_that_goes_back_to_the_tip_of_the_epoch_before(houses, repo):
    """`git reset --hard` as the epoch ends: the file is what the tip was a moment ago, and the server
    is killed then. The next document never had the heads it was agreed on at: the one after the kill
    could not be kept.
    """
    house = await houses(repo, **SMALL)
    page = repo.path / "one.md"
    ann = await house.editor("ann")
    await ann.write("first\n")
    await house.save("ann")
    before = page.read_text()
    await full(ann)
    live = await settled(house, ann)
    async with live.lock:
        page.write_text(before)
        await pull.file_text(house.app, live, before)
        assert live.document.file_hash == content_hash(before)
        assert live.room.replica.text(live.document.file_heads)
        await house.crash()
    again = await houses(repo, **SMALL)
    bob = await again.editor("bob")
    await bob.write("after\n")
    await until(lambda: page.read_text() == again.text() == bob.text)
    assert [word in page.read_text() for word in ("first", "w0 ", "w13", "after")] == [True] * 4


async def test_late_changes_arrive_once_however_often_they_are_delivered(houses, repo):
    """Trap 2: the same changes twice, and in two instalments."""
    house = await houses(repo, **SMALL)
    ann, away = await house.editor("ann"), await house.editor("bob")
    await away.leave()
    away.type("offline one\n")
    await full(ann)
    await settled(house, ann)
    await away.open(house, house.people["bob"])
    await until(lambda: house.text().count("offline one\n") == 1)
    await away.leave()
    away.type("offline two\n")
    await away.open(house, house.people["bob"])
    await until(lambda: house.text().count("offline two\n") == 1)
    again = Editor("Bob", document=core.Document.load(away.document.save()))
    again.document_name, again.claim = away.document_name, away.claim
    await again.open(house, house.people["bob"])
    await again.until(lambda: again.saved)
    assert house.text().count("offline") == 2
    assert house.text().count("w13") == 1


async def test_a_laptop_that_was_away_for_three_epochs(houses, repo):
    """Its text meets the newest document, past all those between."""
    house = await houses(repo, **SMALL)
    away = await house.editor("bob")
    await away.leave()
    away.type("written long ago\n")
    for _ in range(3):
        ann = await house.editor("ann")
        await full(ann)
        await settled(house, ann)
        await ann.leave()
    await away.open(house, house.people["bob"])
    await until(lambda: house.text().count("written long ago\n") == 1)
    assert house.text().count("w13") == 3


async def test_what_arrived_before_a_crash_is_carried_over_after_it(houses, repo):
    """The retired document keeps it; the next process looks for it."""
    house = await houses(repo, **SMALL)
    ann = await house.editor("ann")
    await full(ann)
    live = await settled(house, ann)
    old = ann.claim_id
    house.app.keeper.carrier.stored = lambda room: None
    await ann.write("just before the crash\n")
    await house.crash()
    next_ = await houses(repo, **SMALL)
    await next_.app.keeper.sweep()
    await until(lambda: next_.text().count("just before the crash\n") == 1)
    async with next_.app.store.transaction() as tx:
        assert (await documents.get(tx, old)).successor == live.id
        assert await documents.list_late(tx) == []


async def test_changes_of_another_process_are_in_the_successor(houses, repo):
    """They are waited for: a document with unseen news is not retired."""
    house = await houses(repo, **SMALL)
    other = await houses(repo)
    ann, bob = await house.editor("ann"), await other.editor("bob")
    typing = asyncio.create_task(full(bob, 10))
    await full(ann)
    await typing
    await settled(house, ann)
    for number in range(10):
        await until(lambda n=number: house.text().count(f"w{n} stands") >= 2, 20)


async def test_text_of_a_lost_document_delivered_twice_is_once(houses, repo):
    """After the database was dropped; also when someone has changed that text since."""
    house = await houses(repo)
    ann = await house.editor("ann")
    await ann.leave()
    ann.type("rare words\n")
    saved, person = ann.document.save(), house.people["ann"].id
    async with house.app.store.transaction() as tx:
        await run(tx, "DELETE FROM documents")
    await house.crash()
    house = await houses(repo)
    lost = harness.ids.parse_document_name(ann.document_name)
    await late.carry(house.app, lost, saved, "main", "one.md", person)
    bob = await house.editor("bob")
    await bob.replace("rare", "common")
    await late.carry(house.app, lost, saved, "main", "one.md", person)
    assert house.text().count("common words\n") == 1
    assert "rare" not in house.text()


async def test_a_line_the_page_has_half_of_is_carried_once(houses, repo):
    """The file had the first words of it; what came after them is what is carried."""
    house = await houses(repo)
    ann = await house.editor("ann")
    for number in range(6):
        await ann.write(f"w{number} ")
    await until(lambda: "w5" in (repo.path / "one.md").read_text())
    await ann.leave()
    ann.type("w6 w7")
    saved, person = ann.document.save(), house.people["ann"].id
    async with house.app.store.transaction() as tx:
        await run(tx, "DELETE FROM documents")
    await house.crash()
    house = await houses(repo)
    lost = harness.ids.parse_document_name(ann.document_name)
    await late.carry(house.app, lost, saved, "main", "one.md", person)
    assert house.text().count("w0 ") == 1
    assert "w4 w5 w6 w7" in house.text()


async def test_bytes_of_a_retired_document_are_taken_once_whatever_became_of_their_text(
    houses, repo
):
    """A browser that comes back sends all it has; most of it was in the page long ago."""
    house = await houses(repo, **SMALL)
    away, ann = await house.editor("bob"), await house.editor("ann")
    await full(ann)
    await settled(house, ann)
    await away.until(lambda: "w13" in away.text)
    await away.leave()
    away.type("typed too late\n")
    saved, person = away.document.save(), house.people["bob"].id
    first = await late.carry(house.app, away.claim_id, saved, "main", "one.md", person)
    assert house.live().room.heads == first.heads
    carol = await house.editor("ann")
    await carol.replace("w5 stands", "w5 stood")
    await carol.replace("typed too late", "typed in time")
    await late.carry(house.app, away.claim_id, saved, "main", "one.md", person)
    assert house.text().count("w5 stood") == house.text().count("typed in time") == 1
    assert "w5 stands" not in house.text()
    assert "too late" not in house.text()


async def test_late_bytes_of_a_retired_document_that_was_made_anew_from_its_file(houses, repo):
    """Its database was dropped and its file taken in; then it grew too long, then they come."""
    house = await houses(repo, **SMALL)
    ann, _reader = await house.editor("ann"), await house.editor("bob")
    await ann.write("in the file\n")
    await until(lambda: "in the file" in (repo.path / "one.md").read_text())
    await ann.leave()
    ann.type("on the device\n")
    saved, person = ann.document.save(), house.people["ann"].id
    async with house.app.store.transaction() as tx:
        await run(tx, "DELETE FROM documents")
    await house.crash()
    house = await houses(repo, **SMALL)
    bob = await house.editor("bob")
    assert bob.claim_id == ann.claim_id
    await full(bob)
    await settled(house, bob)
    for _ in range(2):
        await late.carry(house.app, ann.claim_id, saved, "main", "one.md", person)
        assert house.text().count("in the file\n") == 1
        assert house.text().count("on the device\n") == 1


async def test_late_text_is_held_to_the_limits_of_this_server(houses, repo):
    """What inflates to more than the settings allow is refused before it is opened."""
    saved = Replica.seed("words " * 60_000).save()
    house = await houses(repo, message_limit=65_536)
    with pytest.raises(ChangeRefused):
        await late.carry(house.app, uuid4(), saved, "main", "one.md", house.people["ann"].id)
