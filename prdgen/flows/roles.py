"""Roles: who may do what, from `.prdgen/roles.yml` on the main branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final

import yaml
from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.git import refs
from prdgen.store import people
from prdgen.store.people import Person

ROLES: Final = ("reader", "commenter", "editor", "maintainer", "owner")
"""From least to most; each may do what those before it may."""
ROLES_FILE: Final = ".prdgen/roles.yml"


class BadRoles(PrdgenError):
    """.prdgen/roles.yml cannot be used: {why}."""

    cure = "Correct it on the main branch; until then only owners named on this server may write."
    status = 500


class NoMainBranch(BadRoles):
    """The main branch, {branch}, is not in this repository any more; who may do what is read from it."""

    cure = (
        "Give the branch its name back, in the clone on the server. If it is to have another one: stop the server, and start it with "
        "`main_branch` (PRDGEN_MAIN_BRANCH) set to that; until then only owners named on this server may write."
    )


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
    return partial(_role, await to_thread.run_sync(_table, app))


async def having(app: App, wanted: str, *, limit: int) -> list[Person]:
    """The first few people, by name, whose role is at least this: one question, however many there are."""
    table = await to_thread.run_sync(_table, app) or {}
    enough = [role for role in ROLES if at_least(role, wanted)]
    if (default := table.get("default")) is not None:
        enough = [*ROLES] if default in enough else []
    named = [address for address, role in table.items() if at_least(role, wanted)]
    async with app.store.statement() as tx:
        return await people.list_some(tx, roles=enough, named=named, besides=[*table], limit=limit)


def _role(table: Mapping[str, str] | None, person: Person) -> str:
    fallback = person.role or "editor"
    if table is None or fallback == "owner":
        return fallback
    return table.get(person.email.lower(), table.get("default", fallback))


def _table(app: App) -> Mapping[str, str] | None:
    """In a thread: who has which role; by a file that cannot be used everybody reads, and while there is no
    main branch to read it from. None: no file.
    """
    try:
        tip = main_tip(app)
    except NoMainBranch:
        return {"default": "reader"}
    data = app.repository.read(tip, ROLES_FILE) if tip else None
    found = None if data is None else _parsed(data)
    return {"default": "reader"} if isinstance(found, str) else found


def main_tip(clone: Clone) -> str | None:
    """In a thread: the commit whose roles and rules hold; None: nothing was ever committed. Raises NoMainBranch
    when the branch was renamed or deleted: what it said does not stop to hold by that.
    """
    repository = clone.repository
    tip = repository.tip(clone.main_branch)
    if tip is None and (repository.branches() or refs.every(repository)):
        raise NoMainBranch(branch=clone.main_branch)
    return tip


def parse(data: bytes) -> Mapping[str, str]:
    """`e-mail: role` lines (and `default: role`), addresses in lower case; raises BadRoles.

    What stands under `folders` is for `write_rules`.
    """
    found = _parsed(data)
    if isinstance(found, str):
        raise BadRoles(why=found)
    return found


@lru_cache(maxsize=8)
def _parsed(data: bytes) -> Mapping[str, str] | str:
    """The same, or why the file cannot be used: that is remembered, too, since everybody is asked about."""
    try:
        found = yaml.safe_load(data)
    except yaml.YAMLError as error:
        return " ".join(str(error).split())
    if not isinstance(found, dict):
        return "expected lines of `e-mail: role`"
    found = {key: value for key, value in found.items() if key != "folders"}
    for address, role in found.items():
        if role not in ROLES:
            return f"{address}: expected one of {', '.join(ROLES)}, got {role!r}"
    return {str(address).lower(): str(role) for address, role in found.items()}
