"""What every forge keeps: pull requests over a bare repository, comments, reviews, marks."""

from __future__ import annotations

import itertools
import os
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

BOT = "prdgen-bot"


@dataclass
class Note:
    """A comment. `thread`: the id of the first one at the same lines, or its own."""

    id: int
    by: str
    text: str
    at: datetime
    thread: int
    path: str | None = None
    line: int | None = None
    first_line: int | None = None
    commit: str | None = None
    review: int | None = None


@dataclass
class Reviewed:
    id: int
    by: str
    state: str
    text: str
    at: datetime
    commit: str
    counts: bool = True


@dataclass
class PullRequest:
    number: int
    branch: str
    base: str
    title: str
    body: str
    by: str
    at: datetime
    changed_at: datetime
    state: str = "open"
    tip_at_end: str | None = None
    made: str | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None
    notes: list[Note] = field(default_factory=list)
    reviews: list[Reviewed] = field(default_factory=list)
    settled: dict[int, str] = field(default_factory=dict)
    versions: list[tuple[str, datetime]] = field(default_factory=list)
    """GitLab: its tips, and since when."""
    is_foreign: bool = False
    ref: str = ""
    """Gitea: where its commits are when it has no branch, `refs/pull/1/head`."""
    looks_before_prepared: int = 0
    """GitLab: so often it is shown without a comparison."""


class Hub:
    """One project. People's actions are methods; programs come in through `skins`."""

    def __init__(self, repository: Path, project: str = "team/prds") -> None:
        self.repository, self.project = repository, project
        self.pulls: dict[int, PullRequest] = {}
        self.marks: dict[str, dict] = {}
        self.protected = False
        self.allows_manual_merges = True
        self.can_settle = True
        self.prepares_after = 0
        self._ids = itertools.count(101)
        self._clock = datetime.now(UTC) - timedelta(minutes=5)
        self.logins = [BOT, "octavia", "ghostly", "zoe"]

    def now(self) -> datetime:
        """Each moment is a second after the last one and never behind the real one."""
        self._clock = max(self._clock + timedelta(seconds=1), datetime.now(UTC)).replace(
            microsecond=0
        )
        return self._clock

    def git(self, *arguments: str, ok: bool = True) -> str:
        person = {"GIT_AUTHOR_NAME": "Forge", "GIT_AUTHOR_EMAIL": "forge@example.org",
                  "GIT_COMMITTER_NAME": "Forge", "GIT_COMMITTER_EMAIL": "forge@example.org"}  # fmt: skip
        done = subprocess.run(
            ["git", *arguments], cwd=self.repository, env={**os.environ, **person},
            capture_output=True, text=True,
        )  # fmt: skip
        assert not ok or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def tip(self, branch: str) -> str | None:
        return self.git("rev-parse", "--verify", "-q", f"refs/heads/{branch}", ok=False) or None

    def head(self, pull: PullRequest) -> str:
        return pull.tip_at_end or self.tip(pull.branch) or ""

    def fork(self, pull: PullRequest) -> str:
        return self.git("merge-base", self.head(pull), f"refs/heads/{pull.base}", ok=False)

    def open(self, branch: str, base: str, title: str, body: str, by: str) -> PullRequest | None:
        """None: there is one for this branch already."""
        if any(p.branch == branch and p.state == "open" and not p.is_foreign
               for p in self.pulls.values()):  # fmt: skip
            return None
        at, number = self.now(), len(self.pulls) + 1
        made = PullRequest(number, branch, base, title, body, by, at, at)
        made.looks_before_prepared = self.prepares_after
        self.pulls[number] = made
        return made

    def see(self, pull: PullRequest) -> None:
        """As forges do after a push: what its tip is from now on."""
        head = self.head(pull)
        if head and (not pull.versions or pull.versions[-1][0] != head):
            pull.versions.append((head, self.now()))

    def touch(self, pull: PullRequest) -> datetime:
        pull.changed_at = self.now()
        return pull.changed_at

    def comment(self, number: int, by: str, text: str, **more) -> Note:
        """On the whole, on `path` and `line`, or in a `thread`."""
        pull, id_ = self.pulls[number], next(self._ids)
        if more.get("path") and not more.get("commit"):
            more["commit"] = self.head(pull)
        if first := next((n for n in pull.notes if n.id == more.get("thread")), None):
            kept = {"path": first.path, "line": first.line, "commit": first.commit}
            more = {**kept, **more}
        note = Note(id_, by, text, self.touch(pull), more.pop("thread", None) or id_, **more)
        pull.notes.append(note)
        return note

    def review(self, number: int, by: str, state: str, text: str = "", *, counts=True) -> Reviewed:
        pull = self.pulls[number]
        self.see(pull)
        made = Reviewed(next(self._ids), by, state, text, self.touch(pull), self.head(pull), counts)
        pull.reviews.append(made)
        return made

    def is_shown(self, pull: PullRequest, path: str, line: int) -> bool:
        """Whether the difference has this line of the new text, or is within three lines of it."""
        text = self.git("diff", "-U3", self.fork(pull), self.head(pull), "--", path)
        at = None
        for row in text.splitlines():
            if row.startswith("@@"):
                at = int(row.split("+")[1].split(",")[0].split(" ")[0])
            elif at is not None and not row.startswith("-"):
                if at == line:
                    return True
                at += 1
        return False

    def end(self, number: int, by: str, state: str = "closed") -> None:
        pull = self.pulls[number]
        pull.tip_at_end = self.head(pull) if state != "open" else None
        pull.state, pull.ended_by, pull.ended_at = state, by, self.touch(pull)

    def merge(self, number: int, by: str, how: str = "merge", message: str = "") -> str:
        """A real merge commit, or squashed one, on the base."""
        pull = self.pulls[number]
        base, head = self.tip(pull.base), self.head(pull)
        tree = self.git("merge-tree", "--write-tree", base, head).splitlines()[0]
        parents = ["-p", base] + (["-p", head] if how == "merge" else [])
        words = message or f"Merge pull request #{number}"
        made = self.git("commit-tree", tree, *parents, "-m", words)
        self.git("update-ref", f"refs/heads/{pull.base}", made, base)
        self.end(number, by, "merged")
        pull.made = made
        return made

    def notice(self) -> None:
        """As forges do after a push: a pull request whose head is in its base is merged."""
        for pull in self.pulls.values():
            self.see(pull)
            head = self.head(pull)
            if pull.state == "open" and head and self.fork(pull) == head:
                self.end(pull.number, BOT, "merged")
                pull.made = self.tip(pull.base)
