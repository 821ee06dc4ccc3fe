"""`kill -9` of the server and its worker while commits go to the remote and come from it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

from .house import House, until
from .test_remotes import WHO, hub_of

OTHER = "docs/other.md"
KILLS = 4


class Writer:
    """Somebody who puts a numbered word into a line of the page, and commits it."""

    def __init__(self, folder: Path, line: str, mark: str) -> None:
        self.folder, self.line, self.mark, self.count = folder, line, mark, 0

    def git(self, *words: str) -> bool:
        done = subprocess.run(["git", *WHO, *words], cwd=self.folder, capture_output=True)
        return done.returncode == 0

    def commit(self) -> bool:
        """Change the line, in a new file renamed over the old one as vim does."""
        path = self.folder / OTHER
        text = path.read_text().replace(self.line, f"{self.line} {self.mark}{self.count}.", 1)
        fresh = path.with_name("4913~")
        fresh.write_text(text)
        fresh.rename(path)
        done = self.git("commit", "--quiet", "--message", self.mark, "--", OTHER)
        if not done:
            self.git("checkout", "--quiet", "HEAD", "--", OTHER)
        return done

    @property
    def words(self) -> list[str]:
        return [f"{self.mark}{number}." for number in range(self.count)]


def kill_everything(house: House) -> None:
    """The server, its worker, and the Git they had started; not its database."""
    for pid in house.processes():
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"postgres" not in line and b"valkey" not in line:
                os.kill(pid, signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            continue
    house.kill()


def test_killed_again_and_again_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """Bob pushes to the hub, Ada commits in the server's folder, and every little while all of it is
    killed: at the end each word stands once on both sides, and both folders are clean.
    """
    chance = random.Random(1)
    house = House(
        tmp_path / "0", {OTHER: "# Other\n\nfirst\n\nmiddle\n\nthird\n"}, remote="origin",
        remote_seconds=0.5, quiet_seconds=0.5,
    )  # fmt: skip
    hub, clone = hub_of(house, tmp_path)
    ada, bob = Writer(house.repository, "first", "a"), Writer(clone, "third", "b")
    house.start()
    try:
        for _ in range(KILLS):
            until_then = time.monotonic() + chance.uniform(0.5, 2.0)
            while time.monotonic() < until_then:
                bob.git("pull", "--quiet", "--rebase")
                if bob.commit() and bob.git("push", "--quiet"):
                    bob.count += 1
                else:
                    bob.git("reset", "--quiet", "--hard", "origin/main")
                ada.count += ada.commit()
            kill_everything(house)
            house.start()
        until(lambda: house.git("rev-parse", "main") == house.run_git(hub, "rev-parse", "main"), 60)
        until(lambda: house.git("status", "--porcelain", "--untracked-files=no") == "", 20)
        until(lambda: house.git("rev-parse", "main") == house.run_git(hub, "rev-parse", "main"), 20)
        found = house.run_git(hub, "show", f"main:{OTHER}").split()
        assert min(ada.count, bob.count) > KILLS
        for word in (*ada.words, *bob.words):
            assert found.count(word) == 1, (word, " ".join(found))
        assert house.file(OTHER).split() == found
        assert house.git("fsck", "--strict", "--no-dangling") == ""
    finally:
        house.stop()
