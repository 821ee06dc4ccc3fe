"""The pool: what a call gets when PostgreSQL is away, and after."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import aclosing

import pytest

from prdgen.errors import Invalid
from prdgen.store import audit, changes, documents, errors, event_log, people, statements
from prdgen.store.database import Store

from .factories import HEADS, change
from .factories import document as new_document


async def test_calls_fail_soon_and_work_again_by_themselves(own_servers, eventually):
    """kill -9 of Postgres while people type: nothing acknowledged is lost, nothing doubled."""
    store = await Store.open(own_servers.postgres.url, min_size=4)
    await store.migrate()
    async with store.transaction() as tx:
        document = await documents.create(tx, new_document(), b"seed")
        await changes.append(tx, document.id, [change("acknowledged")], HEADS)
    os.kill(own_servers.postgres.pid, signal.SIGKILL)
    began = time.monotonic()
    with pytest.raises(errors.StoreUnavailable):
        await _append(store, document.id, "retried")
        await store.ping()
    assert time.monotonic() - began < 3.0
    await asyncio.to_thread(own_servers.postgres.start)
    await eventually(lambda: _answers(store), 5)
    for _ in range(8):  # also the connections nobody has used since
        await store.ping()
    await _append(store, document.id, "retried")
    async with store.transaction() as tx:
        found = await changes.since(tx, document.id, 0)
    assert [stored.data for stored in found] == [b"acknowledged", b"retried"]
    await store.close()


async def _append(store, document_id, text):
    async with store.transaction() as tx:
        await changes.append(tx, document_id, [change(text)], HEADS)


async def _answers(store):
    try:
        await store.ping()
    except errors.StoreUnavailable:
        return False
    return True


async def test_listening_goes_on_after_the_server_died(own_servers):
    """And says so with an empty payload: something may have been missed."""
    store = await Store.open(own_servers.postgres.url)
    async with aclosing(store.listen(event_log.CHANNEL)) as heard:
        assert await anext(heard) == ""
        waiting = asyncio.create_task(anext(heard))
        os.kill(own_servers.postgres.pid, signal.SIGKILL)
        await asyncio.to_thread(own_servers.postgres.start)
        assert await asyncio.wait_for(waiting, 10) == ""
    await store.close()


async def test_a_server_that_is_not_there_is_named_at_once():
    """At the start, with PostgreSQL's own words."""
    with pytest.raises(errors.StoreUnavailable, match="prdgen-nowhere"):
        await Store.open("postgresql://x@/x?host=/tmp/prdgen-nowhere")


async def test_an_error_in_the_block_rolls_back(store):
    """All of it or nothing."""
    with pytest.raises(ZeroDivisionError):
        async with store.transaction() as tx:
            await people.create(tx, "Ann", "ann@example.org", "#123456")
            raise ZeroDivisionError
    async with store.transaction() as tx:
        assert await people.list_people(tx) == []


@pytest.mark.parametrize("name", ["nul \0", "half a pair \ud800"])
async def test_text_postgres_cannot_hold_is_invalid_input(store, name):
    """Not an error of the server: the person can correct it."""
    with pytest.raises(Invalid):
        async with store.transaction() as tx:
            await people.create(tx, name, "ann@example.org", "#123456")


async def test_nul_in_json_is_invalid_input_too(store):
    """PostgreSQL refuses it in another place, with another error."""
    with pytest.raises(Invalid):
        async with store.transaction() as tx:
            await audit.record(tx, event_log.events.Event("prd.created", data={"x": "\0"}))


async def test_a_crowd_waits_for_the_connections(store):
    """Two hundred people come back at once: whoever waits for a connection is served in turn, also
    when that takes longer than finding out that a server is away.
    """

    async def one(number):
        async with store.transaction() as tx:
            await statements.run(tx, "SELECT pg_sleep(%(s)s)", s=0.15)
        return number

    assert await asyncio.gather(*map(one, range(200))) == list(range(200))


async def test_those_who_wait_for_a_dead_server_hear_of_it_together(own_servers):
    """Not one row after the other, two seconds each."""
    store = await Store.open(own_servers.postgres.url, max_size=2)
    os.kill(own_servers.postgres.pid, signal.SIGKILL)
    began = time.monotonic()
    found = await asyncio.gather(*(store.ping() for _ in range(40)), return_exceptions=True)
    assert time.monotonic() - began < 10.0
    # A session that has not heard of its server's death yet may still answer.
    failed = [error for error in found if isinstance(error, BaseException)]
    assert failed
    assert all(isinstance(error, errors.StoreUnavailable) for error in failed)
    await store.close()


async def test_a_process_that_stopped_in_a_transaction_keeps_nothing_from_others(
    store, database_url
):
    """A laptop that sleeps, SIGSTOP: its rows are free for the other servers after a moment."""
    stopped = await Store.open(database_url, idle_seconds=0.5)
    try:
        async with store.transaction() as tx:
            document = await documents.create(tx, new_document(), b"seed")
        with pytest.raises(errors.StoreUnavailable):
            async with stopped.transaction() as tx:
                await changes.append(tx, document.id, [change("not committed")], HEADS)
                async with asyncio.timeout(8):
                    await _append(store, document.id, "the other's")
                await statements.run(tx, "SELECT 1")
        await stopped.ping()
        async with store.transaction() as tx:
            found = await changes.since(tx, document.id, 0)
        assert [stored.data for stored in found] == [b"the other's"]
    finally:
        await stopped.close()
