"""draft → review: what people say of it and where, what they decide, and whether it may be merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from anyio import to_thread

from prdgen import ids
from prdgen.errors import Invalid
from prdgen.events import Event
from prdgen.files.text import readable
from prdgen.flows import (
    code_owners,
    drafts,
    forge_wanted,
    own_work,
    pages_of,
    regress,
    review_news,
    roles,
)
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.flows.errors import NoSuchPage, NoSuchThread, NoSuchWords, NotApproved, NotThisCommit
from prdgen.flows.own_work import OwnWork
from prdgen.flows.pages_of import Globs
from prdgen.git import log as git_log
from prdgen.git import snapshots
from prdgen.git.repository import Repository
from prdgen.page.problems import Problem
from prdgen.review import anchors, owners
from prdgen.review.anchors import Place
from prdgen.review.log import Entry
from prdgen.review.state import Review, Thread, Verdict, Word
from prdgen.store import event_log
from prdgen.store.people import Person

_LONGEST = 20_000
_SHOWN = 80
_MOST_PEOPLE = 5_000
"""Accounts that are looked through for the owner of a file."""
_KEPT = 16
"""Drafts, as one commit has them, whose problems are known."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Approval that the files of a draft take: these owners of these paths, one of them."""

    owners: tuple[str, ...]
    paths: tuple[str, ...]
    given_by: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a draft has of what merging takes."""

    needed: tuple[Needed, ...]
    against: tuple[Verdict, ...]
    """Who asked for changes and has not approved since."""
    approved: tuple[Verdict, ...]
    """Who approved the draft as it is now."""
    before: tuple[Verdict, ...]
    """Who approved an earlier commit of it."""
    own: OwnWork
    """Whose approval does not count, since it is of their own work."""
    elsewhere: tuple[tuple[Verdict, str], ...] = ()
    """Who asked for changes of commits that are in this draft, too, in the review of that title."""

    @property
    def blocked(self) -> str | None:
        """What is missing, in words; None: nothing."""
        if self.against:
            return f"{', '.join(v.name for v in self.against)} asked for changes"
        if self.elsewhere:
            verdict, title = self.elsewhere[0]
            return f"{verdict.name} asked for changes of its commits in the review of {title}"
        missing = [each for each in self.needed if each.given_by is None]
        if missing:
            one = missing[0]
            wanted = f"{one.paths[0]} takes the approval of {' or '.join(one.owners)}"
            return "; ".join((wanted, *map(self._not_counted, self._own(one))))
        return None

    def _own(self, needed: Needed) -> list[Verdict]:
        """Approvals by these owners that are of their own work."""
        return [v for v in self.approved if self.own.why_not(v.email)
                and any(owners.is_owner(o, v.name, v.email) for o in needed.owners)]  # fmt: skip

    def _not_counted(self, verdict: Verdict) -> str:
        return f"{verdict.name} {self.own.why_not(verdict.email)}, so their approval does not count"


async def strangers(app: App, stands: Standing) -> set[tuple[str, ...]]:
    """Those sets of owners whose approval is missing, and of whom nobody has an account that may give it."""
    missing = [each.owners for each in stands.needed if each.given_by is None]
    known = await roles.having(app, "editor", limit=_MOST_PEOPLE) if missing else []
    return {
        names
        for names in missing
        if not any(owners.is_owner(o, p.name, p.email) for o in names for p in known)
    }


async def ask(app: App, name: str, person: Person, *, withdrawn: bool = False) -> Review:
    """Ask others to look at the draft, or not any more. Raises NoSuchDraft."""
    return await _say(app, name, person, "withdrawn" if withdrawn else "requested", {})


async def comment(
    app: App, name: str, person: Person, text: str, *, page_path: str | None = None,
    quote: str = "", line: int = 0, suggestion: str | None = None,
) -> Review:  # fmt: skip
    """Say something about the draft, one of its pages, or words in it (`quote`, as they are read,
    near `line` of the source); a `suggestion` is what should stand there instead.

    Raises NoSuchDraft, NoSuchPage, NoSuchWords and Invalid.
    """
    facts: dict[str, object] = {"text": _text(text, "comment", empty=suggestion is not None)}
    if page_path is not None:
        ids.check_page_path(page_path)
        draft = await to_thread.run_sync(drafts.find, app, name)
        content = await to_thread.run_sync(page_text, app, draft.tip, page_path)
        if content is None:
            raise NoSuchPage(page_path=page_path, branch=name)
        facts |= {"page_path": page_path, "commit": draft.tip}
        if quote.strip() or line > 0:
            facts["anchor"] = _anchor(content, page_path, quote, line).facts()
            if suggestion is not None:
                facts["suggestion"] = _text(suggestion, "suggestion", empty=True)
    return await _say(app, name, person, "commented", facts)


async def quoted(app: App, name: str, page_path: str, quote: str, line: int) -> anchors.Anchor:
    """The source of words as they are read, for who wants to suggest others. Raises NoSuchPage and
    NoSuchWords.
    """
    draft = await to_thread.run_sync(drafts.find, app, name)
    content = await to_thread.run_sync(page_text, app, draft.tip, ids.check_page_path(page_path))
    if content is None:
        raise NoSuchPage(page_path=page_path, branch=name)
    return _anchor(content, page_path, quote, line)


def _anchor(content: str, page_path: str, quote: str, line: int) -> anchors.Anchor:
    if not quote.strip():
        return anchors.make(content, "", line)
    found = anchors.seek(content, quote, line)
    if found is None:
        words = " ".join(quote.split())
        shown = f"{words[:_SHOWN]}…" if len(words) > _SHOWN else words
        raise NoSuchWords(page_path=page_path, quote=shown)
    return found


async def reply(app: App, name: str, person: Person, thread: str, text: str) -> Review:
    """Answer a comment. Raises NoSuchDraft, NoSuchThread and Invalid."""
    await _thread(app, name, thread)
    facts = {"thread": thread, "text": _text(text, "answer")}
    return await _say(app, name, person, "replied", facts)


async def resolve(
    app: App, name: str, person: Person, thread: str, *, again: bool = False
) -> Review:
    """Settle a thread, or open it `again`. Raises NoSuchDraft and NoSuchThread."""
    await _thread(app, name, thread)
    kind = "unresolved" if again else "resolved"
    return await _say(app, name, person, kind, {"thread": thread})


async def decide(
    app: App, name: str, person: Person, word: Word, text: str = "", *, seen: str | None = None
) -> Review:
    """Approve the draft as it is now, or ask for changes. Raises NoSuchDraft, Invalid, and
    NotThisCommit when `seen`, the commit they looked at, is not its last one.
    """
    draft = await to_thread.run_sync(drafts.find, app, name)
    if seen is not None and seen != draft.tip:
        raise NotThisCommit(draft=name, expected=seen[:10] or "none", got=draft.tip[:10])
    said = _text(text, "comment", empty=word == "approved")
    facts = {"tip": draft.tip} | ({"text": said} if said else {})
    review = await _say(app, name, person, word, facts)
    if word == "approved":
        data = {"draft": draft.branch, "review": review.id, "commit": draft.tip}
        async with app.store.transaction() as tx:
            await event_log.record(tx, [Event("prd.approved", draft.branch, None, person.id, data)])
    return review


async def _say(
    app: App, name: str, person: Person, kind: str, facts: Mapping[str, object]
) -> Review:
    def work() -> Review:
        review = drafts.reviewed(app, drafts.find(app, name), person)
        return drafts.say(app, review.id, Entry(kind, person.name, person.email, facts))

    review = await to_thread.run_sync(work)
    await forge_wanted.now(app)
    await review_news.tell(app, review.id)
    return review


async def _thread(app: App, name: str, thread: str) -> Thread:
    draft = await to_thread.run_sync(drafts.find, app, name)
    found = draft.review.threads.get(thread) if draft.review else None
    if found is None:
        raise NoSuchThread(thread=thread, draft=name)
    return found


def _text(given: str, what: str, *, empty: bool = False) -> str:
    found = "\n".join(given.replace("\0", "").splitlines()).strip("\n")
    if not (found.strip() or empty) or len(found) > _LONGEST:
        raise Invalid(
            what=what, where="the review", expected=f"a text of up to {_LONGEST} letters",
            got=f"{len(found)} letters" if found else "nothing",
        )  # fmt: skip
    return found


def page_text(clone: Clone, commit: str, page_path: str) -> str | None:
    """In a thread: a page's text at a commit; None when it is not there."""
    data = clone.repository.read(commit, page_path)
    return None if data is None else readable(data)


