"""People and their ways in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from prdgen.store import access, errors, people


@pytest.fixture
async def ann(tx):
    return await people.create(tx, "Ann", "Ann@example.org", "#123456")


async def test_people_are_found_however_their_address_is_written(tx, ann):
    """ANN@ and ann@ are one person."""
    assert await people.get_by_email(tx, "ann@EXAMPLE.org") == ann
    assert await people.get(tx, ann.id) == ann


async def test_an_address_is_one_persons(tx, ann):
    """Otherwise commits would be under the wrong name."""
    with pytest.raises(errors.EmailTaken):
        await people.create(tx, "Other", "ann@example.org", "#654321")


async def test_an_update_changes_what_is_given(tx, ann):
    """And nothing else."""
    changed = await people.update(tx, ann.id, name="Anna")
    assert (changed.name, changed.color) == ("Anna", ann.color)


async def test_a_sign_in_link_works_once(tx, ann):
    """Trap 18: looking at it (a preview) does not use it up, redeeming does."""
    secret = await access.make_link(tx, ann.id)
    assert await access.check_link(tx, secret) == ann.id
    assert await access.redeem_link(tx, secret) == ann.id
    with pytest.raises(errors.LinkUnusable, match="used up"):
        await access.redeem_link(tx, secret)


async def test_a_sign_in_link_ends_after_its_time(tx, ann):
    """Ten minutes, unless told otherwise."""
    secret = await access.make_link(tx, ann.id, seconds=-1)
    with pytest.raises(errors.LinkUnusable, match="too old"):
        await access.redeem_link(tx, secret)


async def test_a_made_up_link_is_refused(tx):
    """Also one with what PostgreSQL or UTF-8 cannot hold."""
    for secret in ("x", "", "\0", "\ud800"):
        with pytest.raises(errors.LinkUnusable):
            await access.redeem_link(tx, secret)


async def test_a_session_lasts_until_it_is_ended(tx, ann):
    """Signing out is at once; the cookie's secret is not in the store."""
    secret = await access.start_session(tx, ann.id)
    assert await access.session_person(tx, secret) == ann
    await access.end_session(tx, secret)
    assert await access.session_person(tx, secret) is None
    late = await access.start_session(tx, ann.id, seconds=-1)
    assert await access.session_person(tx, late) is None


async def test_many_are_looked_up_together(tx, ann):
    """Those that are over, or of nobody, are not among them."""
    secrets = [await access.start_session(tx, ann.id, seconds) for seconds in (60, 60, -1)]
    assert await access.session_people(tx, [*secrets, "x"]) == dict.fromkeys(secrets[:2], ann)
    reads, _ = await access.make_token(tx, ann.id, "CI", "read")
    writes, _ = await access.make_token(tx, ann.id, "bot", "write")
    found = await access.token_people(tx, [reads, writes, secrets[0]])
    assert found == {reads: (ann, "read"), writes: (ann, "write")}


async def test_a_token_names_its_person_and_scope(tx, ann):
    """The secret is shown once."""
    secret, token = await access.make_token(tx, ann.id, "CI", "read")
    assert await access.token_person(tx, secret) == (ann, "read")
    assert [found.id for found in await access.list_tokens(tx, ann.id)] == [token.id]


async def test_a_revoked_or_outlived_token_is_nobodys(tx, ann):
    """At once; and only its own person can revoke it."""
    secret, token = await access.make_token(tx, ann.id, "CI", "write")
    assert not await access.revoke_token(tx, uuid4(), token.id)
    assert await access.revoke_token(tx, ann.id, token.id)
    assert await access.token_person(tx, secret) is None
    past = datetime.now(UTC) - timedelta(seconds=1)
    old, _ = await access.make_token(tx, ann.id, "old", "write", past)
    assert await access.token_person(tx, old) is None
