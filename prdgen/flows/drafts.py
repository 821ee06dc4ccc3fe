"""page → draft: a branch of its own, where pages change until they are merged into main."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote
from uuid import uuid4

from anyio import to_thread

from prdgen import ids
from prdgen.errors import Invalid
from prdgen.flows import edit, errors, forge_wanted, naming, remote_state, rename_branch, watch
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.errors import DraftOver, NoSuchBranch, NoSuchDraft, NoSuchPage
from prdgen.git import log as git_log
from prdgen.git import review_logs
from prdgen.git.errors import BranchExists
from prdgen.git.values import Signature
from prdgen.review import log
from prdgen.review.log import Entry
from prdgen.review.state import Review, fold
from prdgen.store import documents
from prdgen.store.people import Person

PREFIX = "draft/"
_LONGEST_NAME = 48
_TRIES = 100
_MOST_COMMITS = 1000
_LONGEST_DESCRIPTION = 20_000
_WHOLE: Final = "refs/heads/"
_ID: Final = re.compile(r"[0-9]{8}-[0-9a-f]{8}")


KEPT: Final = "drafts/"
"""Below `refs/prdgen/`: the last commit of a draft that is over, so that Git keeps it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A branch besides main; `review` when it was begun here, or somebody said something of it."""

    branch: str
    tip: str
    review: Review | None

    @property
    def address(self) -> str:
        """Where the server shows it."""
        return address_of(self.branch)

    @property
    def title(self) -> str:
        """What people call it."""
        return self.review.title if self.review else self.branch


async def start(app: App, person: Person, title: str, page_path: str | None = None) -> Draft:
    """Begin a draft at the tip of main, with what is typed in `page_path` now committed before.

    Raises NoSuchPage, and Invalid for a title that is none.
    """
    title = naming.title(title, "the draft")
    if page_path is not None:
        await _commit_typed(app, ids.check_page_path(page_path), person)
    draft = await to_thread.run_sync(_start, app, person, title, page_path)
    await watch.branches(app)
    return draft


async def _commit_typed(app: App, page_path: str, person: Person) -> None:
    """What people see in a page of main is what a draft of it begins with."""
    async with app.store.transaction() as tx:
        row = await documents.find_live(tx, app.main_branch, page_path)
    if row is not None and row.uncommitted:
        await edit.save_version(app, app.main_branch, page_path, None, person.id)


def _start(app: App, person: Person, title: str, page_path: str | None) -> Draft:
    """In a thread: the branch, and the first line of its log."""
    repository = app.repository
    tip = repository.tip(app.main_branch)
    if tip is None:
        raise NoSuchBranch(branch=app.main_branch)
    if page_path is not None and repository.read(tip, page_path) is None:
        raise NoSuchPage(page_path=page_path, branch=app.main_branch)
    branch = _make_branch(app, title, tip)
    facts = {"branch": branch, "base": app.main_branch, "title": title, "tip": tip}
    id_ = f"{datetime.now(UTC):%Y%m%d}-{uuid4().hex[:8]}"
    review = say(app, id_, Entry("started", person.name, person.email, facts))
    return Draft(branch, tip, review)


def _make_branch(app: App, title: str, tip: str) -> str:
    """`draft/checkout`, or `draft/checkout-2` when that exists, in any case of letters, or the remote has
    one from before.
    """
    words = re.sub(r"[^a-z0-9]+", "-", _ascii(title).casefold()).strip("-")[:_LONGEST_NAME]
    name = f"{PREFIX}{words.strip('-') or 'page'}"
    known = {*app.repository.branches(), *remote_state.known(app)}
    taken = {naming.folded(branch) for branch in known}
    for number in range(1, _TRIES):
        branch = name if number == 1 else f"{name}-{number}"
        if naming.folded(branch) in taken:
            continue
        try:
            app.repository.create_branch(branch, tip)
        except BranchExists:
            continue
        return branch
    branch = f"{name}-{uuid4().hex[:8]}"
    app.repository.create_branch(branch, tip)
    return branch


def _ascii(title: str) -> str:
    """Letters as addresses and every Git host take them; what has no such letter is left out."""
    return unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()


def say(clone: Clone, id_: str, *said: Entry) -> Review:
    """In a thread: append to a review's log what is said now; where it stands then. Raises NoSuchDraft."""

    def work(now: bytes) -> bytes:
        return log.appended(now, log.said_now(now, said))

    return _append(clone, id_, said[0], work)


def bring(clone: Clone, id_: str, *said: Entry) -> Review:
    """In a thread: the same for what was said elsewhere, at its own time. Raises NoSuchDraft."""
    return _append(clone, id_, said[0], lambda now: log.appended(now, said))


def _append(clone: Clone, id_: str, first: Entry, work: Callable[[bytes], bytes]) -> Review:
    by = Signature(first.name, first.email)
    subject = f"{first.kind.capitalize()} by {by.name}"
    new = review_logs.change(clone.repository, id_, work, by, subject)
    review = fold(id_, log.entries(new))
    if review is None:
        raise NoSuchDraft(draft=id_)
    return review


