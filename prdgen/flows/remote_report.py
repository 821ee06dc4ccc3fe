"""the last exchange with the remote → what people, programs and `prdgen doctor` are told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from prdgen.errors import PrdgenError
from prdgen.flows import remote_state
from prdgen.flows.clone import Clone
from prdgen.git import remote_address
from prdgen.git.doctor import Finding
from prdgen.git.remote import Remote

_FORGOTTEN: Final = timedelta(hours=1)
_ORDINARY: Final = timedelta(seconds=20)
_JUST: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class BranchReport:
    """One branch on both sides. `ahead`: commits only we have; `behind`: only the remote has.

    As of the last look; None: the remote has no such branch that we know of.
    """

    name: str
    ahead: int | None
    behind: int | None
    decide: str = ""
    """Why a person must decide, with what they can do in `hint`."""
    hint: str = ""
    waits: str = ""
    refused: str = ""
    """What the remote said when it did not take our commits."""
    clashes: tuple[str, ...] = ()
    """Files of which both versions stand since the last merge that had any."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of the remote."""

    address: str
    tried_at: datetime | None
    fetched_at: datetime | None
    pushed_at: datetime | None
    failure: str = ""
    hint: str = ""
    failing_since: datetime | None = None
    branches: tuple[BranchReport, ...] = field(default=())
    asked_at: datetime | None = None
    """When somebody wanted to see it looked at last."""

    @property
    def looking(self) -> bool:
        """Whether the look that somebody wanted is still to come, or under way."""
        if self.asked_at is None or datetime.now(UTC) - self.asked_at > _FORGOTTEN:
            return False
        return self.tried_at is None or self.tried_at < self.asked_at

    @property
    def slow(self) -> bool:
        """Whether that takes longer than it does when all is well."""
        return (
            self.looking
            and self.asked_at is not None
            and datetime.now(UTC) - self.asked_at > _ORDINARY
        )

    @property
    def looked(self) -> bool:
        """Whether the look that somebody wanted is over, and was just now."""
        if self.asked_at is None or self.tried_at is None or self.looking:
            return False
        return datetime.now(UTC) - self.asked_at < _JUST

    @property
    def apart(self) -> bool:
        """Whether a branch has commits that are on one side only."""
        return any(each.ahead != 0 or each.behind != 0 for each in self.branches)

    @property
    def undecided(self) -> tuple[BranchReport, ...]:
        """The branches where a person has to do something."""
        return tuple(each for each in self.branches if each.decide or each.refused)

    @property
    def state(self) -> str:
        """One word: `failing`, `undecided`, `new` (never reached) or `ok`."""
        if self.failure:
            return "failing"
        if self.undecided:
            return "undecided"
        return "ok" if self.fetched_at else "new"


def of(clone: Clone) -> Report | None:
    """What is known of the remote; None: there is none. Blocks for a moment, asks nobody."""
    if not clone.settings.remote:
        return None
    state = remote_state.load(clone)
    try:
        reach = remote_state.reach(clone)
    except PrdgenError as error:
        return Report(
            remote_address.shown(clone.settings.remote), None, None, None, error.message, error.hint
        )
    remote = Remote(clone.repository, reach)
    return Report(
        address=reach.address,
        tried_at=_moment(state.tried_at),
        fetched_at=_moment(state.fetched_at),
        pushed_at=_moment(state.pushed_at),
        failure=state.failure,
        hint=state.hint,
        failing_since=_moment(state.failing_since),
        branches=tuple(_branch(clone, remote, *each) for each in state.branches.items()),
        asked_at=_moment(remote_state.asked_at(clone)),
    )


def _branch(
    clone: Clone, remote: Remote, name: str, state: remote_state.BranchState
) -> BranchReport:
    tip, there = clone.repository.tip(name), remote.tip(name)
    apart = clone.repository.ahead_behind(tip, there) if tip and there else None
    ahead, behind = apart or (None, None)
    return BranchReport(
        name, ahead, behind, state.decide, state.hint, state.waits, state.refused,
        tuple(state.clashes),
    )  # fmt: skip


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def finding(clone: Clone) -> Finding:
    """What `prdgen doctor` says of the remote."""
    report = of(clone)
    if report is None:
        return Finding("remote", ok=True, what="none is set; PRDGEN_REMOTE names one")
    if report.failure:
        return Finding("remote", ok=False, what=report.failure, cure=report.hint)
    if report.undecided:
        first = report.undecided[0]
        what = first.decide or f"{report.address} refuses {first.name}: {first.refused}"
        cure = first.hint or "Give prdgen's user the right to push there, or merge it at the forge."
        return Finding("remote", ok=False, what=what, cure=cure)
    if report.fetched_at is None:
        return Finding("remote", ok=True, what=f"{report.address}: nobody has asked it yet")
    main = next((each for each in report.branches if each.name == clone.main_branch), None)
    apart = f", {main.ahead} ahead, {main.behind} behind" if main and main.ahead is not None else ""
    what = f"{report.address}: looked at {report.fetched_at:%Y-%m-%d %H:%M:%S} UTC{apart}"
    return Finding("remote", ok=True, what=what)
