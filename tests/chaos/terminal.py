"""People who work with Git only: a clone that pulls and pushes, and a terminal in the server's folder."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

from e2e.house import House

_PERSON = {
    "GIT_AUTHOR_NAME": "Gil", "GIT_AUTHOR_EMAIL": "gil@example.org",
    "GIT_COMMITTER_NAME": "Gil", "GIT_COMMITTER_EMAIL": "gil@example.org",
    "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
}  # fmt: skip
_SECONDS = 60
"""Longer than a push waits for the writers of a server that stands still."""


def git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Git there; whatever it says comes back, and it never asks."""
    return subprocess.run(
        ["git", "-c", "gc.auto=0", *words], cwd=folder, env={**os.environ, **_PERSON}, text=True,
        capture_output=True, check=False, timeout=_SECONDS,
    )  # fmt: skip


def both_sides(text: str) -> str:
    """A file with Git's conflicts, with what both sides have: a line that came to stand in both of
    them, or in one and elsewhere, once, as a person would leave it.
    """
    begin, between, end = "<<<<<<< ", "=======\n", ">>>>>>> "
    inside, found = False, list[tuple[bool, str]]()
    for line in text.splitlines(keepends=True):
        if line.startswith((begin, end)):
            inside = line.startswith(begin)
        elif not (inside and line == between):
            found.append((inside, line))
    seen = {line for inside, line in found if not inside}
    kept = list[str]()
    for inside, line in found:
        if not inside or not line.strip() or line not in seen:
            kept.append(line)
        seen.add(line)
    return "".join(kept)


class Clone:
    """Someone with a clone of their own: writes a line, pulls with rebase, and pushes to `/git/`."""

    def __init__(self, house: House, token: str, folder: Path, page_path: str) -> None:
        self._house, self._token = house, token
        self._folder, self._page = folder, page_path
        self.words: list[str] = []
        self.said = ""
        done = git(folder.parent, "clone", "--quiet", self._url(house), str(folder))
        assert done.returncode == 0, done.stderr

    def _url(self, house: House) -> str:
        return f"http://git:{self._token}@127.0.0.1:{house.port}/git/"

    def write(self, dice: random.Random) -> None:
        """One more line, committed here; it goes out with the next push."""
        path = self._folder / self._page
        lines = path.read_text("utf-8").splitlines(keepends=True)
        self.words.append(f"far{len(self.words)}")
        lines.insert(dice.randint(1, len(lines)), f"{self.words[-1]}\n")
        path.write_text("".join(lines), "utf-8")
        self._must("commit", "--quiet", "--all", "--message", f"Say {self.words[-1]}")
        if dice.random() < 0.2:
            self._must("commit", "--quiet", "--amend", "--no-edit", "--reset-author")

    def push(self, house: House) -> bool:
        """`git pull --rebase` and `git push`; whether the server has everything now. A conflict is
        settled by keeping both sides, as a person would.
        """
        url = self._url(house)
        pulled = git(self._folder, "pull", "--quiet", "--rebase", url, "main")
        while (self._folder / ".git" / "rebase-merge").exists():
            self._keep_both()
            pulled = git(self._folder, "-c", "core.editor=true", "rebase", "--continue")
        if pulled.returncode:
            self.said = pulled.stderr
            return False
        pushed = git(self._folder, "push", "--quiet", url, "HEAD:main")
        self.said = pushed.stderr
        return pushed.returncode == 0

    def _keep_both(self) -> None:
        path = self._folder / self._page
        path.write_text(both_sides(path.read_text("utf-8")), "utf-8")
        self._must("add", "--", self._page)

    def _must(self, *words: str) -> None:
        done = git(self._folder, *words)
        assert done.returncode == 0, f"git {words}: {done.stderr}"


class Terminal:
    """Someone at the server's own folder, who goes back, switches, merges and cleans up."""

    def __init__(self, house: House, page_path: str) -> None:
        self._house, self._page = house, page_path
        self.words: list[str] = []
        self.done: list[str] = []

    def act(self, dice: random.Random) -> None:
        """One thing that people do there while others type."""
        names = (
            "commit",
            "checkout_file",
            "stash",
            "reset",
            "switch",
            "merge",
            "gc",
            "lock",
            "stage",
        )
        name = dice.choice(names)
        self.done.append(name)
        getattr(self, f"_{name}")(dice)

    def _git(self, *words: str) -> bool:
        return git(self._house.repository, *words).returncode == 0

    def _commit(self, _: random.Random) -> None:
        self._git("commit", "--quiet", "--message", "In the terminal", "--", self._page)

    def _checkout_file(self, _: random.Random) -> None:
        self._git("checkout", "--quiet", "--", self._page)

    def _stash(self, _: random.Random) -> None:
        if self._git("stash", "push", "--quiet"):
            self._git("stash", "drop", "--quiet")

    def _reset(self, _: random.Random) -> None:
        self._git("reset", "--quiet", "--hard")

    def _stage(self, _: random.Random) -> None:
        self._git("add", "--", self._page)

    def _switch(self, dice: random.Random) -> None:
        if self._git("switch", "--quiet", "--force-create", "aside"):
            time.sleep(dice.uniform(0, 0.3))
            while not self._git("switch", "--quiet", "main"):
                self._git("checkout", "--quiet", "--", ".")
                time.sleep(0.05)

    def _merge(self, dice: random.Random) -> None:
        """A word committed on another branch, merged here; given up when Git does not take it."""
        word = f"side{len(self.words)}"
        place = self._house.repository.parent / f"side-{os.getpid()}"
        if not self._git("worktree", "add", "--quiet", "--force", "-B", "side", str(place), "main"):
            return
        try:
            path = place / self._page
            lines = path.read_text("utf-8").splitlines(keepends=True)
            lines.insert(dice.randint(1, len(lines)), f"{word}\n")
            path.write_text("".join(lines), "utf-8")
            git(place, "commit", "--quiet", "--all", "--message", f"Say {word}")
        finally:
            self._git("worktree", "remove", "--force", str(place))
        if self._git("merge", "--quiet", "--no-edit", "side"):
            self.words.append(word)
        else:
            self._git("merge", "--abort")

    def _gc(self, _: random.Random) -> None:
        self._git("gc", "--quiet")

    def _lock(self, dice: random.Random) -> None:
        """Another Git command holds the index for a moment."""
        lock = self._house.repository / ".git" / "index.lock"
        try:
            lock.touch(exist_ok=False)
        except FileExistsError:
            return
        time.sleep(dice.uniform(0.05, 0.5))
        lock.unlink(missing_ok=True)
