"""The line: what all open documents append, together."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from uuid import uuid4

import pytest

from prdgen.store import changes, documents, statements
from prdgen.store.database import Store

from .factories import HEADS, change
from .factories import document as new_document


async def made(store, count):
    """So many live documents."""
    async with store.transaction() as tx:
        return [
            await documents.create(tx, new_document(page_path=f"docs/{n}.md"), b"seed")
            for n in range(count)
        ]


async def opened(store, document):
    """The store's line, once it has its connection (the first who asks is sent elsewhere)."""
    async with asyncio.timeout(10):
        while await store.line.append(document.id, [], HEADS, known=0) is None:
            await asyncio.sleep(0.01)
    return store.line


async def stored(store, document):
    async with store.transaction() as tx:
        return [(one.seq, one.data) for one in await changes.since(tx, document.id, 0)]


async def transactions(store):
    """How many transactions stored what is in the store."""
    async with store.transaction() as tx:
        found = await statements.row(tx, "SELECT count(DISTINCT xmin::text) AS n FROM changes")
    return found["n"]


async def test_what_documents_append_at_once_is_one_transaction(store):
    """The first goes alone, and all that waits meanwhile together: a commit is the dear part."""
    many = await made(store, 20)
    line = await opened(store, many[0])
    first = asyncio.create_task(line.append(many[0].id, [change("first")], HEADS, known=0))
    while not line._under_way:
        await asyncio.sleep(0)
    rest = [line.append(each.id, [change(f"{each.id}")], HEADS, known=0) for each in many[1:]]
    assert await asyncio.gather(first, *rest) == [(1, 1)] * 20
    assert await transactions(store) == 2
    for each in many[1:]:
        assert await stored(store, each) == [(1, str(each.id).encode())]


async def test_the_line_stores_what_a_transaction_would(store, document):
    """Every column of a change; what is there already is not stored again; numbers go on."""
    line = await opened(store, document)
    person = uuid4()
    given = [change("a", person), replace(change("b"), actor=b"", data=b""), change("a", person)]
    heads = (b"\x02" * 32, b"\x03" * 32)
    assert await line.append(document.id, given, heads, known=0) == (1, 2)
    assert await line.append(document.id, [given[0], change("ö", person)], heads, known=2) == (3, 3)
    assert await line.append(document.id, [given[0]], heads, known=3) == (4, 3)
    async with store.transaction() as tx:
        found = await changes.since(tx, document.id, 0)
        assert (await documents.get(tx, document.id)).heads == heads
    wanted = [given[0], given[1], change("ö", person)]
    assert [(c.seq, c.hash, c.actor, c.person_id, c.origin, c.data) for c in found] == [
        (seq, c.hash, c.actor, c.person_id, c.origin, c.data) for seq, c in enumerate(wanted, 1)
    ]


async def test_a_store_that_has_gone_back_takes_nothing_from_the_line(store, document):
    """As in `changes.append`: the number says so."""
    line = await opened(store, document)
    assert await line.append(document.id, [change("a")], HEADS, known=3) == (1, 0)
    assert await stored(store, document) == []


async def test_no_document_waits_for_one_that_is_locked_or_missing(store):
    """They are sent to a transaction of their own; the others are stored meanwhile."""
    locked, free = await made(store, 2)
    line = await opened(store, free)
    async with store.transaction() as tx:
        await changes.append(tx, locked.id, [change("slow")], HEADS)
        async with asyncio.timeout(5):
            answers = await asyncio.gather(
                line.append(locked.id, [change("held up")], HEADS, known=0),
                line.append(uuid4(), [change("lost")], HEADS, known=0),
                line.append(free.id, [change("quick")], HEADS, known=0),
            )
    assert answers == [None, None, (1, 1)]
    assert await stored(store, locked) == [(1, b"slow")]
    assert await stored(store, free) == [(1, b"quick")]


async def test_what_the_server_refuses_is_left_to_those_who_can_say_why(store):
    """One bad change takes nobody's with it: all are sent to a transaction of their own."""
    bad, good = await made(store, 2)
    line = await opened(store, good)
    wrong = replace(change("x"), origin="\0")
    answers = await asyncio.gather(
        line.append(bad.id, [wrong], HEADS, known=0),
        line.append(good.id, [change("y")], HEADS, known=0),
    )
    assert answers == [None, None]
    assert await stored(store, good) == []
    line = await opened(store, good)
    assert await line.append(good.id, [change("y")], HEADS, known=0) == (1, 1)


@pytest.mark.parametrize("size", [100, 3_000_000])
async def test_large_changes_go_through_the_line(store, document, size):
    """More than a socket takes at once."""
    line = await opened(store, document)
    data = os.urandom(size)
    large = replace(change("large"), data=data)
    assert await line.append(document.id, [large], HEADS, known=0) == (1, 1)
    assert await stored(store, document) == [(1, data)]


async def test_who_gave_up_before_it_was_sent_has_nothing_stored(store, document):
    """A room that was ended while it waited."""
    line = await opened(store, document)
    task = asyncio.create_task(line.append(document.id, [change("never")], HEADS, known=0))
    await asyncio.sleep(0)
    task.cancel()
    assert await line.append(document.id, [change("kept")], HEADS, known=0) == (1, 1)
    assert await stored(store, document) == [(1, b"kept")]


async def test_a_killed_server_ends_the_wait_and_the_line_comes_back(own_servers):
    """What was under way is answered with "nobody knows", which is done again elsewhere."""
    store = await Store.open(own_servers.postgres.url)
    await store.migrate()
    (document,) = await made(store, 1)
    line = await opened(store, document)
    given = [change(f"{n}") for n in range(3)]
    waiting = asyncio.gather(*(line.append(document.id, [one], HEADS, known=0) for one in given))
    os.kill(own_servers.postgres.pid, signal.SIGKILL)
    await asyncio.to_thread(own_servers.postgres.start)
    async with asyncio.timeout(10):
        await waiting
        line = await opened(store, document)
    assert (await line.append(document.id, given, HEADS, known=0))[1] == 3  # each once
    assert await line.append(document.id, [change("after")], HEADS, known=0) == (4, 4)
    await store.close()


async def test_an_end_that_the_loop_does_not_tell_of_ends_the_wait(own_servers):
    """uvloop tells once that a connection was reset; libpq has to be asked twice."""
    store = await Store.open(own_servers.postgres.url)
    await store.migrate()
    (document,) = await made(store, 1)
    line = await opened(store, document)
    asyncio.get_running_loop().remove_reader(line._socket)
    waiting = asyncio.create_task(line.append(document.id, [change("a")], HEADS, known=0))
    async with asyncio.timeout(10):
        assert await waiting == (1, 1)
        waiting = asyncio.create_task(line.append(document.id, [change("b")], HEADS, known=1))
        os.kill(own_servers.postgres.pid, signal.SIGKILL)
        await waiting  # stored, or nobody knows
    await store.close()


async def test_a_closed_line_lets_nobody_wait(store, document):
    """At the end of the process."""
    line = await opened(store, document)
    waiting = asyncio.create_task(line.append(document.id, [change("a")], HEADS, known=0))
    while not line._under_way:
        await asyncio.sleep(0)
    await line.close()
    assert await waiting is None
    assert await line.append(document.id, [change("b")], HEADS, known=0) is None
