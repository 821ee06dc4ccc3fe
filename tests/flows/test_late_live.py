"""Text that waited on a device, sent whole to a document that is open: taken as the changes it is."""

from __future__ import annotations

import asyncio

import pytest
from automerge import core

from prdgen.crdt.errors import ChangeRefused, NotADocument
from prdgen.crdt.replica import Replica
from prdgen.flows import late
from prdgen.flows import open as open_flow
from prdgen.flows.errors import NotAsChanges
from prdgen.store.statements import run

from .conftest import ONE
from .harness import Editor, blame, until, vim


async def gone_with_text(house, name="ann", words="typed on the train\n"):
    """An editor that closed with words the server has not got; gives it and its bytes."""
    editor = await house.editor(name)
    await editor.leave()
    editor.type(words)
    return editor, editor.document.save()


@pytest.fixture
def send(house):
    """`await send(editor, saved, "ann")`: the bytes arrive, as from any page of the server."""

    async def sent(editor, saved, name):
        return await late.deliver(house.app, editor.claim_id, saved, house.people[name].id)

    return sent


async def test_it_is_in_the_page_once_however_it_comes(house, send):
    """Whole, whole again, and then as changes when the editor is opened: the words stand once."""
    ann, saved = await gone_with_text(house)
    for _ in range(2):
        found = await send(ann, saved, "ann")
        assert found.document_id == ann.claim_id
        assert house.live().room.heads == found.heads
    await ann.open(house, house.people["ann"])
    await ann.write("and now online\n")
    assert house.text().count("typed on the train\n") == 1
    assert house.text() == ann.text


async def test_changes_alone_are_enough_where_they_fit(house, send):
    """What a closing tab sends; beside the document they came after, or by themselves."""
    ann, saved = await gone_with_text(house)
    heads = ann.document.get_heads()
    ann.type("last words\n")
    rest = b"".join(change.raw_bytes for change in ann.document.get_changes(heads))
    with pytest.raises(NotAsChanges):
        await send(ann, rest, "ann")
    assert house.text() == ONE
    await send(ann, saved + rest, "ann")
    assert house.text() == ONE + "typed on the train\nlast words\n"
    heads = ann.document.get_heads()
    ann.type("and more\n")
    rest = b"".join(change.raw_bytes for change in ann.document.get_changes(heads))
    found = await send(ann, rest, "ann")
    assert (found.taken, (await send(ann, rest, "ann")).taken) == (1, 0)
    assert house.text().endswith("last words\nand more\n")


async def test_it_is_its_writers_and_reaches_file_and_commit(house, send, repo):
    """As if it had been typed online."""
    ann, saved = await gone_with_text(house)
    await send(ann, saved, "ann")
    await until(lambda: "typed on the train" in (repo.path / "one.md").read_text())
    await house.save("bob")
    assert (house.people["ann"].name, "typed on the train") in blame(repo)


async def test_what_others_wrote_meanwhile_stays(house, send):
    """It merges like any typing."""
    ann, saved = await gone_with_text(house)
    bob = await house.editor("bob")
    await bob.write("Bob was here\n")
    await send(ann, saved, "ann")
    assert {"typed on the train", "Bob was here"} <= set(house.text().splitlines())
    await bob.until(lambda: "typed on the train" in bob.text)


async def test_nobody_takes_the_next_turn_of_somebody_elses_editor(house, send):
    """Bytes with more of an actor that is Ann's, sent by Bob, are refused; Ann types on."""
    ann = await house.editor("ann")
    await ann.write("first\n")
    await ann.leave()
    own = ann.document.save()
    ann.type("not by Ann\n")
    with pytest.raises(NotAsChanges):
        await send(ann, ann.document.save(), "bob")
    assert "not by Ann" not in house.text()
    await send(ann, own, "ann")
    ann.type("by Ann\n")
    await send(ann, ann.document.save(), "ann")
    assert house.text().count("by Ann\n") == 2


