"""The schema: fresh equals migrated, any number of processes at once."""

from __future__ import annotations

import asyncio
import re
import subprocess

import pytest

from prdgen.embedded import postgres
from prdgen.store import errors, pages, schema_migrations, search, statements
from prdgen.store.database import Store


def dump(url: str) -> str:
    """The schema as pg_dump writes it, without what differs from run to run."""
    command = [postgres.program("pg_dump"), "--schema-only", "--no-owner", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return re.sub(r"^\\(un)?restrict .*$", "", done.stdout, flags=re.MULTILINE)


async def test_a_fresh_schema_equals_all_migrations_in_turn(database_url, empty_database_url):
    """Or old and new installations would drift apart."""
    store = await Store.open(empty_database_url)
    async with store.transaction() as tx:
        await schema_migrations.apply(tx, one_by_one=True)
    await store.close()
    assert dump(empty_database_url) == dump(database_url)


async def test_migrating_again_changes_nothing(store):
    """Each migration is applied once."""
    async with store.transaction() as tx:
        assert await schema_migrations.apply(tx) == []


async def test_many_processes_may_migrate_at_once(empty_database_url):
    """Server and worker start together."""
    stores = [await Store.open(empty_database_url, min_size=1) for _ in range(3)]
    await asyncio.gather(*(store.migrate() for store in stores))
    for store in stores:
        await store.close()


async def test_a_newer_database_is_refused(store):
    """An old prdgen must not write into what it does not know."""
    async with store.transaction() as tx:
        await statements.run(tx, "INSERT INTO schema_migrations (number, name) VALUES (9999, 'x')")
    with pytest.raises(errors.SchemaTooNew):
        await store.migrate()


async def test_a_search_finds_what_was_indexed_before_the_words_were_apart(
    empty_database_url, monkeypatch
):
    """Migration 12 takes the words of every page along."""
    store = await Store.open(empty_database_url)
    every = schema_migrations.known()
    try:
        async with store.transaction() as tx:
            with monkeypatch.context() as patch:
                patch.setattr(schema_migrations, "known", lambda: every[:11])
                await schema_migrations.apply(tx, one_by_one=True)
            await tx.execute("INSERT INTO branches VALUES ('main', 'c')")
            await tx.execute(
                "INSERT INTO pages SELECT 'main', 'a.md', 'b', 'c', 'T', '', '', '', '{}', '{}', '[]', "
                "'[]', 1, 'quokka', false, now(), '', 'T', to_tsvector('prdgen', 'quokka')"
            )
            await schema_migrations.apply(tx)
            found = await search.search(tx, "main", "quokka")
            assert [hit.page_path for hit in found.hits] == ["a.md"]
            assert await pages.index_words(tx, "main") == 0
    finally:
        await store.close()


def test_migrations_are_numbered_without_a_gap():
    """Two of one number would be one for the database."""
    numbers = [migration.number for migration in schema_migrations.known()]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", ["documents", "changes", "event_log", "pages", "search", "people",
                                  "records", "exports", "migrations"])  # fmt: skip
async def test_every_statement_parses(store, name):
    """PostgreSQL prepares each of them, also those no other test reaches."""
    for statement in statements.load(name).values():
        async with store.transaction() as tx:
            text = re.sub(r"%\(\w+\)s", "NULL", statement).replace("%%", "%")
            if text.upper().startswith("COPY"):
                async with tx.cursor() as cursor, cursor.copy(text.encode()):
                    pass  # of no rows
            elif not text.upper().startswith("CREATE"):
                await tx.execute(f"PREPARE tried AS {text}".encode())
                await tx.execute(b"DEALLOCATE tried")
