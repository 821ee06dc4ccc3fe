"""What is known of the remote: kept in a file of the clone, so that every process of it can say so."""

from __future__ import annotations

import fnmatch
from collections.abc import Container, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote

from prdgen.flows import kept_facts
from prdgen.flows.clone import Clone
from prdgen.git import refs
from prdgen.git import remote_address as address
from prdgen.git.remote_address import Access

_FILE: Final = "remote.json"
_ASKED: Final = "remote-asked.json"
_ALL: Final = "remote/"
"""Below `refs/prdgen/`: what both sides had last."""
LONGEST_PAUSE: Final = 300.0
"""Seconds between two tries while the remote is away."""


@dataclass(slots=True)
class BranchState:
    """What somebody should know of one branch; all empty: both sides are one."""

    decide: str = ""
    """Why a person must decide, in words."""
    hint: str = ""
    waits: str = ""
    """Why it waits, when it goes on by itself."""
    refused: str = ""
    """What the remote said when it refused our commits."""
    refused_tip: str = ""
    refused_at: str = ""
    clashes: list[str] = field(default_factory=list)
    """Files of which both versions stand, since the last merge that had any."""

    def is_refused_still(self, tip: str, asked_at: str) -> bool:
        """Whether this commit was refused a moment ago, and nobody asked for another try since."""
        was = bool(self.refused) and tip == self.refused_tip
        return was and _ago(self.refused_at) < min(LONGEST_PAUSE, _ago(asked_at))


@dataclass(slots=True)
class State:
    """The last exchange. Times are ISO 8601 in UTC; empty: never."""

    address: str = ""
    tried_at: str = ""
    fetched_at: str = ""
    pushed_at: str = ""
    failure: str = ""
    hint: str = ""
    failing_since: str = ""
    denied: bool = False
    """Whether it failed because the remote does not let us in: asking again soon makes that worse."""
    branches: dict[str, BranchState] = field(default_factory=dict)

    def branch(self, name: str) -> BranchState:
        """The state of a branch, made when it is not there."""
        return self.branches.setdefault(name, BranchState())

    @property
    def tried_seconds_ago(self) -> float:
        """How long ago the remote was tried last."""
        return _ago(self.tried_at)


def _ago(moment: str) -> float:
    if not moment:
        return float("inf")
    ago = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    return ago if ago >= 0 else float("inf")  # the clock was set back


def now() -> str:
    """This moment, as the state has it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def load(clone: Clone) -> State:
    """The state as it was saved last; an empty one when there is none, or none that can be read."""
    found = kept_facts.load(clone, _FILE)
    try:
        branches = {key: BranchState(**each) for key, each in found.pop("branches", {}).items()}
        return State(**found, branches=branches)
    except (TypeError, AttributeError):
        return State()


def save(clone: Clone, state: State) -> None:
    """Keep the state, whole."""
    kept_facts.save(clone, _FILE, asdict(state))


def ask(clone: Clone) -> None:
    """Note that somebody wants to see it tried now; beside the state, which an exchange may hold."""
    kept_facts.save(clone, _ASKED, {"at": now()})


def asked_at(clone: Clone) -> str:
    """When somebody wanted that last; empty: never."""
    return str(kept_facts.load(clone, _ASKED).get("at", ""))


def access(clone: Clone) -> Access:
    """What the settings say about the remote."""
    settings = clone.settings
    return Access(
        settings.remote, settings.remote_user, settings.remote_token, settings.remote_ssh_key,
        settings.remote_timeout_seconds,
    )  # fmt: skip


def reach(clone: Clone) -> address.Reach:
    """How the remote of the settings is reached. Raises BadRemote."""
    return address.reach(clone.repository, access(clone))


def agreed(clone: Clone, remote: str, branch: str) -> str | None:
    """The commit of a branch that both sides had last."""
    return refs.read(clone.repository, _agreed(remote, branch))


def agree(clone: Clone, remote: str, branch: str, commit: str) -> None:
    """From now on both sides have this commit; it is kept from `git gc`, too."""
    if agreed(clone, remote, branch) != commit:
        refs.keep(clone.repository, _agreed(remote, branch), commit)


def known(clone: Clone) -> set[str]:
    """Every branch that both sides had at some time, at any remote, and that one of them has still."""
    agreed_with = (name.split("/", 2) for name in refs.every(clone.repository, _ALL))
    return {unquote(parts[2]) for parts in agreed_with if len(parts) == 3}


def forget(clone: Clone, remote: str, there: Container[str]) -> None:
    """Nothing is agreed any more of branches that neither side has: another one may have that name."""
    here = clone.repository.branches()
    below = f"{_ALL}{remote}/"
    for name in refs.every(clone.repository, below):
        branch = unquote(name.removeprefix(below))
        if branch not in here and branch not in there:
            refs.drop(clone.repository, name)


def chosen(
    clone: Clone, opened: Iterable[str], there: Iterable[str], reviewed: Iterable[str] = ()
) -> list[str]:
    """The branches to exchange: main, what people opened here, what has a pull request or is to have
    one (`reviewed`), and what `remote_branches` names.
    """
    globs = clone.settings.remote_branches
    here = clone.repository.branches()
    known = {name for name in opened if not name.startswith("recovered/") and name in here}
    known |= {name for name in reviewed if name in here or name in set(there)}
    named = {name for name in {*here, *there} if any(fnmatch.fnmatchcase(name, g) for g in globs)}
    return sorted({clone.main_branch} | known | named, key=lambda n: (n != clone.main_branch, n))


def _agreed(remote: str, branch: str) -> str:
    return f"{_ALL}{remote}/{quote(branch, safe='')}"
