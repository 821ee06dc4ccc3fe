"""pull request → review: what is said, decided and done at the forge, once, as lines of the log.

What comes is what the pull request holds when somebody looks, never what a webhook says: so nothing
comes twice, too late or in the wrong order. Each line's id is made of what the forge calls the thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from prdgen.flows import reviews
from prdgen.flows.clone import Clone
from prdgen.flows.signatures import SERVER
from prdgen.forge.values import Decision, Place, Pull, Said, Talk, Who
from prdgen.git import log as git_log
from prdgen.review import anchors, exchanged, posting
from prdgen.review.exchanged import Exchanged, came_id
from prdgen.review.log import Entry
from prdgen.review.state import Link, Review

_PATIENCE: Final = timedelta(minutes=10)
"""How long a comment waits for the commit that it is on, and one of ours for its line of the log."""


class CommitMissing(Exception):
    """A comment is on a commit that has not come from the remote yet."""


@dataclass(frozen=True, slots=True)
class Here:
    """The review as it is here, with the pull request that it is."""

    clone: Clone
    review: Review
    link: Link
    known: Exchanged
    pull: Pull

    def entry(self, kind: str, by: Who, at: datetime, facts: dict[str, Any], *id_: object) -> Entry:
        """A line of the log for something at the forge."""
        facts = {"pull": exchanged.pull_key(self.link), **facts}
        at = exchanged.after(at, self.review.started_at)
        return Entry(kind, by.name, by.email, facts, at, came_id(self.link, *id_))


def talk(here: Here, found: Talk) -> list[Entry]:
    """In a thread: the lines that are new, in order. Raises CommitMissing."""
    new = dict[str, Entry]()
    for said in found.said:
        for entry in _said(here, said, new):
            new.setdefault(entry.id, entry)
    for entry in _decided(here, found.decisions):
        new.setdefault(entry.id, entry)
    known = {entry.id for entry in here.known.entries}
    return [entry for entry in new.values() if entry.id not in known]


def _said(here: Here, said: Said, new: dict[str, Entry]) -> Iterator[Entry]:
    mark = posting.mark_of(said.text)
    own = here.known.own.get(mark) if mark else None
    if own is not None and (
        here.known.sent.get(own.id) is None or _is_same_words(own, said, here.known)
    ):
        if own.id not in here.known.sent:
            yield _noted(here, own, said)
        yield from _settled(here, said, own)
        return
    if mark and own is None and datetime.now(UTC) - said.at < _PATIENCE:
        return  # Another server's, whose log is still on its way.
    came = here.known.came.get(said.id)
    if came is not None:
        yield from _reworded(here, came, said)
        yield from _settled(here, said, came)
        return
    made = _comment(here, said, new)
    yield made
    yield from _settled(here, said, made)


def _noted(here: Here, own: Entry, said: Said) -> Entry:
    """One of ours whose posting could not be noted, or that another server posted."""
    facts = {"entry": own.id, "there": said.id, "thread_there": said.thread}
    server = Who(SERVER.name, SERVER.email)
    return here.entry("sent", server, said.at, facts, "sent", own.id, said.id)


def _is_same_words(own: Entry, said: Said, known: Exchanged) -> bool:
    """Whether it is ours: by what the forge calls it, or, posted twice, by what it says."""
    if known.sent[own.id].id == said.id:
        return True
    text = str(own.facts.get("text", ""))
    return posting.without_mark(said.text).endswith(posting.plain(text)) and bool(text)


def _comment(here: Here, said: Said, new: dict[str, Entry]) -> Entry:
    text = posting.without_mark(said.text)
    # A proposal is about a place, also where the forge has it among the answers there.
    begins = said.begins or (said.place is not None and posting.suggested(text) is not None)
    first = None if begins else here.known.threads.get(said.thread)
    if first is None and not begins:
        first = next(
            (e for e in new.values()
             if e.kind == "commented" and e.facts.get("thread_there") == said.thread), None
        )  # fmt: skip
    facts: dict[str, Any] = {"there": said.id, "text": text}
    if first is not None:
        at = exchanged.after(said.at, first.at)
        return here.entry("replied", said.by, at, {**facts, "thread": first.id}, said.id)
    facts["thread_there"] = said.thread
    if said.place is not None:
        facts |= _placed(here.clone, said, said.place, text)
    return here.entry("commented", said.by, said.at, facts, said.id)


def _placed(clone: Clone, said: Said, place: Place, text: str) -> dict[str, Any]:
    """The page, the commit, and the words on the comment's lines; and what it suggests for them."""
    facts: dict[str, Any] = {"page_path": place.path, "commit": place.commit}
    if not git_log.has_commit(clone.repository, place.commit):
        if datetime.now(UTC) - said.at < _PATIENCE:
            raise CommitMissing
        tip = clone.repository.tip(clone.main_branch)
        content = reviews.page_text(clone, tip, place.path) if tip else None
        if content is None or not place.quote.strip():
            return facts
        anchor = anchors.make(content, place.quote, place.line)
        return {**facts, "commit": tip, "anchor": anchor.facts()}
    content = reviews.page_text(clone, place.commit, place.path)
    if content is None or place.line < 1:
        return facts
    first, last = place.first_line or place.line, place.line
    if found := posting.suggested(text):
        first, last = max(1, first - found.before), last + found.after
        facts |= {"suggestion": found.words, "text": found.text}
    anchor = anchors.lines(content, first, last)
    if place.quote.strip() and not anchor.quote.endswith(place.quote.rstrip("\r")):
        anchor = anchors.make(content, place.quote, place.line)
    # Of an empty line there are no words to follow: it is about the page.
    return {**facts, "anchor": anchor.facts()} if anchor.quote.strip() else facts


