"""draft → whose work it is: who approves what is their own approves nothing."""

from __future__ import annotations

from dataclasses import dataclass

from prdgen.flows import signatures
from prdgen.flows.clone import Clone
from prdgen.flows.drafts import Draft
from prdgen.git import log as git_log


@dataclass(frozen=True, slots=True)
class OwnWork:
    """Who started a draft and who wrote its commits, by their addresses in lower case."""

    starter: str
    writers: frozenset[str]

    def why_not(self, email: str) -> str | None:
        """Why this person's approval does not count, in words; None: it does.

        As at GitHub nobody approves what they opened. Others who wrote in it, too, may approve it:
        they looked at what the rest wrote, unless there is no rest.
        """
        person = email.casefold()
        if person == self.starter:
            return "started this draft"
        if self.writers == {person}:
            return "wrote all of this draft"
        return None


def of(clone: Clone, draft: Draft, base: str | None) -> OwnWork:
    """In a thread: whose work the draft's commits since `base` are."""
    starter = draft.review.started_by_email if draft.review else ""
    made = git_log.writers(clone.repository, base, draft.tip)
    writers = {who.email.casefold() for commit in made for who in commit}
    return OwnWork(starter.casefold(), frozenset(writers - {signatures.SERVER.email.casefold()}))
