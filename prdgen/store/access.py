"""Ways in: sign-in links, sessions and API tokens. Secrets are shown once and kept as hashes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from prdgen.store import errors, people, statements
from prdgen.store.statements import Tx

LINK_SECONDS: Final = 600.0
SESSION_SECONDS: Final = 30 * 86_400.0
TOKEN_PREFIX: Final = "prdgen_"  # noqa: S105

_SQL: Final = statements.load("people")


@dataclass(frozen=True, slots=True)
class Token:
    """An API token without its secret; `scope` is `read` or `write`."""

    id: UUID
    person_id: UUID
    name: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


async def make_link(tx: Tx, person_id: UUID, seconds: float = LINK_SECONDS) -> str:
    """The secret of a new one-time sign-in link for a person."""
    secret = secrets.token_urlsafe(24)
    params = {"hash": _hash(secret), "person_id": person_id, "seconds": float(seconds)}
    await statements.run(tx, _SQL["add_link"], **params)
    return secret


async def check_link(tx: Tx, secret: str) -> UUID:
    """Whose link this is, without using it up. Raises LinkUnusable."""
    row = await statements.row(tx, _SQL["link"], hash=_hash(secret))
    if row is None:
        raise errors.LinkUnusable(got="not one of this server's")
    if row["redeemed_at"] is not None:
        raise errors.LinkUnusable(got="used up: each works once")
    if row["expired"]:
        raise errors.LinkUnusable(got="too old: each works for ten minutes")
    return UUID(str(row["person_id"]))


async def redeem_link(tx: Tx, secret: str) -> UUID:
    """Use a sign-in link up: whose it was. Raises LinkUnusable, for all but the first."""
    row = await statements.row(tx, _SQL["redeem_link"], hash=_hash(secret))
    return UUID(str(row["person_id"])) if row else await check_link(tx, secret)


async def start_session(tx: Tx, person_id: UUID, seconds: float = SESSION_SECONDS) -> str:
    """The secret of a new session, for the cookie."""
    secret = secrets.token_urlsafe(32)
    params = {"hash": _hash(secret), "person_id": person_id, "seconds": float(seconds)}
    await statements.run(tx, _SQL["add_session"], **params)
    return secret


async def session_person(tx: Tx, secret: str) -> people.Person | None:
    """Who is signed in with this session, while it lasts."""
    return (await session_people(tx, [secret])).get(secret)


async def session_people(tx: Tx, secrets_: Collection[str]) -> dict[str, people.Person]:
    """Who is signed in with each of these sessions; one that is over has nobody."""
    by_hash = {_hash(secret): secret for secret in secrets_}
    rows = await statements.rows(tx, _SQL["session_people"], hashes=list(by_hash))
    return {by_hash[row.pop("hash")]: people.Person(**row) for row in rows}


async def end_session(tx: Tx, secret: str) -> None:
    """Sign out."""
    await statements.run(tx, _SQL["end_session"], hash=_hash(secret))


async def end_sessions(tx: Tx, person_id: UUID) -> None:
    """Sign a person out everywhere."""
    await statements.run(tx, _SQL["end_sessions"], person_id=person_id)


async def shut_out(tx: Tx, person_id: UUID) -> None:
    """End everything a person could come in with: sessions, tokens, links that were not used."""
    for name in ("end_sessions", "end_tokens", "end_links"):
        await statements.run(tx, _SQL[name], person_id=person_id)


async def make_token(
    tx: Tx, person_id: UUID, name: str, scope: str, expires_at: datetime | None = None
) -> tuple[str, Token]:
    """A new API token: its secret, shown this once, and its record."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(30)
    row = await statements.row(
        tx, _SQL["add_token"], id=uuid4(), hash=_hash(secret), person_id=person_id, name=name,
        scope=scope, expires_at=expires_at,
    )  # fmt: skip
    assert row is not None
    return secret, Token(**row)


async def token_person(tx: Tx, secret: str) -> tuple[people.Person, str] | None:
    """Who a token is of and its scope, or None."""
    return (await token_people(tx, [secret])).get(secret)


async def token_people(tx: Tx, secrets_: Collection[str]) -> dict[str, tuple[people.Person, str]]:
    """The same for many; a token that is over has nobody."""
    by_hash = {_hash(secret): secret for secret in secrets_}
    rows = await statements.rows(tx, _SQL["use_tokens"], hashes=list(by_hash))
    found: dict[str, tuple[people.Person, str]] = {}
    for row in rows:
        secret, scope = by_hash[row.pop("hash")], str(row.pop("scope"))
        found[secret] = people.Person(**row), scope
    return found


async def list_tokens(tx: Tx, person_id: UUID) -> list[Token]:
    """A person's tokens, newest first."""
    rows = await statements.rows(tx, _SQL["list_tokens"], person_id=person_id)
    return [Token(**row) for row in rows]


async def revoke_token(tx: Tx, person_id: UUID, token_id: UUID) -> bool:
    """Whether the person had this token; it ends at once."""
    params = {"id": token_id, "person_id": person_id}
    return bool(await statements.run(tx, _SQL["revoke_token"], **params))


async def prune(tx: Tx) -> None:
    """Forget links and sessions that have run out."""
    await statements.run(tx, _SQL["prune"])


def _hash(secret: str) -> bytes:
    # The secrets are random and long, so a plain hash cannot be turned back.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
