"""a suggestion in a review → an edit of the draft's page, by who takes it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from anyio import to_thread

from prdgen.crdt.replica import Change, Replica
from prdgen.flows import drafts, edit, forge_wanted, review_news, reviews
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchThread, NoSuggestion, SuggestionOutdated
from prdgen.git import locks
from prdgen.git.values import Signature
from prdgen.merge.diff import Splice
from prdgen.review import anchors
from prdgen.review.log import Entry
from prdgen.review.state import Review, Thread
from prdgen.store.people import Person
from prdgen.sync import ports

_WAITED: Final = 30.0


async def take(app: App, name: str, person: Person, thread_id: str) -> Review:
    """Put what was suggested in its place, in the live page, and save that as a version with its
    author named; what was typed there before is a version of its own. One at a time in a draft: else one
    would be in another's version. Raises NoSuchDraft, NoSuchThread, NoSuggestion, Locked, and SuggestionOutdated when the
    words it is about are other ones by now.
    """
    with ExitStack() as stack:
        held = locks.held(app.repository, f"taking-{name}", seconds=_WAITED)
        await to_thread.run_sync(stack.enter_context, held)
        review = await _take(app, name, person, thread_id)
    await forge_wanted.now(app)
    await review_news.tell(app, review.id)
    return review


async def _take(app: App, name: str, person: Person, thread_id: str) -> Review:
    draft = await to_thread.run_sync(drafts.find, app, name)
    thread = draft.review.threads.get(thread_id) if draft.review else None
    if thread is None:
        raise NoSuchThread(thread=thread_id, draft=name)
    if thread.suggestion is None or thread.anchor is None:
        raise NoSuggestion(thread=thread_id)
    if thread.taken_by is not None:
        assert draft.review is not None
        return draft.review
    page_path, _ = await to_thread.run_sync(reviews.where, app, thread, draft.tip)
    if page_path is None:
        raise SuggestionOutdated(page_path=thread.page_path, name=thread.comments[0].name)
    was = await to_thread.run_sync(
        reviews.page_text, app, thread.commit or draft.tip, thread.page_path or page_path
    )
    await _edit(app, draft.branch, page_path, thread, was, person)
    by = thread.comments[0]
    message = f"Take a suggestion by {by.name}"
    if by.email.casefold() != person.email.casefold():
        message += f"\n\nCo-authored-by: {Signature(by.name, by.email)}"
    await edit.save_version(app, draft.branch, page_path, message, person.id, own=True)
    assert draft.review is not None
    said = Entry("taken", person.name, person.email, {"thread": thread_id})
    return await to_thread.run_sync(drafts.say, app, draft.review.id, said)


async def _edit(
    app: App, branch: str, page_path: str, thread: Thread, was: str | None, person: Person
) -> None:
    assert app.keeper is not None
    assert thread.anchor is not None
    anchor, suggested = thread.anchor, thread.suggestion or ""

    def make(replica: Replica) -> Sequence[Change]:
        found = splices(replica.text())
        return replica.edit(found) if found else []

    def splices(text: str) -> list[Splice]:
        place = anchors.find(anchor, was, text)
        if text[place.start : place.end] == suggested and suggested:
            return []  # it stands there already
        if place.how != "same":
            raise SuggestionOutdated(page_path=page_path, name=thread.comments[0].name)
        return [Splice(place.start, place.end - place.start, suggested)]

    async with app.keeper.locked(await app.keeper.get(branch, page_path)) as live:
        splices(live.room.text)  # what is refused commits nothing
        await edit.save(app, live, None, person.id)
        await live.room.edit(make, origin=ports.PEER, person_id=person.id)
