"""The remote repository: where it is, what it has, and both ways there, each with a time limit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pygit2

from prdgen import ids
from prdgen.git import process, refs, remote_words
from prdgen.git.errors import RemoteAway, RemoteSilent
from prdgen.git.process import Done
from prdgen.git.remote_address import Reach
from prdgen.git.repository import Repository

_HEADS: Final = "refs/heads/"
_NAMED: Final = f"ref: {_HEADS}"
_OWN: Final = refs.PREFIX
_LONGEST_SECONDS: Final = 900.0
"""After so long the transfer of a large repository is cut off; what came is not kept."""
_FETCH: Final = (
    "--progress", "--no-tags", "--no-prune", "--no-recurse-submodules", "--no-write-fetch-head",
    "--no-show-forced-updates", "--refmap=",
)  # fmt: skip
_COMMIT: Final = re.compile(r"(?!0{40})[0-9a-f]{40}")
"""A ref that is broken there is listed as all zeros."""
_PUSH: Final = (
    "--porcelain",
    "--progress",
    "--no-verify",
    "--no-follow-tags",
    "--recurse-submodules=no",
)
_MOVED: Final = (
    "fetch first", "non-fast-forward", "stale info", "already exists", "cannot lock ref",
    "failed to update ref", "incorrect old value", "moved meanwhile", "reference already exists",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one branch that was pushed."""

    kind: Literal["taken", "moved", "refused"]
    """`moved`: somebody pushed there first, so fetch again; `refused`: a person has to look."""
    said: str = ""
    """What the remote said."""