def log_of(clone: Clone, id_: str) -> bytes:
    """In a thread: a review's log; empty when there is none by this id."""
    return review_logs.read(clone.repository, id_) or b""


def reviews(clone: Clone, *, guess: bool = True) -> list[Review]:
    """In a thread: every review of this clone, the newest first; `guess`: one whose branch is gone with the
    branch that has the commits it speaks of, which is not for others to act upon.
    """
    folded = [_folded(id_, data) for id_, data in review_logs.every(clone.repository).items()]
    found = sorted(
        (each for each in folded if each), key=lambda each: each.changed_at, reverse=True
    )
    return _followed(clone, found, guess=guess)


def _followed(clone: Clone, found: list[Review], *, guess: bool) -> list[Review]:
    """Open reviews whose branch was renamed, with the name it has now: by Git's own word, else, as a
    `guess`, that of the branch that has the commits they speak of.
    """
    branches = clone.repository.branches()
    open_ = {each.branch for each in found if each.state == "open"}
    lost = [each for each in found if state_of(each, branches) == "gone"]
    free = [name for name in sorted(branches) if name != clone.main_branch and name not in open_]
    if not free or not (lost or len(open_) < sum(each.state == "open" for each in found)):
        return found
    over = {(each.branch, each.tip) for each in found if each.state != "open"}
    known = rename_branch.names(clone, found)
    now = {id_: name.now for id_, name in known.items()}
    for review in (each for each in lost if guess and each.commits and each.id not in now):
        last = review.commits[-1]
        near = sorted(free, key=lambda name: branches[name] != last)
        branch = next((name for name in near if name not in now.values()
                       and (name, branches[name]) not in over
                       and any(owns(clone, branches[name], each) for each in review.commits)), None)  # fmt: skip
        if branch is not None:
            now[review.id] = branch
    return [
        each if each.id not in now
        else replace(each, branch=now[each.id], former=(*each.former, each.branch))
        if each.id in known
        else replace(each, branch=now[each.id], lost=each.branch)
        for each in found
    ]  # fmt: skip


def owns(clone: Clone, tip: str, commit: str) -> bool:
    """In a thread: whether a commit is in a branch at `tip`, and not in main."""
    repository = clone.repository
    if not git_log.has_commit(repository, commit) or not repository.is_ancestor(commit, tip):
        return False
    main = repository.tip(clone.main_branch)
    return main is None or not repository.is_ancestor(commit, main)


@lru_cache(maxsize=4096)
def _folded(id_: str, data: bytes) -> Review | None:
    return fold(id_, log.entries(data))


def every(clone: Clone, found_reviews: Iterable[Review]) -> list[Draft]:
    """In a thread: every branch besides main that is not over; those with a review first, the newest
    first.
    """
    found_reviews = list(found_reviews)
    known = _open_by_branch(found_reviews)
    over = {(each.branch, each.tip) for each in found_reviews if each.state != "open"}
    found = [
        Draft(branch, tip, known.get(branch))
        for branch, tip in sorted(clone.repository.branches().items())
        if branch != clone.main_branch and (branch in known or (branch, tip) not in over)
    ]
    newest = datetime.min.replace(tzinfo=UTC)
    return sorted(
        found, key=lambda each: each.review.changed_at if each.review else newest, reverse=True
    )


def _open_by_branch(found: Iterable[Review]) -> dict[str, Review]:
    """The newest open review of each branch."""
    known: dict[str, Review] = {}
    for review in found:
        if review.state == "open":
            known.setdefault(review.branch, review)
    return known


def find(clone: Clone, name: str) -> Draft:
    """In a thread: the draft by its branch; one that is called like a review's id by its whole name
    (see `address_of`). Raises NoSuchDraft, also for main.
    """
    branch = name.removeprefix(_WHOLE)
    if name == branch and review_logs.read(clone.repository, name) is not None:
        raise _by_id(clone, find_review(clone, name))
    return find_branch(clone, branch)


def _by_id(clone: Clone, review: Review) -> NoSuchDraft:
    """Why it is no draft that one could work on by its id."""
    if review.state != "open":
        return errors.DraftNotOpen(draft=review.title, state=review.state)
    if clone.repository.tip(review.branch) is None:
        return errors.DraftBranchGone(draft=review.title, branch=review.branch)
    return errors.DraftOpenAs(draft=review.title, branch=review.branch)


def find_branch(clone: Clone, branch: str) -> Draft:
    """In a thread: the draft by its branch, whatever that is called, also by the name that a draft had
    before, while no other branch has it and no other draft had it. Raises NoSuchDraft, also for main.
    """
    if branch == clone.main_branch:
        raise NoSuchDraft(draft=branch)
    tip, known = clone.repository.tip(branch), reviews(clone)
    if tip is not None:
        return Draft(branch, tip, _open_by_branch(known).get(branch))
    had = [each for each in known if _was_called(each, branch)]
    if len(had) == 1 and had[0].state == "open" and branch in had[0].former:
        tip = clone.repository.tip(had[0].branch)
        if tip is not None and had[0].branch != clone.main_branch:
            return Draft(had[0].branch, tip, had[0])
    raise NoSuchDraft(draft=branch)


