"""Changes: once each, numbered without a gap."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from prdgen.store import actors, changes, conflicts, documents, errors, statements

from .factories import HEADS, change
from .factories import document as new_document


async def test_changes_are_numbered_in_the_order_given(store, document):
    """And read back in that order."""
    async with store.transaction() as tx:
        given = [change(letter) for letter in "zebra"]
        assert await changes.append(tx, document.id, given, HEADS) == (1, 5)
        assert [found.data for found in await changes.since(tx, document.id, 2)] == [
            b"b",
            b"r",
            b"a",
        ]


async def test_a_change_sent_twice_is_stored_once(store, document):
    """After an unknown outcome of a commit the writer simply tries again."""
    async with store.transaction() as tx:
        await changes.append(tx, document.id, [change("a")], HEADS)
        again = await changes.append(
            tx, document.id, [change("a"), change("b"), change("b")], HEADS
        )
        assert again == (2, 2)
        nothing = await changes.append(tx, document.id, [change("a")], HEADS)
        assert nothing == (3, 2)


async def test_a_store_that_has_gone_back_behind_its_writer_takes_nothing(store, document):
    """It would give numbers a second time. In one statement, without a transaction around it."""
    async with store.statement() as tx:
        assert await changes.append(tx, document.id, [change("a")], HEADS, known=0) == (1, 1)
    async with store.statement() as tx:
        assert await changes.append(tx, document.id, [change("b")], HEADS, known=2) == (2, 1)
    async with store.transaction() as tx:
        assert [found.data for found in await changes.since(tx, document.id, 0)] == [b"a"]
        assert await changes.append(tx, document.id, [change("b")], HEADS, known=1) == (2, 2)


@pytest.mark.parametrize("origin", ["cold-intake", "merged"])
async def test_who_has_not_read_that_texts_were_merged_stores_nothing(store, document, origin):
    """What they typed meets the merge as text, or it would stand twice."""
    merged = replace(change("merged"), origin=origin)
    async with store.transaction() as tx:
        await changes.append(tx, document.id, [change("a")], HEADS)
        await changes.append(tx, document.id, [merged], HEADS, known=1)
    async with store.statement() as tx:
        assert await changes.append(tx, document.id, [change("b")], HEADS, known=1) == (0, 2)
    async with store.transaction() as tx:
        assert len(await changes.since(tx, document.id, 0)) == 2
        assert await changes.append(tx, document.id, [change("b")], HEADS, known=2) == (3, 3)


async def test_a_statement_leaves_transactions_as_they_were(store, document):
    """Its connection goes back to the pool: what others begin there must still be undone whole."""
    for _ in range(12):  # every connection of the pool
        with pytest.raises(errors.StoreRefused):
            async with store.statement() as tx:
                await statements.run(tx, "SELECT no_such_function()")
        with pytest.raises(ZeroDivisionError):
            async with store.transaction() as tx:
                await changes.append(tx, document.id, [change("undone")], HEADS)
                raise ZeroDivisionError
    async with store.transaction() as tx:
        assert await changes.since(tx, document.id, 0) == []


async def test_many_writers_leave_no_gap_and_no_double(store, document):
    """Trap 13: a room trusts that a number it has not seen will never turn up below its own."""

    async def write(writer):
        for number in range(25):
            shared = change(f"everybody's {number}")
            async with store.transaction() as tx:
                mine = change(f"{writer} {number}")
                await changes.append(tx, document.id, [shared, mine], HEADS)

    await asyncio.gather(*map(write, range(8)))
    async with store.transaction() as tx:
        found = await changes.since(tx, document.id, 0)
        last = (await documents.get(tx, document.id)).last_seq
    assert [stored.seq for stored in found] == list(range(1, 9 * 25 + 1))
    assert last == 9 * 25


async def test_a_reader_never_sees_a_number_before_the_ones_below_it(store, document):
    """Trap 13: with a sequence, B committed before A and A was never delivered."""
    stop = asyncio.Event()

    async def write(writer):
        for number in range(25):
            async with store.transaction() as tx:
                await changes.append(tx, document.id, [change(f"{writer} {number}")], HEADS)

    async def read():
        seen = 0
        while not stop.is_set():
            async with store.transaction() as tx:
                for stored in await changes.since(tx, document.id, seen):
                    assert stored.seq == seen + 1
                    seen = stored.seq

    reader = asyncio.create_task(read())
    await asyncio.gather(*map(write, range(4)))
    stop.set()
    await reader


async def test_a_rolled_back_append_leaves_no_gap(store, document):
    """Numbers are given under the row lock, not by a sequence."""
    with pytest.raises(ZeroDivisionError):
        async with store.transaction() as tx:
            await changes.append(tx, document.id, [change("lost")], HEADS)
            raise ZeroDivisionError
    async with store.transaction() as tx:
        assert await changes.append(tx, document.id, [change("kept")], HEADS) == (1, 1)


async def test_appending_to_an_unknown_document_is_an_error(tx):
    """It is rebuilt from the commit, not made up here."""
    with pytest.raises(errors.DocumentMissing):
        await changes.append(tx, uuid4(), [change("a")], HEADS)


async def test_a_retired_document_takes_late_changes_and_says_so(store, document):
    """Trap 2: what comes late is kept, and listed until it is carried over."""
    async with store.transaction() as tx:
        await changes.append(tx, document.id, [change("early")], HEADS)
        assert await documents.retire(tx, document.id, uuid4(), 1)
        assert await documents.list_late(tx) == []
        await changes.append(tx, document.id, [change("late")], HEADS)
        (late,) = await documents.list_late(tx)
        await documents.move_carried(tx, late.id, 1, 2, HEADS)
        assert await documents.list_late(tx) == []
        with pytest.raises(errors.AgreedPointMoved):
            await documents.move_carried(tx, late.id, 1, 2, HEADS)


async def test_a_document_with_news_is_not_retired(store, document):
    """Another process wrote in between: the successor would not have it."""
    async with store.transaction() as tx:
        await changes.append(tx, document.id, [change("unseen")], HEADS)
        assert not await documents.retire(tx, document.id, uuid4(), 0)
        assert (await documents.get(tx, document.id)).status == "live"


async def test_the_newest_of_a_chain_of_documents(store, document):
    """A laptop that was away for several epochs."""
    async with store.transaction() as tx:
        chain = [document.id]
        for n in range(1, 4):
            made = new_document(n=n)
            await documents.retire(tx, chain[-1], made.id)
            await documents.create(tx, made, b"seed")
            chain.append(made.id)
        assert (await documents.newest(tx, chain[0])).id == chain[-1]


async def test_the_newest_document_is_one_that_was_live_when_it_was_looked_for(
    store, document, monkeypatch
):
    """Between the looking and the reading it is retired: then what is late would find no place."""
    row = statements.row

    async def then_retired(tx, sql, **values):
        found = await row(tx, sql, **values)
        monkeypatch.undo()
        made = new_document(n=1)
        async with store.transaction() as other:
            await documents.retire(other, document.id, made.id)
            await documents.create(other, made, b"seed")
        return found

    async with store.transaction() as tx:
        monkeypatch.setattr(statements, "row", then_retired)
        assert (await documents.newest(tx, document.id)).status == "live"


async def test_writers_come_in_the_order_of_their_first_change(store, document):
    """One commit per person, in order."""
    ann, bob = uuid4(), uuid4()
    given = [change("1", bob), change("2", ann), change("3", bob), change("4")]
    async with store.transaction() as tx:
        await changes.append(tx, document.id, given, HEADS)
        assert await changes.writers(tx, document.id, 0) == [bob, ann]
        assert await changes.writers(tx, document.id, 3) == []


async def test_an_actor_belongs_to_the_first_person_who_delivered_it(store, document):
    """Trap 14: actor ids are chosen by clients, so authorship could be forged."""
    ann, bob = uuid4(), uuid4()
    async with store.transaction() as tx:
        await actors.bind(tx, document.id, b"actor", ann)
        await actors.bind(tx, document.id, b"actor", ann)
        with pytest.raises(errors.ActorTaken):
            await actors.bind(tx, document.id, b"actor", bob)


async def test_nobody_may_use_an_actor_of_the_servers(store, document):
    """The server's own actors have no person."""
    async with store.transaction() as tx:
        await actors.bind(tx, document.id, b"seed", None)
        with pytest.raises(errors.ActorTaken):
            await actors.bind(tx, document.id, b"seed", uuid4())


async def test_a_conflict_is_open_until_someone_decides(store, document):
    """Both versions stay whole, and someone is asked."""
    given = conflicts.Conflict(document.id, "ours\n", "theirs\n", HEADS, "git")
    async with store.transaction() as tx:
        conflict_id = await conflicts.record(tx, given)
        (found,) = await conflicts.list_open(tx, document.id)
        assert (found.ours, found.theirs, found.heads) == ("ours\n", "theirs\n", HEADS)
        assert await conflicts.resolve(tx, conflict_id, None)
        assert not await conflicts.resolve(tx, conflict_id, None)
        assert await conflicts.list_open(tx, document.id) == []


async def test_actors_are_told_by_who_delivered_them(store, document):
    """Each person and origin once, in the order of the first change; other actors are not told."""
    person = uuid4()
    named = replace(change("a", person), actor=b"one", origin="peer")
    given = [named, replace(named, hash=b"2" * 32), replace(change("c"), actor=b"two"), change("d")]
    async with store.transaction() as tx:
        await changes.append(tx, document.id, given, HEADS)
        found = await changes.by_actors(tx, document.id, [b"one", b"two", b"three"])
    assert found == [(person, "peer"), (None, "editor")]
