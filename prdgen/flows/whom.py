"""a refusal → whom to ask: the people whose role is enough, by name."""

from __future__ import annotations

from anyio import to_thread

from prdgen.errors import Forbidden, PrdgenError
from prdgen.flows import roles, write_rules
from prdgen.flows.context import App
from prdgen.flows.write_rules import MayNotWrite
from prdgen.store.people import Person

_MOST = 3


async def named(app: App, error: PrdgenError) -> PrdgenError:
    """The same refusal, with the names of people in it who can help."""
    if not isinstance(error, Forbidden | MayNotWrite):
        return error
    wanted = str(error.facts.get("ask", "owner"))
    if wanted not in roles.ROLES:
        return error  # It names people already.
    if names := [
        f"{each.name} ({each.email})" for each in await roles.having(app, wanted, limit=_MOST)
    ]:
        error.facts["whom"] = " or ".join(names)
    return error


async def reason(app: App, person: Person, role: str, page_path: str) -> str | None:
    """Why somebody cannot write a page, and whom to ask, in a few words; None: they can."""
    if not roles.at_least(role, "editor"):
        owners = await roles.having(app, "owner", limit=1)
        ask = f"; ask {owners[0].name} for the role editor" if owners else ""
        return f"your role is {role}{ask}"
    try:
        rules = await to_thread.run_sync(write_rules.load, app)
    except roles.BadRoles as error:
        return error.message
    return rules.refusal(page_path, person.email, role)