def where(clone: Clone, thread: Thread, tip: str) -> tuple[str | None, Place | None]:
    """In a thread: the page a thread is about at `tip`, over renames (None: it is gone), and where in
    its text (None: about the page as a whole).
    """
    page_path = thread.page_path
    if page_path is None:
        return None, None
    known = thread.commit is not None and git_log.has_commit(clone.repository, thread.commit)
    if known and thread.commit and clone.repository.read(tip, page_path) is None:
        page_path = git_log.renamed(clone.repository, page_path, thread.commit, tip)
    content = page_text(clone, tip, page_path)
    if content is None:
        return None, None
    if thread.anchor is None:
        return page_path, None
    was = (
        page_text(clone, thread.commit, thread.page_path or "") if known and thread.commit else None
    )
    return page_path, anchors.find(thread.anchor, was, content)


def standing(clone: Clone, draft: Draft, base: str | None) -> Standing:
    """In a thread: what the draft has of what merging it takes; the rules are main's."""
    review = draft.review
    verdicts = list(review.verdicts.values()) if review else []
    approved = [v for v in verdicts if v.word == "approved" and v.tip == draft.tip]
    own = own_work.of(clone, draft, base)
    counted = [v for v in approved if own.why_not(v.email) is None]
    return Standing(
        needed=tuple(_needed(clone, draft, base, counted)),
        against=tuple(v for v in verdicts if v.word == "changes_requested"),
        approved=tuple(approved),
        before=tuple(v for v in verdicts if v.word == "approved" and v.tip != draft.tip),
        own=own,
        elsewhere=tuple(_elsewhere(clone, draft)),
    )