def _reworded(here: Here, came: Entry, said: Said) -> Iterator[Entry]:
    """The words were changed there since."""
    text = posting.without_mark(said.text)
    if found := posting.suggested(text) if "suggestion" in came.facts else None:
        text = found.text
    said_last = next(
        (e.facts.get("text") for e in reversed(here.known.entries)
         if e.kind == "reworded" and e.facts.get("comment") == came.id), came.facts.get("text")
    )  # fmt: skip
    if text != said_last and came.kind in {"commented", "replied"}:
        count = here.known.count("reworded", comment=came.id)
        at = exchanged.after(here.pull.changed_at, came.at)
        facts = {"comment": came.id, "text": text}
        yield here.entry("reworded", said.by, at, facts, "reworded", said.id, count)


def _settled(here: Here, said: Said, first: Entry) -> Iterator[Entry]:
    """The thread was settled there, or opened again; what was done here last goes there instead."""
    if said.resolved is None or not said.begins:
        return
    thread = here.review.threads.get(first.id)
    now = thread.resolved if thread else False
    waiting = any(e.facts.get("thread") == first.id for e in here.known.unsent
                  if e.kind in {"resolved", "unresolved", "taken"})  # fmt: skip
    if said.resolved == now or waiting:
        return
    done = [e for e in here.known.entries if e.kind in {"resolved", "unresolved", "taken"}
            and e.facts.get("thread") == first.id]  # fmt: skip
    last = done[-1] if done else None
    if last is not None and exchanged.is_ours(last) and not _could_settle(here, last):
        return
    count = len(done)
    at = exchanged.after(here.pull.changed_at, first.at, last.at if last else None)
    kind = "resolved" if said.resolved else "unresolved"
    by = said.resolved_by or here.pull.author
    yield here.entry(kind, by, at, {"thread": first.id}, kind, said.id, count)


def _could_settle(here: Here, own: Entry) -> bool:
    """Whether the forge took over that a thread was settled here: not all can."""
    sent = here.known.sent.get(own.id)
    return sent is not None and sent.id == exchanged.SETTLED_THERE


def _decided(here: Here, decisions: tuple[Decision, ...]) -> Iterator[Entry]:
    """What people decided there now; who took their word back."""
    last = {each.by.email.lower(): each for each in decisions if each.counts}
    for each in decisions:
        if each.counts and (each.word != "none" or each is last[each.by.email.lower()]):
            yield from _decision(here, each)
    for email, verdict in here.review.verdicts.items():
        came = [e for e in here.known.came.values()
                if e.kind == verdict.word and e.email.lower() == email and e.at == verdict.at]  # fmt: skip
        if came and email not in last:
            yield _taken_back(here, Who(verdict.name, verdict.email), verdict.at)


def _decision(here: Here, each: Decision) -> Iterator[Entry]:
    now = here.review.verdicts.get(each.by.email.lower())
    if each.word == "none":
        if each.text and each.id not in here.known.came:
            facts = {"there": each.id, "thread_there": each.id,
                     "text": posting.without_mark(each.text)}  # fmt: skip
            yield here.entry("commented", each.by, each.at, facts, each.id)
        if now is not None:
            yield _taken_back(here, each.by, now.at)
        return
    if each.id:
        there, at = each.id, each.at
        if there in here.known.came:
            return
    else:
        if (
            now is not None
            and now.word == each.word
            and not (each.is_dated and now.tip != each.tip)
        ):
            return
        count = sum(e.email.lower() == each.by.email.lower() for e in here.known.entries
                    if e.kind in {"approved", "changes_requested", "undecided"})  # fmt: skip
        there = f"{each.word}-{each.by.name}-{count}"
        at = exchanged.after(each.at, now.at if now else None)
    facts = {"there": there, "tip": each.tip}
    if each.text:
        facts |= {"text": posting.without_mark(each.text), "thread_there": there}
    yield here.entry(each.word, each.by, at, facts, there)


def _taken_back(here: Here, by: Who, decided_at: datetime) -> Entry:
    at = exchanged.after(here.pull.changed_at, decided_at)
    count = here.known.count("undecided")
    return here.entry("undecided", by, at, {}, "undecided", by.email, count)
