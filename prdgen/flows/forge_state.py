"""What is known of the forge: kept in a file of the clone, so that every process of it can say so."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from prdgen.flows import kept_facts
from prdgen.flows.clone import Clone

_FILE: Final = "forge.json"


@dataclass(slots=True)
class Trouble:
    """Why one review is not exchanged, and what to do."""

    what: str
    hint: str = ""
    waits: bool = False
    """Whether it goes on by itself."""


@dataclass(slots=True)
class State:
    """The last exchange. Times are ISO 8601 in UTC; empty: never."""

    tried_at: str = ""
    looked_at: str = ""
    whole_at: str = ""
    """When every review was looked at, whether its pull request says it changed or not."""
    not_before: str = ""
    """The forge wants to be left in peace until then."""
    failure: str = ""
    hint: str = ""
    failing_since: str = ""
    look: bool = False
    """Somebody wanted every review looked at, and that failed."""
    waits_for_remote: bool = False
    protected: bool | None = None
    """Whether main may be changed there by pull requests only; None: nobody has asked yet."""
    pulls: dict[str, str] = field(default_factory=dict)
    """Number of a pull request → its last change that we saw."""
    marks: dict[str, str] = field(default_factory=dict)
    """Review → the mark its last commit has there."""
    troubles: dict[str, Trouble] = field(default_factory=dict)
    """By review."""
    refused: dict[str, str] = field(default_factory=dict)
    """Entry of a review's log → why the forge does not take it."""
    stuck: dict[str, int] = field(default_factory=dict)
    """Entry of a review's log → how often the forge failed over it while it answered everything else."""
    answered: dict[str, int] = field(default_factory=dict)
    """Entry of a review's log → how often of these it said so, and was not only silent."""

    @property
    def tried_seconds_ago(self) -> float:
        """How long ago the forge was asked last."""
        return ago(self.tried_at)

    @property
    def is_put_off(self) -> bool:
        """Whether the forge wants to be left in peace now."""
        return bool(self.not_before) and datetime.fromisoformat(self.not_before) > datetime.now(UTC)

    def failed_over(self, entry_id: str, *, is_answer: bool) -> int:
        """The forge failed over this line of a log; how often it did by now."""
        self.stuck[entry_id] = self.stuck.get(entry_id, 0) + 1
        self.answered[entry_id] = self.answered.get(entry_id, 0) + is_answer
        return self.stuck[entry_id]

    def went(self, entry_id: str) -> None:
        """The forge took this line of a log, or needed none of it."""
        self.stuck.pop(entry_id, None)
        self.answered.pop(entry_id, None)

    def try_all_again(self) -> None:
        """What the forge did not take is sent as if it had never been tried."""
        self.refused, self.stuck, self.answered = {}, {}, {}

    def put_off(self, seconds: float) -> None:
        """Leave the forge in peace for so long."""
        self.not_before = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def ago(moment: str) -> float:
    """Seconds since then; endless when it never was, or is said to be still to come."""
    if not moment:
        return float("inf")
    passed = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    return passed if passed >= 0 else float("inf")


def load(clone: Clone) -> State:
    """The state as it was saved last; an empty one when there is none, or none that can be read."""
    found = kept_facts.load(clone, _FILE)
    try:
        troubles = {key: Trouble(**each) for key, each in found.pop("troubles", {}).items()}
        return State(**found, troubles=troubles)
    except (TypeError, AttributeError):
        return State()


def save(clone: Clone, state: State) -> None:
    """Keep the state, whole."""
    kept_facts.save(clone, _FILE, asdict(state))
