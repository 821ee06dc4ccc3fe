"""people → accounts and sign-in links, beside a running server or without one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from prdgen.errors import Invalid, NoSuchPerson, NotFound
from prdgen.flows import context, roles
from prdgen.flows.context import App
from prdgen.flows.errors import LastOwner, RoleDecidedByFile
from prdgen.settings import Settings
from prdgen.store import access, people
from prdgen.store.access import Token
from prdgen.store.people import Person
from prdgen.store.statements import Tx

COLORS = (
    "#2563eb", "#c2410c", "#15803d", "#a21caf", "#b91c1c", "#0e7490", "#7c3aed", "#a16207",
)  # fmt: skip
"""Colours of cursors and avatars, dark enough for white letters."""
INVITED_SECONDS = 24 * 3600.0
"""How long a link someone else made for a person is good."""
SCOPES: Final = ("write", "read")
"""What an API token may do: what its person may, or only read."""
_TOKEN_DAYS: Final = 365
_EMAIL: Final = re.compile(r"[^\s<>@\x00-\x1f]+@[^\s<>@\x00-\x1f]+")
_NAME: Final = re.compile(r"[^<>\x00-\x1f]{1,80}")


def next_color(taken: int) -> str:
    """A colour for the next person."""
    return COLORS[taken % len(COLORS)]


async def invite(tx: Tx, name: str, email: str, role: str) -> tuple[Person, str]:
    """A person (found by address, or made) and the secret of a sign-in link for them. Raises Invalid.

    Name and address end up in commits, so what Git could not write is refused.
    """
    name, email = " ".join(name.split()), email.strip()
    for what, good, expected, got in (
        ("role", role in roles.ROLES, ", ".join(roles.ROLES), role),
        ("e-mail", _EMAIL.fullmatch(email), "name@example.org", email),
        ("name", _NAME.fullmatch(name), "up to 80 letters without < and >", name),
    ):
        if not good:
            raise Invalid(what=what, where="the invitation", expected=expected,
                          got=repr(str(got)[:80]))  # fmt: skip
    taken = len(await people.list_people(tx))
    person = await people.get_by_email(tx, email) or await people.create(
        tx, name, email, next_color(taken), role
    )
    return person, await access.make_link(tx, person.id, INVITED_SECONDS)


async def make_token(tx: Tx, person_id: UUID, name: str, scope: str) -> tuple[str, Token]:
    """An API token that lasts a year: its secret, shown this once, and its record. Raises Invalid."""
    if scope not in SCOPES:
        raise Invalid(what="scope", where="the token", expected=", ".join(SCOPES), got=scope)
    if not _NAME.fullmatch(name.strip()):
        raise Invalid(what="name", where="the token", expected="up to 80 letters",
                      got=repr(name[:80]))  # fmt: skip
    until = datetime.now(UTC) + timedelta(days=_TOKEN_DAYS)
    return await access.make_token(tx, person_id, name.strip(), scope, until)


async def change_role(app: App, person_id: UUID, role: str) -> Person:
    """Give a person another role. Raises Invalid, NotFound, RoleDecidedByFile, LastOwner."""
    if role not in roles.ROLES:
        raise Invalid(what="role", where="the person", expected=", ".join(roles.ROLES),
                      got=repr(str(role)[:80]))  # fmt: skip
    async with app.store.transaction() as tx:
        await _not_the_last(tx, person_id, but=role)
        person = await people.update(tx, person_id, role=role)
        if person is None:
            raise NotFound(what="person", where=str(person_id))
        if (decided := await roles.of(app, person)) != role:
            raise RoleDecidedByFile(who=person.name, got=decided)
    return person


async def shut_out(app: App, person_id: UUID) -> Person:
    """End a person's sessions, tokens and unused links. Who has none of them stays out until somebody
    makes a new link for them; what they wrote stays theirs. Raises NotFound, LastOwner.
    """
    async with app.store.transaction() as tx:
        await _not_the_last(tx, person_id)
        person = await people.get(tx, person_id)
        if person is None:
            raise NotFound(what="person", where=str(person_id))
        await access.shut_out(tx, person_id)
    return person


async def _not_the_last(tx: Tx, person_id: UUID, but: str = "") -> None:
    """Raises LastOwner when this is the only account that was made as an owner, and is to become less."""
    await people.alone(tx)
    owners = [each for each in await people.list_people(tx) if each.role == "owner"]
    if but != "owner" and [each.id for each in owners] == [person_id]:
        raise LastOwner(who=owners[0].name)


async def role(settings: Settings, email: str, wanted: str) -> None:
    """Give the person with this address another role; raises NoSuchPerson and as `change_role` does."""
    async with context.open_app(settings, lambda _: []) as app:
        await change_role(app, await _id_of(app, email), wanted)


async def out(settings: Settings, email: str) -> None:
    """Sign the person with this address out everywhere; raises NoSuchPerson, LastOwner."""
    async with context.open_app(settings, lambda _: []) as app:
        await shut_out(app, await _id_of(app, email))


async def _id_of(app: App, email: str) -> UUID:
    async with app.store.transaction() as tx:
        person = await people.get_by_email(tx, email)
    if person is None:
        raise NoSuchPerson(where=email)
    return person.id


async def add(settings: Settings, email: str, name: str | None, role: str) -> str:
    """Add a person (or find them by address); returns a sign-in address. Raises Invalid."""
    async with context.open_app(settings, lambda _: []) as app, app.store.transaction() as tx:
        _, secret = await invite(tx, name or email.partition("@")[0], email, role)
        return _address(app, secret)


async def token(settings: Settings, email: str, name: str, scope: str) -> str:
    """A new API token of a person; raises NoSuchPerson and Invalid."""
    async with context.open_app(settings, lambda _: []) as app, app.store.transaction() as tx:
        person = await people.get_by_email(tx, email)
        if person is None:
            raise NoSuchPerson(where=email)
        return (await make_token(tx, person.id, name, scope))[0]


async def link(settings: Settings, email: str) -> str:
    """A new sign-in address for a person; raises NoSuchPerson."""
    async with context.open_app(settings, lambda _: []) as app, app.store.transaction() as tx:
        person = await people.get_by_email(tx, email)
        if person is None:
            raise NoSuchPerson(where=email)
        return _address(app, await access.make_link(tx, person.id, INVITED_SECONDS))


async def everyone(settings: Settings) -> list[tuple[Person, str]]:
    """Everyone with an account, and their role."""
    async with context.open_app(settings, lambda _: []) as app:
        async with app.store.transaction() as tx:
            found = await people.list_people(tx)
        return [(person, await roles.of(app, person)) for person in found]


def _address(app: App, secret: str) -> str:
    return f"{context.served_at(app)}/sign-in/{secret}"