def _elsewhere(clone: Clone, draft: Draft) -> Iterable[tuple[Verdict, str]]:
    """Changes that are asked for in other open reviews, of commits that this draft has, too: a block
    does not end by giving the commits another name.
    """
    mine = draft.review.id if draft.review else None
    for review in drafts.reviews(clone):
        if review.state != "open" or review.id == mine:
            continue
        for verdict in review.verdicts.values():
            if verdict.word == "changes_requested" and drafts.owns(clone, draft.tip, verdict.tip):
                yield verdict, review.title


def _needed(
    clone: Clone, draft: Draft, base: str | None, approved: Iterable[Verdict]
) -> Iterable[Needed]:
    """Each set of owners that files of the draft have, once, with who approved for them."""
    for names, owned in code_owners.by_owners(clone, draft, base).items():
        by = next(
            (v.name for v in approved for o in names if owners.is_owner(o, v.name, v.email)), None
        )
        yield Needed(names, tuple(owned), by)


def check_approved(clone: Clone, draft: Draft, base: str | None, role: str) -> None:
    """In a thread: raises NotApproved when an approval is missing that merging the draft's tip takes;
    owners may go past it.
    """
    found = standing(clone, draft, base)
    if found.blocked and not roles.at_least(role, "owner"):
        raise NotApproved(draft=draft.title, why=found.blocked)


def problems(clone: Clone, draft: Draft, base: str | None) -> list[Problem]:
    """In a thread: what `prdgen check` says of the draft that it did not say of main before."""
    return list(_brought(clone.repository, pages_of.globs(clone), base, draft.tip))


@lru_cache(maxsize=_KEPT)
def _brought(
    repository: Repository, globs: Globs, base: str | None, tip: str
) -> tuple[Problem, ...]:
    """The same by commits: every look at a draft asks for it, and it takes a while in a large one."""
    before = snapshots.of(repository, base) if base else None
    return tuple(regress.find(globs, before, snapshots.of(repository, tip)))
