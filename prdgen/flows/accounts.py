"""people → accounts and sign-in links, beside a running server or without one."""

from __future__ import annotations

from prdgen.errors import Invalid, NotFound
from prdgen.flows import context, roles
from prdgen.flows.context import App
from prdgen.settings import Settings
from prdgen.store import access, people
from prdgen.store.people import Person

COLORS = (
    "#2563eb", "#c2410c", "#15803d", "#a21caf", "#b91c1c", "#0e7490", "#7c3aed", "#a16207",
)  # fmt: skip
"""Colours of cursors and avatars, dark enough for white letters."""
INVITED_SECONDS = 24 * 3600.0
"""How long a link someone else made for a person is good."""


def next_color(taken: int) -> str:
    """A colour for the next person."""
    return COLORS[taken % len(COLORS)]


async def add(settings: Settings, email: str, name: str | None, role: str) -> str:
    """Add a person (or find them by address); returns a sign-in address. Raises Invalid."""
    if role not in roles.ROLES:
        raise Invalid(what="role", where="user add", expected=", ".join(roles.ROLES), got=role)
    if "@" not in email.strip("@"):
        raise Invalid(what="e-mail", where="user add", expected="name@example.org", got=email)
    async with context.open_app(settings, lambda _: []) as app, app.store.transaction() as tx:
        taken = len(await people.list_people(tx))
        person = await people.get_by_email(tx, email) or await people.create(
            tx, name or email.partition("@")[0], email, next_color(taken), role
        )
        return _address(app, await access.make_link(tx, person.id, INVITED_SECONDS))


async def link(settings: Settings, email: str) -> str:
    """A new sign-in address for a person; raises NotFound."""
    async with context.open_app(settings, lambda _: []) as app, app.store.transaction() as tx:
        person = await people.get_by_email(tx, email)
        if person is None:
            raise NotFound(what="person", where=email)
        return _address(app, await access.make_link(tx, person.id, INVITED_SECONDS))


async def everyone(settings: Settings) -> list[tuple[Person, str]]:
    """Everyone with an account, and their role."""
    async with context.open_app(settings, lambda _: []) as app:
        async with app.store.transaction() as tx:
            found = await people.list_people(tx)
        return [(person, await roles.of(app, person)) for person in found]


def _address(app: App, secret: str) -> str:
    return f"{context.served_at(app)}/sign-in/{secret}"
