"""drafts `recovered/…` → whose words they are and of which page, for those who may put them back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from anyio import to_thread

from prdgen.flows import drafts, recovered, roles
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.git.values import Signature
from prdgen.store.people import Person

_CO_AUTHOR: Final = re.compile(r"(.*?)\s*<([^<>]*)>")
_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Recovery:
    """Text that has no page any more, as it is kept."""

    branch: str
    page_path: str
    people: tuple[Signature, ...]
    at: datetime
    is_new: bool
    """Whether putting it back makes a page that main has not; else it changes one that is there."""

    @property
    def names(self) -> str:
        """Whose words they are, for people."""
        return ", ".join(person.name for person in self.people)

    def is_of(self, person: Person) -> bool:
        """Whether this person wrote some of it."""
        return any(each.email.lower() == person.email.lower() for each in self.people)


async def of(
    app: App, person: Person, role: str, found: Iterable[Draft] | None = None
) -> list[Recovery]:
    """What waits for this person: all of it for who may write, else what is theirs. The newest first."""
    every = await to_thread.run_sync(_every, app, found)
    writes = roles.at_least(role, "editor")
    return [each for each in every if writes or each.is_of(person)]


def _every(app: App, found: Iterable[Draft] | None) -> list[Recovery]:
    if found is None:
        if not any(name.startswith(recovered.PREFIX) for name in app.repository.branches()):
            return []
        found = drafts.every(app, drafts.reviews(app))
    kept = [draft for draft in found if draft.branch.startswith(recovered.PREFIX)]
    made = [each for draft in kept[:_MOST] if (each := of_draft(app, draft)) is not None]
    return sorted(made, key=lambda each: each.at, reverse=True)


def of_draft(app: App, draft: Draft) -> Recovery | None:
    """In a thread: what a draft `recovered/…` keeps; None: it is no such draft, or keeps nothing."""
    if not draft.branch.startswith(recovered.PREFIX):
        return None
    repository = app.repository
    fork = drafts.fork_of(app, draft)
    if fork is None:
        return None
    commits = repository.commits_between(fork, draft.tip)
    changes = repository.changed(fork, draft.tip)
    if not commits or not changes:
        return None
    first = repository.commit_info(commits[0])
    others = (_CO_AUTHOR.fullmatch(each) for each in first.trailers.get("co-authored-by", ()))
    people = (first.author, *(Signature(each[1], each[2]) for each in others if each))
    began = repository.changed(first.parents[0] if first.parents else None, first.commit)
    changed = {change.path for change in changes}
    path = next((each.path for each in began if each.path in changed), changes[0].path)
    tip = repository.tip(app.main_branch)
    there = tip is not None and repository.mode(tip, path) is not None
    return Recovery(draft.branch, path, people, first.at, is_new=not there)
