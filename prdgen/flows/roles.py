"""Roles: who may do what, from `.prdgen/roles.yml` on the main branch."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

import yaml
from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.flows.context import App
from prdgen.store import people
from prdgen.store.people import Person

ROLES: Final = ("reader", "commenter", "editor", "maintainer", "owner")
"""From least to most; each may do what those before it may."""
ROLES_FILE: Final = ".prdgen/roles.yml"


class BadRoles(PrdgenError):
    """.prdgen/roles.yml cannot be used: {why}."""

    cure = "Correct it on the main branch; until then only owners named on this server may write."
    status = 500


def at_least(role: str, wanted: str) -> bool:
    """Whether `role` may do what takes `wanted`."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(wanted)


async def of(app: App, person: Person) -> str:
    """A person's role: roles.yml by e-mail address, else its `default`, else what the account says.

    Without a roles file the account decides; an account without a role is an editor.
    """
    return (await of_all(app))(person)


async def of_all(app: App) -> Callable[[Person], str]:
    """Everybody's role, by the file as it is now."""
    data = await to_thread.run_sync(_file, app)
    return partial(_role, data)


async def having(app: App, wanted: str, *, limit: int) -> list[Person]:
    """The first few people, by name, whose role is at least this: one question, however many there are."""
    data = await to_thread.run_sync(_file, app)
    enough = [role for role in ROLES if at_least(role, wanted)]
    table: dict[str, str] = {}
    if data is not None:
        try:
            table = parse(data)
        except BadRoles:
            table = {"default": "reader"}
    if (default := table.get("default")) is not None:
        enough = [*ROLES] if default in enough else []
    named = [address for address, role in table.items() if at_least(role, wanted)]
    async with app.store.statement() as tx:
        return await people.list_some(tx, roles=enough, named=named, besides=[*table], limit=limit)


def _role(data: bytes | None, person: Person) -> str:
    fallback = person.role or "editor"
    if data is None or fallback == "owner":
        return fallback
    try:
        table = parse(data)
    except BadRoles:
        return "reader"
    return table.get(person.email.lower(), table.get("default", fallback))


def _file(app: App) -> bytes | None:
    tip = app.repository.tip(app.main_branch)
    return app.repository.read(tip, ROLES_FILE) if tip else None


@lru_cache(maxsize=8)
def parse(data: bytes) -> dict[str, str]:
    """`e-mail: role` lines (and `default: role`), addresses in lower case; raises BadRoles.

    What stands under `folders` is for `write_rules`.
    """
    try:
        found = yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise BadRoles(why=" ".join(str(error).split())) from error
    if not isinstance(found, dict):
        raise BadRoles(why="expected lines of `e-mail: role`")
    found = {key: value for key, value in found.items() if key != "folders"}
    for address, role in found.items():
        if role not in ROLES:
            raise BadRoles(why=f"{address}: expected one of {', '.join(ROLES)}, got {role!r}")
    return {str(address).lower(): str(role) for address, role in found.items()}