@pytest.mark.parametrize("alone", [True, False])
async def test_who_brings_what_others_wrote_owns_none_of_it(houses, repo, alone):
    """The database is lost, and Bob's device comes first, with Ann's words too, sent `alone` or by his
    editor; the server starts once more, and she types on.
    """
    house = await houses(repo)
    ann, bob = await house.editor("ann"), await house.editor("bob")
    await ann.write("by Ann\n")
    await bob.until(lambda: "by Ann" in bob.text)
    async with house.app.store.transaction() as tx:
        await run(tx, "DELETE FROM documents")
    await house.crash()
    repo.git("checkout", "--", "one.md")
    house = await houses(repo)
    await house.editor("bob")
    if alone:
        person = house.people["bob"].id
        assert (await late.deliver(house.app, bob.claim_id, bob.document.save(), person)).taken
    else:
        await bob.open(house, house.people["bob"])
    await until(lambda: "by Ann\n" in house.text())
    await house.crash()
    house = await houses(repo)
    await ann.open(house, house.people["ann"])
    for words in ("and on\n", "and on and on\n"):
        await ann.write(words)
        await until(lambda words=words: words in house.text())
    assert house.text().count("by Ann\n") == 1


async def test_a_file_older_than_the_last_commit_doubles_nothing(houses, repo):
    """The server was killed between commit and file, its database is lost, and another program saved."""
    house = await houses(repo)
    ann = await house.editor("ann")
    await ann.write("one two ")
    older = ann.text
    await ann.write("three\n")
    await house.save("ann")
    newer = ann.text
    async with house.app.store.transaction() as tx:
        await run(tx, "DELETE FROM documents")
    await house.crash()
    path = repo.path / "one.md"
    vim(path, older.replace("first line", "1st line"))
    house = await houses(repo)
    await ann.open(house, house.people["ann"])
    expected = newer.replace("first line", "1st line")
    await until(lambda: house.text() == ann.text == path.read_text() == expected)


async def test_a_page_does_not_grow_over_its_limit_this_way(houses, repo):
    """Nothing of it is in the page, and the page works."""
    house = await houses(repo, live_limit=2_000)
    ann, saved = await gone_with_text(house, words="x" * 2_500)
    text = house.text()
    with pytest.raises(NotAsChanges):
        await late.deliver(house.app, ann.claim_id, saved, house.people["ann"].id)
    assert house.text() == text
    bob = await house.editor("bob")
    await bob.write("fine\n")
    assert house.text().endswith("fine\n")


async def lost(house, repo, houses):
    """Ann's words are in the file, more of hers on her device; then the database is dropped.

    Gives her editor, its bytes and the next house. Bob looks on, so that nothing is committed.
    """
    ann, _bob = await house.editor("ann"), await house.editor("bob")
    await ann.write("in the file\n")
    await until(lambda: "in the file" in (repo.path / "one.md").read_text())
    await ann.leave()
    ann.type("on the device\n")
    async with house.app.store.transaction() as tx:
        await run(tx, "DELETE FROM documents")
    await house.crash()
    return ann, ann.document.save(), await houses(repo)


async def test_a_document_the_server_lost_is_left_to_its_editor(houses, repo):
    """Nothing is made of bytes alone; opened, the editor brings them, and they stand once."""
    ann, saved, house = await lost(await houses(repo), repo, houses)
    with pytest.raises(NotAsChanges):
        await late.deliver(house.app, ann.claim_id, saved, house.people["ann"].id)
    await ann.open(house, house.people["ann"])
    await ann.until(lambda: ann.saved)
    assert house.text().count("in the file\n") == house.text().count("on the device\n") == 1


@pytest.mark.parametrize("open_already", [True, False])
async def test_a_document_made_anew_gets_it_from_its_editor(houses, repo, open_already):
    """It took its file in again, or takes it in just now; Ann's changes hold the same once more."""
    ann, saved, house = await lost(await houses(repo), repo, houses)
    if open_already:
        await house.editor("bob")
    else:
        await open_flow.document(house.app, "main", "one.md")
    with pytest.raises(NotAsChanges):
        await late.deliver(house.app, ann.claim_id, saved, house.people["ann"].id)
    await until(lambda: house.text().count("in the file\n") == 1)
    await ann.open(house, house.people["ann"])
    await ann.write("online again\n")
    assert house.text() == ann.text
    assert house.text().count("in the file\n") == house.text().count("on the device\n") == 1
    await ann.leave()
    ann.type("away once more\n")
    await late.deliver(house.app, ann.claim_id, ann.document.save(), house.people["ann"].id)
    assert house.text().count("away once more\n") == house.text().count("in the file\n") == 1


