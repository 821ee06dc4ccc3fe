"""Documents: created once, moved, retired; agreed points; leases."""

from __future__ import annotations

from uuid import uuid4

import pytest

from prdgen.store import changes, documents, errors

from .factories import HEADS, change
from .factories import document as new_document

NEXT = (b"\x02" * 32,)


async def test_a_document_comes_back_as_it_was_stored(tx):
    """Every column of the contract makes the round trip."""
    given = new_document()
    await documents.create(tx, given, b"seed")
    found = await documents.get(tx, given.id)
    assert (found.file_heads, found.tip_commit, found.status) == (HEADS, "c0", "live")


async def test_whoever_creates_second_gets_the_first_ones(store, document):
    """Two processes open one page at once."""
    async with store.transaction() as tx:
        assert (await documents.create(tx, new_document(), b"other")).id == document.id


async def test_a_retired_documents_id_is_not_used_again(store, document):
    """n counts re-use of place and commit, or old text would come back."""
    async with store.transaction() as tx:
        await documents.retire(tx, document.id, None)
        with pytest.raises(errors.DocumentRetired):
            await documents.create(tx, new_document(id=document.id), b"seed")
        assert await documents.next_n(tx, "main", document.page_path, "c0") == 1


async def test_a_rename_moves_the_row_and_keeps_the_id(store, document):
    """Trap 10: renames move the document's row, not its id."""
    async with store.transaction() as tx:
        await documents.move(tx, document.id, "main", "docs/pay.md")
        assert (await documents.find_live(tx, "main", "docs/pay.md")).id == document.id
        assert await documents.find_live(tx, "main", document.page_path) is None


async def test_moving_an_unknown_document_is_an_error(tx):
    """Nothing is silently ignored."""
    with pytest.raises(errors.DocumentMissing):
        await documents.move(tx, uuid4(), "main", "docs/pay.md")


async def test_list_live_leaves_out_the_retired(store, document):
    """Retired epochs are not worked on."""
    async with store.transaction() as tx:
        other = await documents.create(tx, new_document("docs/other.md"), b"seed")
        await documents.retire(tx, document.id, other.id)
        assert [found.id for found in await documents.list_live(tx)] == [other.id]
        assert (await documents.get(tx, document.id)).successor == other.id


async def test_load_gives_the_snapshot_and_what_came_after(store, document):
    """A room opens from these two."""
    async with store.transaction() as tx:
        await changes.append(tx, document.id, [change("a"), change("b")], NEXT)
        await documents.save_snapshot(tx, document.id, b"snapshot with a", 1)
        loaded = await documents.load(tx, document.id)
    assert loaded.snapshot == b"snapshot with a"
    assert [found.data for found in loaded.changes] == [b"b"]
    assert loaded.document.heads == NEXT


async def test_an_older_snapshot_never_replaces_a_newer_one(store, document):
    """Two processes may save snapshots of different age."""
    async with store.transaction() as tx:
        await documents.save_snapshot(tx, document.id, b"new", 5)
        await documents.save_snapshot(tx, document.id, b"old", 3)
        assert (await documents.load(tx, document.id)).snapshot == b"new"


async def test_the_file_point_moves_by_compare_and_set(store, document):
    """Trap 1: two processes take in the same file; only one of them moves the point."""
    async with store.transaction() as tx:
        await documents.move_file_point(tx, document.id, "h0", NEXT, "h1", None)
    async with store.transaction() as tx:
        with pytest.raises(errors.AgreedPointMoved, match="expected h0, found h1"):
            await documents.move_file_point(tx, document.id, "h0", NEXT, "h2", None)


async def test_a_lost_compare_takes_the_changes_of_its_transaction_along(store, document):
    """Trap 1: the point and the change it explains are stored together or not at all."""
    with pytest.raises(errors.AgreedPointMoved):
        async with store.transaction() as tx:
            await changes.append(tx, document.id, [change("intake")], NEXT)
            await documents.move_file_point(tx, document.id, "wrong", NEXT, "h1", None)
    async with store.transaction() as tx:
        assert await changes.since(tx, document.id, 0) == []


