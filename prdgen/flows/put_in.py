"""recovered text of a page that main has → that page: what only it says comes in, nothing goes away.

Nobody knows what the text was made from, so whatever only one of the two has counts as added there.
"""

from __future__ import annotations

from typing import Final

from anyio import to_thread

from prdgen.errors import Invalid
from prdgen.files import text
from prdgen.flows import draft_merge, drafts, edit, late, pull, read, recoveries, write_rules
from prdgen.flows.context import App
from prdgen.flows.live import Heads
from prdgen.merge.alignment import Effort
from prdgen.merge.diff import LIMIT_MS, line_spans
from prdgen.store.people import Person
from prdgen.store.statements import Tx

_WHERE: Final = "/drafts/"


async def add(app: App, name: str, person: Person, role: str) -> str:
    """Put what only the recovered text says into its page on main, as a version that names whose words
    they are, and close the draft; the page's address in the editor. Where both say something else in
    one place both stand, marked. Twice is the same as once.

    Raises NoSuchDraft, MayNotWrite, PageNotLive, and Invalid for a draft that is no such text.
    """
    draft = await to_thread.run_sync(drafts.find, app, name)
    kept = await to_thread.run_sync(recoveries.of_draft, app, draft)
    if kept is None or kept.is_new:
        raise Invalid(what="draft", where=f"{_WHERE}{name}", got=name,
                      expected="recovered text of a page that main has")  # fmt: skip
    await write_rules.check(app, person, role, kept.page_path)
    data = await to_thread.run_sync(app.repository.read, draft.tip, kept.page_path)
    theirs = text.decode(data or b"").text
    await _take_in(app, kept.page_path, theirs, person)
    by = [f"Co-authored-by: {one}" for one in kept.people if one.email != person.email]
    message = "\n".join([f"Put recovered words back, of {kept.names}", "", *by]).strip()
    await edit.save_version(app, app.main_branch, kept.page_path, message, person.id)
    await draft_merge.close(app, name, person)
    return read.address("edit", app.main_branch, kept.page_path)


async def _take_in(app: App, page_path: str, theirs: str, person: Person) -> None:
    async def nothing_moves(_tx: Tx, _heads: Heads) -> None:
        """File and branch have nothing of it: their agreed points are right as they are."""

    assert app.keeper is not None
    live = await app.keeper.get(app.main_branch, page_path)
    async with app.keeper.locked(live) as current:
        await pull.tip(app, current)
        base = await to_thread.run_sync(in_both, current.room.text, theirs)
        if base != theirs:
            await pull.take_in(
                app, current, base, theirs, origin=late.ORIGIN, move=nothing_moves, person=person.id
            )
    current.changed.set()


def in_both(one: str, other: str) -> str:
    """The lines that both texts have, in their order."""
    parts, at = [], 0
    for span in line_spans(one, other, Effort.lasting(LIMIT_MS)):
        parts.append(one[at : span.start])
        at = span.end
    return "".join([*parts, one[at:]])
