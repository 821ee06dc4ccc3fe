"""the last exchange with the forge → what people, programs and `prdgen doctor` are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from prdgen.flows import drafts, forge_state, forge_wanted, remote_state
from prdgen.flows.clone import Clone
from prdgen.forge.errors import BadForge
from prdgen.git.doctor import Finding
from prdgen.review import log
from prdgen.review.state import Review

_DID = {
    "commented": "a comment", "replied": "an answer", "approved": "an approval",
    "changes_requested": "a request for changes", "resolved": "a settled thread",
    "unresolved": "an opened thread", "taken": "a taken suggestion", "titled": "a title",
    "described": "a description", "closed": "the closing", "reopened": "the opening",
    "merged": "the merge",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of the forge as a whole."""

    project: str
    tried_at: datetime | None
    looked_at: datetime | None
    failure: str = ""
    hint: str = ""
    failing_since: datetime | None = None

    @property
    def state(self) -> str:
        """One word: `failing`, `new` (never reached) or `ok`."""
        if self.failure:
            return "failing"
        return "ok" if self.looked_at else "new"


@dataclass(frozen=True, slots=True)
class Exchange:
    """How a review and its pull request stand to each other."""

    name: str
    """`Pull request #12`, or what is to become one."""
    address: str
    """Empty: there is none yet."""
    project: str
    looked_at: datetime | None
    waits: str = ""
    failure: str = ""
    hint: str = ""
    refused: tuple[str, ...] = ()
    """What of the review the forge does not take, and why."""


def of(clone: Clone) -> Report | None:
    """What is known of the forge; None: there is none. Blocks for a moment, asks nobody."""
    if not forge_wanted.is_on(clone):
        return None
    state = forge_state.load(clone)
    project, failure, hint = _project(clone)
    return Report(
        project, _moment(state.tried_at), _moment(state.looked_at), failure or state.failure,
        hint or state.hint, _moment(state.failing_since),
    )  # fmt: skip


def _project(clone: Clone) -> tuple[str, str, str]:
    """The project at the forge; or what is wrong with the settings, and what to do."""
    try:
        found = forge_wanted.address(clone)
    except BadForge as error:
        return "the forge", error.message, error.hint
    return (found.key if found else ""), "", ""


def exchange(clone: Clone, review: Review | None) -> Exchange | None:
    """In a thread: how a review stands at the forge; None: it has to do with none."""
    report = of(clone)
    if report is None or review is None or not (review.link or review.asked_by):
        return None
    state, link = forge_state.load(clone), review.link
    name, address = "No pull request yet", ""
    if link is not None:
        is_gitlab = "/-/merge_requests/" in link.address
        name = f"Merge request !{link.number}" if is_gitlab else f"Pull request #{link.number}"
        address = link.address if urlsplit(link.address).scheme in {"http", "https"} else ""
    trouble = state.troubles.get(review.id)
    waits = trouble.what if trouble and trouble.waits else ""
    failure, hint = report.failure, report.hint
    if review.state == "open" and (stuck := _stuck(clone, review.branch)):
        waits, failure, hint = "", *stuck
    if trouble and not trouble.waits:
        failure, hint = trouble.what, trouble.hint
    refused: tuple[str, ...] = ()
    if state.refused:
        entries = log.entries(drafts.log_of(clone, review.id))
        refused = tuple(f"{_DID.get(e.kind, e.kind)} by {e.name}: {state.refused[e.id]}"
                        for e in entries if e.id in state.refused)  # fmt: skip
    return Exchange(
        name, address, report.project if link is None else link.forge, report.looked_at, waits,
        failure, hint, refused,
    )  # fmt: skip


def _stuck(clone: Clone, branch: str) -> tuple[str, str] | None:
    """Why the draft's commits do not get to the remote, and so not to the forge, until a person has done
    something, and what.
    """
    there = remote_state.load(clone).branches.get(branch)
    if there is None:
        return None
    if there.decide:
        return there.decide, there.hint
    if there.refused:
        return (
            f"The remote does not take the commits of {branch}: {there.refused}",
            "Allow it there; it is tried again with the next commit, and by *Look now* at /remote.",
        )
    return None


def finding(clone: Clone) -> Finding:
    """What `prdgen doctor` says of the forge."""
    report = of(clone)
    if report is None:
        return Finding(
            "forge", ok=True, what="none is set; PRDGEN_FORGE_TOKEN_FILE gives its token"
        )
    if report.failure:
        return Finding("forge", ok=False, what=report.failure, cure=report.hint)
    if report.looked_at is None:
        return Finding("forge", ok=True, what=f"{report.project}: nobody has asked it yet")
    refused = forge_state.load(clone).refused
    if refused:
        return Finding(
            "forge", ok=False, what=next(iter(refused.values())),
            cure="The draft's page says which comment that is; the review here has everything.",
        )  # fmt: skip
    what = f"{report.project}: looked at {report.looked_at:%Y-%m-%d %H:%M:%S} UTC"
    return Finding("forge", ok=True, what=what)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