@dataclass(frozen=True, slots=True)
class Remote:
    """The other repository, as one clone reaches it. Every method blocks; none is ever forced."""

    repository: Repository
    reach: Reach

    def branches(self) -> dict[str, str]:
        """Every branch there with its tip. Raises RemoteAway, RemoteDenied, RemoteMissing."""
        done = self._git("ls-remote", "--heads", "--refs", self.reach.name)
        found = {}
        for line in done.output.decode("utf-8", "replace").splitlines():
            commit, _, ref = line.partition("\t")
            name = ref.removeprefix(_HEADS)
            if ref.startswith(_HEADS) and _COMMIT.fullmatch(commit) and _is_fit(name):
                found[name] = commit
        return found

    def head(self) -> str:
        """The branch that HEAD names there, its main branch; empty: the remote does not say. Raises what
        `branches` raises.
        """
        done = self._git("ls-remote", "--symref", self.reach.name, "HEAD")
        for line in done.output.decode("utf-8", "replace").splitlines():
            said, _, ref = line.partition("\t")
            if ref == "HEAD" and said.startswith(_NAMED):
                return said.removeprefix(_NAMED)
        return ""

    def fetch(self, names: Iterable[str]) -> None:
        """Bring these branches to `refs/remotes/NAME/`. Raises what `branches` raises."""
        wanted = list(names)
        for name in wanted:
            self._make_room(name)
        refspecs = [f"+{_HEADS}{name}:{self._tracking(name)}" for name in wanted]
        self._git("fetch", *_FETCH, self.reach.name, *refspecs)

    def push(self, tips: Mapping[str, str]) -> dict[str, Sent]:
        """Push commits to branches there; what became of each. Raises what `branches` raises."""
        refspecs = [f"{commit}:{_HEADS}{name}" for name, commit in tips.items()]
        arguments = ("push", *_PUSH, self.reach.name, *refspecs)
        done = self._run(*arguments)
        found = _outcomes(done)
        if not found:
            if done.code:
                raise remote_words.failure(self.reach, done)
            found = {name: Sent("taken") for name in tips}
        for name in [name for name, sent in found.items() if sent.kind == "taken"]:
            self.track(name, tips[name])
        return found

    def tip(self, name: str) -> str | None:
        """The tip a branch there had when we last fetched or pushed it."""
        try:
            reference = self.repository.libgit2.references.get(self._tracking(name))
        except (ValueError, pygit2.GitError):
            return None
        return None if reference is None else str(reference.target)

    def fetch_hidden(self, below: Mapping[str, str]) -> None:
        """Bring the refs there below `refs/prdgen/KEY` to `refs/prdgen/VALUE`, for each of `below`.
        Raises what `branches` raises.
        """
        refspecs = [f"+{_OWN}{there}*:{_OWN}{here}*" for there, here in below.items()]
        self._git("fetch", *_FETCH, self.reach.name, *refspecs)

    def push_hidden(self, names: Iterable[str]) -> bool:
        """Push `refs/prdgen/NAME`s; whether the remote took all of them. Raises what `branches` raises."""
        refspecs = [f"{_OWN}{name}:{_OWN}{name}" for name in names]
        done = self._run("push", *_PUSH, self.reach.name, *refspecs)
        if done.code and not done.output:
            raise remote_words.failure(self.reach, done)
        return done.code == 0

    def _tracking(self, name: str) -> str:
        return f"refs/remotes/{self.reach.name}/{name}"

    def track(self, name: str, commit: str) -> None:
        """Note, where `git status` looks, that a branch there is at this commit."""
        self._make_room(name)
        git = self.repository.libgit2
        git.create_reference_direct(self._tracking(name), commit, force=True)

    def _make_room(self, name: str) -> None:
        """A branch `a` is in the way of `a/b`: the tracking ref of one that is gone there goes."""
        git, wanted = self.repository.libgit2, self._tracking(name)
        for raw in git.raw_listall_references():
            ref = raw.decode("utf-8", "surrogateescape")
            if wanted.startswith(f"{ref}/") or ref.startswith(f"{wanted}/"):
                git.references.delete(ref)

    def _git(self, *arguments: str) -> Done:
        done = self._run(*arguments)
        if done.code:
            raise remote_words.failure(self.reach, done)
        return done

    def _run(self, *arguments: str) -> Done:
        command, silence = arguments[0], self.reach.seconds
        # Over HTTP nothing is said while a pack goes up from curl's buffer; curl itself notices silence.
        watched = command == "ls-remote" or not self.reach.protocol.startswith("http")
        facts = {"what": "The remote", "where": self.reach.address}
        try:
            return process.run(
                self.repository.work_tree, *self.reach.options, *arguments,
                variables=self.reach.variables, seconds=_LONGEST_SECONDS,
                silence=silence if watched else None,
            )  # fmt: skip
        except process.WasSilent as error:
            got = f"`git {command}` heard nothing for {silence:g} s"
            raise RemoteSilent(**facts, got=got) from error
        except process.TimedOut as error:
            got = f"`git {command}` was not through after {_LONGEST_SECONDS:g} s"
            raise RemoteAway(**facts, got=got) from error


def _is_fit(name: str) -> bool:
    """Whether it can be a branch here too. With one called `refs/heads/main` nobody could say which of
    two is meant, nor push main.
    """
    try:
        return ids.check_branch(name) != "HEAD" and not name.startswith("refs/")
    except ids.BadBranch:
        return False


def _outcomes(done: Done) -> dict[str, Sent]:
    """Git's porcelain lines: a sign, `from:to` and a summary, with tabs between."""
    found = {}
    said = remote_words.said(done.complaint)
    for line in done.output.decode("utf-8", "replace").splitlines():
        parts = line.split("\t")
        if len(parts) != 3 or not parts[1].partition(":")[2].startswith(_HEADS):
            continue
        name = parts[1].partition(":")[2].removeprefix(_HEADS)
        if parts[0] != "!":
            found[name] = Sent("taken")
            continue
        words = f"{parts[2]} {said}".lower()
        kind: Literal["moved", "refused"] = (
            "moved" if any(sign in words for sign in _MOVED) else "refused"
        )
        found[name] = Sent(kind, said or parts[2])
    return found
