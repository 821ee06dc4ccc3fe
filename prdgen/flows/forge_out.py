"""review → pull request: what was said and decided here, and what became of the draft.

Each line of the log goes once: what the forge calls it is noted in the log at once, and a posting that
could not be noted is found again by its mark (`forge_in`).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from anyio import to_thread

from prdgen.flows import draft_changes, drafts, forge_link, remote_state, reviews
from prdgen.flows.context import App
from prdgen.flows.forge_state import State, Trouble
from prdgen.forge.errors import (
    ForgeAway,
    ForgeConflict,
    ForgeForbids,
    ForgeMissing,
    ForgeRefuses,
)
from prdgen.forge.values import Forge, Mark, Place, Posted, Pull
from prdgen.git import log as git_log
from prdgen.merge import diff
from prdgen.review import anchors, exchanged, posting
from prdgen.review.anchors import Anchor
from prdgen.review.exchanged import Exchanged
from prdgen.review.log import Entry
from prdgen.review.state import Link, Review

log = logging.getLogger(__name__)
_NO = (ForgeRefuses, ForgeConflict, ForgeMissing)
"""This one request, not everything, is not taken."""
_TRIES: Final = 3
"""So often in a row a line is sent over which the forge fails; everything waits for all but the last."""
_PREPARED: Final = timedelta(minutes=10)
"""So long one that was just opened may take to be compared."""
_NOTICED_SECONDS: Final = 60.0
"""So long a forge has to notice that its base holds the branch by now."""


@dataclass(slots=True)
class Out:
    """One review on its way to its pull request."""

    app: App
    forge: Forge
    state: State
    review: Review
    link: Link
    pull: Pull
    known: Exchanged

    async def run(self) -> None:
        """Send what is not there yet, in order. Raises what keeps everything from being sent."""
        if self._is_early:
            self.state.pulls.pop(str(self.pull.number), None)
            self.state.troubles[self.review.id] = Trouble(
                "What is said goes there as soon as the forge has compared the commits.", waits=True
            )
            return
        for entry in self.known.unsent:
            if entry.id in self.state.refused:
                continue
            try:
                await self._send(entry)
            except _NO as error:
                log.warning("%s is not sent: %s", entry.kind, error)
                self.state.refused[entry.id] = error.message
            except ForgeAway as error:
                if self.state.failed_over(entry.id, is_answer=error.is_answer) < _TRIES:
                    raise
                log.warning("%s is not sent, nothing else waits for it: %s", entry.kind, error)
                self.state.refused[entry.id] = error.message
            else:
                self.state.went(entry.id)

    @property
    def _is_early(self) -> bool:
        """Whether what is said now would go without its lines."""
        is_young = datetime.now(UTC) - self.pull.began_at < _PREPARED
        return self.pull.is_preparing and is_young and bool(self.known.unsent)

    async def _send(self, entry: Entry) -> None:
        steps: dict[str, Callable[[Entry], Awaitable[Posted | None]]] = {
            "commented": self._comment, "replied": self._reply, "approved": self._decision,
            "changes_requested": self._decision, "resolved": self._settle,
            "unresolved": self._settle, "taken": self._take, "titled": self._retitle,
            "described": self._describe, "closed": self._close, "reopened": self._reopen,
            "merged": self._merge,
        }  # fmt: skip
        posted = await steps[entry.kind](entry)
        if posted is not None:
            await self._note(entry, posted)

    async def _note(self, entry: Entry, posted: Posted) -> None:
        """From now on the forge has it."""
        said = forge_link.sent_entry(self.link, entry, posted.id, posted.thread)
        await to_thread.run_sync(drafts.say, self.app, self.review.id, said)
        there = exchanged.There(posted.id, posted.thread)
        self.known = exchanged.fold((*self.known.entries, said), self.link)
        assert self.known.sent[entry.id] == there

    async def _comment(self, entry: Entry) -> Posted:
        # Perhaps over its line: Gitea says 500 then. But any forge is busy or silent now and then.
        is_over_it = self.state.answered.get(entry.id, 0) >= _TRIES - 1
        placed = None if is_over_it else await to_thread.run_sync(self._place, entry)
        text = str(entry.facts.get("text", ""))
        if placed is not None:
            place, words = placed
            whole = "\n\n".join(part for part in (text, words) if part)
            try:
                return await self._say(entry, whole, place=place)
            except _NO as error:
                # Forges take comments only on lines that their difference shows.
                log.info("a comment goes without its line: %s", error)
        return await self._say(entry, "\n\n".join(filter(None, (_cited(entry), text))))

    async def _say(self, entry: Entry, text: str, *, place: Place | None = None) -> Posted:
        whole = posting.comment(entry.id, entry.name, entry.kind, text)
        return await self.forge.say(self.pull, whole, place)

    def _place(self, entry: Entry) -> tuple[Place, str] | None:
        """In a thread: the lines a comment is on, and what it suggests for them; None: it is on none
        that the pull request has.
        """
        anchor, page_path = (
            anchors.of_facts(entry.facts.get("anchor")),
            entry.facts.get("page_path"),
        )
        tip = self.pull.tip
        if anchor is None or not page_path or not git_log.has_commit(self.app.repository, tip):
            return None
        commit = str(entry.facts.get("commit", ""))
        known = git_log.has_commit(self.app.repository, commit)
        was = reviews.page_text(self.app, commit, page_path) if known else None
        text = reviews.page_text(self.app, tip, page_path)
        if text is None:
            return None
        found = anchors.find(anchor, was, text)
        if found.how == "gone":
            return None
        there = anchors.at(text, found.start, found.end)
        first, last = anchors.lines_of(there, text)
        old = self._old_line(page_path, text, last)
        place = Place(page_path, last, tip, first if first < last else None, page_path, old)
        return place, _proposed(self.forge, entry, text, there, found.how)

    def _old_line(self, page_path: str, text: str, line: int) -> int | None:
        """The line before the change; None: it is new."""
        if self.pull.compared is None:
            return None
        base = self.pull.compared[0]
        if not git_log.has_commit(self.app.repository, base):
            return None
        old = reviews.page_text(self.app, base, page_path)
        return None if old is None else old_line(old, text, line)

    async def _reply(self, entry: Entry) -> Posted | None:
        first = self.known.first_of(str(entry.facts.get("thread")))
        if first is None:
            return None  # Its beginning was refused, and is told of.
        text = posting.comment(
            entry.id, entry.name, entry.kind, posting.plain(str(entry.facts.get("text", "")))
        )
        return await self.forge.reply(self.pull, first.thread or first.id, text)

    async def _decision(self, entry: Entry) -> Posted:
        """A person's word goes as words: the token's account must not approve in their place."""
        note = f" (commit {str(entry.facts.get('tip', ''))[:10]})"
        text = posting.comment(
            entry.id, entry.name, entry.kind, str(entry.facts.get("text", "")), note
        )
        return await self.forge.say(self.pull, text)

    async def _settle(self, entry: Entry) -> Posted | None:
        first = self.known.first_of(str(entry.facts.get("thread")))
        if first is None:
            return None
        there = Posted(first.id, first.thread)
        taken = await self.forge.resolve(self.pull, there, resolved=entry.kind != "unresolved")
        return Posted(exchanged.SETTLED_THERE if taken else "", "")

    async def _take(self, entry: Entry) -> Posted | None:
        first = self.known.first_of(str(entry.facts.get("thread")))
        if first is None:
            return None
        text = posting.comment(entry.id, entry.name, entry.kind, "")
        await self.forge.resolve(self.pull, Posted(first.id, first.thread), resolved=True)
        return await self.forge.reply(self.pull, first.thread or first.id, text)

    async def _retitle(self, _: Entry) -> Posted:
        if self.pull.title != self.review.title:
            await self.forge.edit(self.pull.number, title=self.review.title)
        return Posted("", "")

    async def _describe(self, _: Entry) -> Posted:
        address = forge_link.drafts_address(self.app, self.review)
        if posting.description_of(self.pull.body) != self.review.description:
            body = posting.body(self.review.description, address)
            await self.forge.edit(self.pull.number, body=body)
        return Posted("", "")

    async def _close(self, entry: Entry) -> Posted:
        if self.pull.state == "open" and self._is_last(entry):
            posted = await self._say(entry, "")
            await self.forge.edit(self.pull.number, state="closed")
            return posted
        return Posted("", "")

    async def _reopen(self, entry: Entry) -> Posted:
        if self.pull.state == "closed" and self._is_last(entry):
            await self.forge.edit(self.pull.number, state="open")
        return Posted("", "")

    def _is_last(self, entry: Entry) -> bool:
        return self.known.last_state is not None and self.known.last_state.id == entry.id

    async def _merge(self, entry: Entry) -> Posted | None:
        """Merged here: when the remote's main has it the forge says so itself, or is told."""
        if self.pull.state != "open" or not self._is_last(entry):
            return Posted("", "")
        made = str(entry.facts.get("made", ""))
        if not await to_thread.run_sync(self._is_pushed, made):
            self.state.waits_for_remote = True
            self.state.troubles[self.review.id] = Trouble(
                "The pull request is closed as soon as the remote has the merge.", waits=True
            )
            return None
        if await self.forge.note_merged(self.pull, made):
            return Posted("", "")
        is_seen = self.app.repository.is_ancestor(self.pull.tip, made)
        if is_seen and (datetime.now(UTC) - entry.at).total_seconds() < _NOTICED_SECONDS:
            self.state.pulls.pop(str(self.pull.number), None)
            return None
        text = posting.comment(entry.id, entry.name, entry.kind, f"Merged as {made}.")
        posted = await self.forge.say(self.pull, text)
        await self.forge.edit(self.pull.number, state="closed")
        return posted

    def _is_pushed(self, made: str) -> bool:
        there = remote_state.agreed(
            self.app, remote_state.reach(self.app).name, self.app.main_branch
        )
        return bool(there) and self.app.repository.is_ancestor(made, there or "")

    async def mark(self) -> None:
        """Show beside the last commit what merging takes; a forge that does not take that is left."""
        if self.review.state != "open" or self.pull.state != "open":
            return
        found = await to_thread.run_sync(self._standing)
        if found is None:
            return
        mark, words = found
        now = f"{self.pull.tip} {mark} {words}"
        if self.state.marks.get(self.review.id) == now:
            return
        address = forge_link.drafts_address(self.app, self.review)
        try:
            await self.forge.mark(self.pull.tip, mark, words, address)
        except (*_NO, ForgeForbids) as error:
            log.info("no status is shown at the forge: %s", error)
        self.state.marks[self.review.id] = now

    def _standing(self) -> tuple[Mark, str] | None:
        """In a thread."""
        tip = self.app.repository.tip(self.review.branch)
        if tip is None or tip != self.pull.tip:
            return None
        draft = drafts.Draft(self.review.branch, tip, self.review)
        base = draft_changes.standing(self.app, draft).base
        stands = reviews.standing(self.app, draft, base)
        if stands.against:
            return "failure", stands.blocked or ""
        if stands.blocked:
            return "pending", stands.blocked
        if stands.approved:
            return "success", f"Approved by {', '.join(each.name for each in stands.approved)}"
        return "pending", "Nobody has approved this commit in prdgen"


