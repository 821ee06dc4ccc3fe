"""recovered text of a page that main has → that page: what only it says comes in, nothing goes away.

Nobody knows what the text was made from, so whatever only one of the two has counts as added there.
"""

from __future__ import annotations

from textwrap import dedent
from typing import Final

from anyio import to_thread

from prdgen.errors import Invalid
from prdgen.files import text
from prdgen.flows import (
    draft_merge,
    drafts,
    edit,
    late,
    pages_of,
    pull,
    read,
    recoveries,
    write_rules,
)
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.flows.errors import NotPutBack, PutBackByHand
from prdgen.flows.live import Heads, Live
from prdgen.flows.recoveries import Recovery
from prdgen.merge import additions
from prdgen.page import requirements
from prdgen.page import tree as trees
from prdgen.store.people import Person
from prdgen.store.statements import Tx

_WHERE: Final = "/drafts/"
_TRIES: Final = 5
_MAINS: Final = ("draft", "published", "hidden", "unlisted", "search", "status", "state")
"""Keys of front matter that say who sees a page and how far it is: main's alone, also where it has none."""


async def add(app: App, name: str, person: Person, role: str) -> str:
    """Put what only the recovered text says into its page on main, as a version that names whose words
    they are, and close the draft; the page's address in the editor. Where both say something else in
    one place both stand, marked. What is typed in the draft comes along; what others typed in the
    page is in a version of its own before. Twice is the same as once.

    Raises NoSuchDraft, MayNotWrite, PageNotLive, PutBackByHand, Invalid for a draft that is no such
    text, and NotPutBack when a hook refused a commit, or somebody types on in the draft: then it stays open.
    """
    _recovered(name, await to_thread.run_sync(_found, app, name))
    await _commit_typed(app, name, person)
    for _ in range(_TRIES):
        # What is typed in the draft while its words are put back comes along as well.
        kept, tip = await _put_all(app, name, person, role)
        if await _commit_typed(app, name, person) == tip:
            break
    else:
        raise NotPutBack(draft=name, reason="somebody goes on typing in it")
    await draft_merge.close(app, name, person)
    return read.address("edit", app.main_branch, kept.page_path)


async def _commit_typed(app: App, name: str, person: Person) -> str:
    """Commit what is typed in the draft; its last commit."""
    draft = await to_thread.run_sync(drafts.find, app, name)
    refused = await draft_merge.commit_typed(app, draft.branch, person)
    if refused:
        raise NotPutBack(draft=name, reason=refused)
    return (await to_thread.run_sync(drafts.find, app, name)).tip


async def _put_all(app: App, name: str, person: Person, role: str) -> tuple[Recovery, str]:
    """Put every page of the draft's last commit into main's; which commit that was."""
    kept = _recovered(name, await to_thread.run_sync(_found, app, name))
    draft = await to_thread.run_sync(drafts.find, app, name)
    texts = await to_thread.run_sync(_texts, app, draft)
    for page_path in texts:
        await write_rules.check(app, person, role, page_path)
    by = [f"Co-authored-by: {one}" for one in kept.people if one.email != person.email]
    message = "\n".join([f"Put recovered words back, of {kept.names}", "", *by]).strip()
    for page_path, theirs in texts.items():
        refused = await _put(app, page_path, theirs, person, message)
        if refused:
            raise NotPutBack(draft=name, reason=refused)
    return kept, draft.tip


def _found(app: App, name: str) -> Recovery | None:
    return recoveries.of_draft(app, drafts.find(app, name))


def _recovered(name: str, kept: Recovery | None) -> Recovery:
    if kept is None or kept.is_new:
        raise Invalid(what="draft", where=f"{_WHERE}{name}", got=name,
                      expected="recovered text of a page that main has")  # fmt: skip
    return kept


def _texts(app: App, draft: Draft) -> dict[str, str]:
    """In a thread: every page that the draft changes, and what it says there."""
    main = app.repository.tip(app.main_branch) or ""
    changes = app.repository.changed(drafts.fork_of(app, draft), draft.tip)
    pages = pages_of.globs(app)
    others = [
        change.path
        for change in changes
        if change.kind not in ("added", "modified")
        or not pages.match(change.path)
        or app.repository.mode(main, change.path) is None
    ]
    if others:
        raise PutBackByHand(draft=draft.branch, others=", ".join(others))
    read_ = app.repository.read
    return {each.path: text.decode(read_(draft.tip, each.path) or b"").text for each in changes}


async def _put(app: App, page_path: str, theirs: str, person: Person, message: str) -> str | None:
    """Into one page, as a version; why a hook refused it."""
    assert app.keeper is not None
    async with app.keeper.locked(await app.keeper.get(app.main_branch, page_path)) as live:
        await edit.write_file(app, live)
        before = await edit.commit(app, live, None, person.id)
        if before.refused:
            return before.refused
        await _take_in(app, live, theirs, person)
        await edit.write_file(app, live)
        made = await edit.commit(app, live, message, person.id, own=True)
    live.changed.set()
    return made.refused


async def _take_in(app: App, live: Live, theirs: str, person: Person) -> None:
    async def nothing_moves(_tx: Tx, _heads: Heads) -> None:
        """File and branch have nothing of it: their agreed points are right as they are."""

    await pull.tip(app, live)
    base, wanted = await to_thread.run_sync(
        additions.to, live.room.text, theirs, _requirement, _MAINS
    )
    if base != wanted:
        await pull.take_in(
            app, live, base, wanted, origin=late.ORIGIN, move=nothing_moves, person=person.id
        )


def _requirement(block: str) -> str:
    """The id of the requirement that a block states; "" when it states none."""
    found = requirements.of(trees.parse(dedent(block))) if requirements.possible(block) else []
    return found[0].id if found else ""