def _was_called(review: Review, branch: str) -> bool:
    return branch in names(review)


def names(review: Review) -> list[str]:
    """What a draft's branch is called, and was."""
    lost = (review.lost,) if review.lost else ()
    return [review.branch, *lost, *review.former]


def fork_of(clone: Clone, draft: Draft) -> str | None:
    """In a thread: the newest commit that the draft and main both have; None when there is none."""
    main = clone.repository.tip(clone.main_branch)
    return clone.repository.merge_base(main, draft.tip) if main else None


def find_review(clone: Clone, id_: str) -> Review:
    """In a thread: a review by its id, also when its branch is gone. Raises NoSuchDraft."""
    data = review_logs.read(clone.repository, id_)
    review = None if data is None else fold(id_, log.entries(data))
    if review is None:
        raise NoSuchDraft(draft=id_)
    if review.state == "open" and clone.repository.tip(review.branch) is None:
        return next((each for each in reviews(clone) if each.id == id_), review)
    return review


def find_over(clone: Clone, name: str, *, some: bool = False) -> Review:
    """In a thread: a review by its id, or the newest one of a branch that is no draft any more, else of
    those that were called so before. Raises NoSuchDraft, also when one of several of these is open, unless
    `some` one is enough.
    """
    branch = name.removeprefix(_WHOLE)
    if name == branch and review_logs.read(clone.repository, name) is not None:
        return find_review(clone, name)
    found = [each for each in reviews(clone) if _was_called(each, branch)]
    for each in found:
        if each.branch == branch:
            return each
    if not found or (len(found) > 1 and not some and any(each.state == "open" for each in found)):
        raise NoSuchDraft(draft=branch)
    return found[0]


def ended(clone: Clone, draft: Draft) -> Review | None:
    """In a thread: the review that is over and whose last commit a branch without one still is at: it
    stays as long as somebody is in it.
    """
    if draft.review is not None:
        return None
    at = (draft.branch, draft.tip)
    return next((r for r in reviews(clone) if r.state != "open" and (r.branch, r.tip) == at), None)


def state_of(review: Review, branches: Container[str]) -> str:
    """open, merged, closed, or gone: nobody ended it, and its branch is not there."""
    return review.state if review.state != "open" or review.branch in branches else "gone"


def reviewed(clone: Clone, draft: Draft, person: Person) -> Review:
    """In a thread: the draft's review, begun now for a branch that was made in a terminal: started by
    who made its first commit, whoever is the first to do something with it here. Raises DraftOver when
    the branch is only what is left of one that is over.
    """
    if over := ended(clone, draft):
        raise DraftOver(draft=over.title, state=over.state)
    if draft.review is not None:
        known = _folded(draft.review.id, log_of(clone, draft.review.id))
        if known is None or known.branch == draft.branch:
            return draft.review
        who = Signature(person.name, person.email)
        guessed = draft.review.lost == known.branch
        said = rename_branch.say(clone, draft.review.id, draft.branch, who, guessed=guessed)
        return said or draft.review
    made = git_log.between(clone.repository, fork_of(clone, draft), draft.tip, limit=_MOST_COMMITS)
    by = {"name": "", "email": ""}
    if made:
        first = made[-1]
        by = {"name": first.author_name, "email": first.author_email, "at": first.at.isoformat()}
    facts = {
        "branch": draft.branch, "base": clone.main_branch, "title": draft.branch, "tip": draft.tip,
        "starter": by,
    }  # fmt: skip
    id_ = f"{datetime.now(UTC):%Y%m%d}-{uuid4().hex[:8]}"
    return say(clone, id_, Entry("started", person.name, person.email, facts))


async def describe(app: App, name: str, person: Person, title: str, description: str) -> Review:
    """Give a draft a title and a description (Markdown). Raises NoSuchDraft, and Invalid."""
    title = naming.title(title, name)
    description = "\n".join(description.replace("\0", "").splitlines()).strip()
    if len(description) > _LONGEST_DESCRIPTION:
        raise Invalid(
            what="description", where=name, got=f"{len(description)} letters",
            expected=f"a text of up to {_LONGEST_DESCRIPTION} letters",
        )  # fmt: skip

    def work() -> Review:
        review = reviewed(app, find(app, name), person)
        said = []
        if title != review.title:
            said.append(Entry("titled", person.name, person.email, {"title": title}))
        if description != review.description:
            said.append(Entry("described", person.name, person.email, {"text": description}))
        return say(app, review.id, *said) if said else review

    review = await to_thread.run_sync(work)
    await forge_wanted.now(app)
    return review


def address(name: str) -> str:
    """The server's address of a draft, by its branch or its id."""
    return f"/drafts/{quote(name)}"


def address_of(branch: str) -> str:
    """The same by its branch only, whatever that is called: a name like a review's id is written whole."""
    return address(f"{_WHOLE}{branch}" if _ID.fullmatch(branch) else branch)