async def test_the_tip_point_moves_by_compare_and_set(store, document):
    """The tip's point is compared by commit."""
    async with store.transaction() as tx:
        await documents.move_tip_point(
            tx, document.id, "c0", NEXT, "h1", "c1", None, committed=True
        )
        with pytest.raises(errors.AgreedPointMoved):
            await documents.move_tip_point(
                tx, document.id, "c0", NEXT, "h2", "c2", None, committed=True
            )


async def test_what_is_committed_is_where_the_text_was_the_tips(store, document):
    """A commit that was merged with typed words moves the tip's point, and they stay uncommitted."""
    async with store.transaction() as tx:
        assert not document.uncommitted
        moved = await documents.move_tip_point(
            tx, document.id, "c0", NEXT, "h1", "c1", None, committed=False
        )
        assert (moved.tip_heads, moved.committed_heads) == (NEXT, document.heads)
        moved = await documents.move_tip_point(
            tx, document.id, "c1", NEXT, "h2", "c2", None, committed=True
        )
        assert moved.committed_heads == NEXT


async def test_an_intention_is_kept_until_the_point_moves(store, document):
    """Trap 1: kill -9 between rename and recording; a file equal to the intention is ours."""
    async with store.transaction() as tx:
        fence = await documents.claim_lease(tx, document.id, "one", 10)
        await documents.record_intent(tx, document.id, NEXT, "h1", fence)
        assert (await documents.get(tx, document.id)).intent_hash == "h1"
        await documents.move_file_point(tx, document.id, "h0", NEXT, "h1", fence)
        assert (await documents.get(tx, document.id)).intent_heads == ()


async def test_a_lease_is_one_process_at_a_time(store, document):
    """Two writers of one file would take each other's text for outside edits."""
    async with store.transaction() as tx:
        assert await documents.claim_lease(tx, document.id, "one", 10) == 1
        assert await documents.claim_lease(tx, document.id, "two", 10) is None
        assert await documents.claim_lease(tx, document.id, "one", 10) == 1


@pytest.mark.parametrize("write", ["file", "tip", "intent"])
async def test_every_write_of_a_lost_lease_is_refused(store, document, write):
    """Trap 13: a writer that was suspended wakes up after its lease went to another."""
    async with store.transaction() as tx:
        old = await documents.claim_lease(tx, document.id, "one", 0)
        assert await documents.claim_lease(tx, document.id, "two", 10) == old + 1
        writes = {
            "file": documents.move_file_point(tx, document.id, "h0", NEXT, "h1", old),
            "tip": documents.move_tip_point(
                tx, document.id, "c0", NEXT, "h1", "c1", old, committed=True
            ),
            "intent": documents.record_intent(tx, document.id, NEXT, "h1", old),
        }
        with pytest.raises(errors.LeaseLost):
            await writes.pop(write)
        for unused in writes.values():
            unused.close()
        assert not await documents.renew_lease(tx, document.id, "one", old, 10)


async def test_a_released_lease_is_free_at_once(store, document):
    """Shutdown must not leave pages unwritten for ten seconds."""
    async with store.transaction() as tx:
        fence = await documents.claim_lease(tx, document.id, "one", 10)
        await documents.release_lease(tx, document.id, "one", fence)
        assert await documents.claim_lease(tx, document.id, "two", 10) == fence + 1


async def test_a_dead_leases_unwritten_work_is_found(store, document):
    """Jobs sweep up what a dead lease left."""
    async with store.transaction() as tx:
        assert await documents.list_orphans(tx) == []
        await documents.claim_lease(tx, document.id, "dead", 0)
        await changes.append(tx, document.id, [change("typed")], NEXT)
        assert [found.id for found in await documents.list_orphans(tx)] == [document.id]


async def test_the_cold_intake_is_remembered_and_forgotten(store, document):
    """It names the change of an intake nobody had open."""
    async with store.transaction() as tx:
        await documents.set_cold_intake(tx, document.id, b"hash")
        assert (await documents.get(tx, document.id)).cold_intake == b"hash"
        await documents.set_cold_intake(tx, document.id, None)
        assert (await documents.get(tx, document.id)).cold_intake is None