def _cited(entry: Entry) -> str:
    """Where a comment without a line belongs, in words."""
    anchor, page_path = anchors.of_facts(entry.facts.get("anchor")), entry.facts.get("page_path")
    suggestion = entry.facts.get("suggestion")
    words = posting.quoted(anchor.quote if anchor else "", str(page_path or "") or None, 0)
    offered = posting.fence("", suggestion) if isinstance(suggestion, str) else ""
    return "\n\n".join(part for part in (words, offered) if part)


def _proposed(forge: Forge, entry: Entry, text: str, there: Anchor, how: str) -> str:
    """A suggestion for some words, as the forge takes it: for their whole lines."""
    words = entry.facts.get("suggestion")
    if not isinstance(words, str):
        return ""
    if how != "same":
        return posting.fence("", words)
    start = text.rfind("\n", 0, there.start) + 1
    end = text.find("\n", there.end)
    whole = text[start : there.start] + words + text[there.end : end if end >= 0 else len(text)]
    first, last = anchors.lines_of(there, text)
    return posting.fence(forge.suggests.format(before=last - first), whole)


def old_line(old: str, new: str, line: int) -> int | None:
    """The line of `old` that stands as `line` in `new`; None: it was added or changed."""
    start = sum(len(each) for each in new.splitlines(keepends=True)[: line - 1])
    shift = 0
    for edit in diff.splices(old, new):
        at = edit.position + shift
        if at > start:
            break
        shift += len(edit.insert) - edit.delete
    lines, was = new.splitlines(), start - shift
    before = old.splitlines()
    number = old.count("\n", 0, max(0, was)) + 1
    same = (
        1 <= number <= len(before) and line <= len(lines) and before[number - 1] == lines[line - 1]
    )
    return number if same else None