async def test_a_push_that_came_while_nobody_looked_is_kept(houses, repo):
    """Ann's laptop was away, the page closed: a commit and her words are both in the page, once."""
    house = await houses(repo)
    ann, saved = await gone_with_text(house)
    await house.close()
    house.stack = None
    repo.commit("Elsewhere", one=ONE.replace("second line", "second line, by push"))
    house = await houses(repo)
    with pytest.raises(NotAsChanges):
        await late.deliver(house.app, ann.claim_id, saved, house.people["ann"].id)
    await ann.open(house, house.people["ann"])
    await ann.until(lambda: ann.saved)
    want = ONE.replace("second line", "second line, by push") + "typed on the train\n"
    assert house.text() == ann.text == want


async def test_an_epoch_that_ended_meanwhile_hands_it_on_once(houses, repo):
    """By any page, by any page again, and by the editor that is opened at last."""
    house = await houses(repo, epoch_changes=12, epoch_idle_changes=10)
    ann, saved = await gone_with_text(house)
    bob = await house.editor("bob")
    for number in range(14):
        await bob.write(f"w{number} stands here\n")
    live = await until(lambda: house.live() if house.live().id != ann.claim_id else None)
    for _ in range(2):
        found = await late.deliver(house.app, ann.claim_id, saved, house.people["ann"].id)
        assert (found.document_id, house.text().count("typed on the train\n")) == (live.id, 1)
    await ann.open(house, house.people["ann"])
    ann.type("and more\n")
    await until(lambda: house.text().count("and more\n") == 1)
    assert house.text().count("typed on the train\n") == house.text().count("w13 stands") == 1


async def test_it_comes_by_three_ways_at_once(house, send):
    """Two pages send it while a tab that kept it is opened: each word once, and each way is told."""
    ann, saved = await gone_with_text(house)
    tab = Editor("Ann", document=core.Document.load(saved))
    tab.document_name, tab.claim = ann.document_name, ann.claim
    first, second, _ = await asyncio.gather(
        send(ann, saved, "ann"), send(ann, saved, "ann"), tab.open(house, house.people["ann"])
    )
    await tab.write("typed in the tab\n")
    assert first.document_id == second.document_id == ann.claim_id
    assert house.text() == tab.text == ONE + "typed on the train\ntyped in the tab\n"


async def test_it_comes_by_two_servers(houses, repo):
    """Either server takes it, whichever keeps the page; both show it once."""
    house = await houses(repo)
    ann, saved = await gone_with_text(house)
    other = await house.second().open()
    houses.opened.append(other)
    for each in (house, other):
        await late.deliver(each.app, ann.claim_id, saved, house.people["ann"].id)
    bob = await other.editor("bob")
    await bob.until(lambda: "typed on the train" in bob.text)
    assert bob.text == house.text() == ONE + "typed on the train\n"


@pytest.mark.parametrize("bytes_", [b"", b"no document", Replica.seed("# Another\n").save()[:-9]])
async def test_bytes_that_are_no_document_change_nothing(house, send, bytes_):
    """They are refused, and the page works."""
    ann = await house.editor("ann")
    with pytest.raises((ChangeRefused, NotADocument)):
        await send(ann, bytes_, "ann")
    await ann.write("fine\n")


async def test_a_document_of_another_page_changes_nothing(house, send):
    """Its changes do more than edit this text; they are not taken, and its text is not either."""
    ann, other = await house.editor("ann"), await house.editor("ann", page="other.md")
    other.type("of the other page\n")
    with pytest.raises(NotAsChanges):
        await send(ann, other.document.save(), "ann")
    await ann.write("fine\n")
    assert house.text() == ONE + "fine\n"
