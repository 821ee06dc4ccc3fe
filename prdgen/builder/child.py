"""Child processes without secrets: clean environment, no network, limits, one process group."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

from prdgen.builder import errors

_LAUNCHER: Final = Path(__file__).with_name("launch.py")
_PACKAGE_PARENT: Final = Path(__file__).resolve().parents[2]
_STDERR_KEPT: Final = 2000
_PATIENCE: Final = 1.0
_LOOK: Final = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use."""

    cpu: int = 60
    """Seconds of processor time."""
    memory_bytes: int = 4 * 1024**3
    """Address space; generous, because libraries map far more than they touch."""
    file_bytes: int = 256 * 1024**2
    """The largest file it may write."""
    nice: int = 0
    """How far it steps back behind everyone else who wants a processor."""


def run_module(
    module: str,
    data: bytes,
    *,
    what: str,
    seconds: float,
    limits: Limits | None = None,
    folder: Path | None = None,
    watch: Callable[[], None] | None = None,
) -> bytes:
    """What `python -m module` prints when it is given `data`; as `run` does it, and raises."""
    return run(
        _python(module), data, what=what, seconds=seconds, limits=limits, folder=folder, watch=watch
    )


def run(
    argv: Sequence[str],
    data: bytes = b"",
    *,
    what: str,
    seconds: float,
    limits: Limits | None = None,
    folder: Path | None = None,
    watch: Callable[[], None] | None = None,
) -> bytes:
    """What the program prints when it is given `data`.

    It sees none of this process' environment, open files or network, runs in `folder` or an empty
    one, and dies with its whole process group when the time is over or this process ends. `watch` is
    called every second and stops it by raising. Blocks; call it in a thread. Raises ChildFailed (with
    the end of its error output), ChildTookTooLong, and what `watch` raises.
    """
    with tempfile.TemporaryDirectory(prefix="prdgen-child-") as scratch:
        process = _start(argv, limits, folder or Path(scratch), scratch, subprocess.PIPE)
        try:
            output, said = _talk(process, data, seconds, watch)
        except subprocess.TimeoutExpired as error:
            raise errors.ChildTookTooLong(what=what, expected=f"{seconds:g}") from error
        finally:
            _kill_group(process)
    if process.returncode != 0:
        raise errors.ChildFailed(what=what, got=_reason(process.returncode, said))
    return output


def _talk(
    process: subprocess.Popen[bytes], data: bytes, seconds: float, watch: Callable[[], None] | None
) -> tuple[bytes, bytes]:
    """What it prints, and what it prints as an error; raises TimeoutExpired and what `watch` raises."""
    if watch is None:
        return process.communicate(data, timeout=seconds)
    with futures.ThreadPoolExecutor(1) as thread:
        said = thread.submit(process.communicate, data, seconds)
        while not futures.wait([said], _LOOK).done:
            try:
                watch()
            except BaseException:
                # Or the thread would wait for it.
                _kill_group(process)
                raise
        return said.result()


class Program:
    """A program that is running and answers what it is asked on its standard input.

    A context manager; it is confined as `run` says and gone when the context ends.
    """

    def __init__(
        self, argv: Sequence[str], *, what: str, seconds: float, limits: Limits | None = None
    ) -> None:
        self._what, self._seconds = what, seconds
        self._scratch = tempfile.TemporaryDirectory(prefix="prdgen-child-")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the program
        self._late = False
        scratch = self._scratch.name
        self._process = _start(argv, limits, Path(scratch), scratch, self._errors)
        self._alarm = threading.Timer(seconds, self._stop)
        self._alarm.daemon = True
        self._alarm.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._alarm.cancel()
        _kill_group(self._process)
        self._errors.close()
        self._scratch.cleanup()

    def ask(self, question: bytes, end: bytes) -> bytes:
        """The answer to `question`; the byte `end` closes both and is in neither. Raises ChildFailed,
        ChildTookTooLong. Blocks.
        """
        answer = bytearray()
        with contextlib.suppress(BrokenPipeError):
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(question + end)
            self._process.stdin.flush()
            while not answer.endswith(end) and (
                more := os.read(self._process.stdout.fileno(), 1 << 16)
            ):
                answer += more
        if answer.endswith(end):
            return bytes(answer[: -len(end)])
        raise self._failure(self._process.wait())

    def end(self) -> None:
        """Ask nothing more and wait until it has ended by itself. Raises ChildFailed,
        ChildTookTooLong. Blocks.
        """
        assert self._process.stdin
        self._process.stdin.close()
        code = self._process.wait()
        if code:
            raise self._failure(code)

    def _failure(self, code: int) -> errors.ChildFailed | errors.ChildTookTooLong:
        if self._late:
            return errors.ChildTookTooLong(what=self._what, expected=f"{self._seconds:g}")
        self._errors.seek(0)
        return errors.ChildFailed(what=self._what, got=_reason(code, self._errors.read()))

    def _stop(self) -> None:
        self._late = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


class Workers:
    """Child processes that answer questions; see `serve`.

    Questions are pickled, since they come from us. Answers are lines of JSON, since the children have
    read what anybody wrote. One process is started; the others are its forks, so that what all of
    them import is imported once.

    A context manager; the children are confined as `run` says and gone when the context ends.
    """

    def __init__(
        self, module: str, count: int, *, what: str, seconds: float, limits: Limits | None = None
    ) -> None:
        self._what, self._seconds = what, seconds
        self._scratch = tempfile.TemporaryDirectory(prefix="prdgen-child-")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the workers
        self._late = False
        pairs = [socket.socketpair() for _ in range(count)]
        theirs = [pair[1].fileno() for pair in pairs]
        self._process = _start(
            [*_python(module), *map(str, theirs)], limits, Path(self._scratch.name),
            self._scratch.name, self._errors, theirs,
        )  # fmt: skip
        for _, their in pairs:
            their.close()
        self._ours = [ours for ours, _ in pairs]
        self._pipes = [(ours.makefile("wb"), ours.makefile("rb")) for ours in self._ours]
        self._alarm = threading.Timer(seconds, self._stop)
        self._alarm.daemon = True
        self._alarm.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self._alarm.cancel()
        if failed is not None:
            # Whoever still waits for an answer would hold its connection.
            self._stop_group()
        for pipe in (*(each for pair in self._pipes for each in pair), *self._ours):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                pipe.close()
        if failed is None:
            # They end by themselves, and what they used is counted as ours.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE)
        _kill_group(self._process)
        self._errors.close()
        self._scratch.cleanup()

    def __len__(self) -> int:
        return len(self._ours)

    def ask(self, number: int, question: Any) -> Any:
        """The answer of one child, counted from 0. Raises ChildFailed, ChildTookTooLong. Blocks."""
        asking, answering = self._pipes[number]
        answer = b""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            pickle.dump(question, asking, pickle.HIGHEST_PROTOCOL)
            asking.flush()
            answer = answering.readline()
        if answer.endswith(b"\n"):
            return json.loads(answer)
        if self._late:
            raise errors.ChildTookTooLong(what=self._what, expected=f"{self._seconds:g}")
        raise errors.ChildFailed(what=self._what, got=self._said())

    def _said(self) -> str:
        """What the children wrote before one of them ended; that one waits for its parent, us or the
        first child, to look at it.
        """
        self._errors.seek(0)
        said = self._errors.read()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return _reason(self._process.wait(0.5), said)
        return _reason(1, said)

    def _stop(self) -> None:
        self._late = True
        self._stop_group()

    def _stop_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def serve(answer: Callable[[Any], Any]) -> None:
    """The children's side of Workers: each answers its questions until there are no more, then the
    process ends.
    """
    first, *others = map(int, sys.argv[1:])
    mine, forks = first, list[int]()
    for number, other in enumerate(others):
        fork = os.fork()
        if fork == 0:
            # One end of each connection in one process only, so that its end is noticed.
            for another in (first, *others[number + 1 :]):
                os.close(another)
            mine, forks = other, []
            break
        os.close(other)
        forks.append(fork)
    _answer(mine, answer)
    for fork in forks:
        os.waitpid(fork, 0)
    # Nothing is left to be done, and tidying up a large heap takes its time.
    os._exit(0)


def _answer(connection: int, answer: Callable[[Any], Any]) -> None:
    with socket.socket(fileno=connection) as open_connection:
        asked = open_connection.makefile("rb")
        answers = open_connection.makefile("w", encoding="utf-8")
        while True:
            try:
                question = pickle.load(asked)  # noqa: S301 - our own parent asks
            except EOFError:
                return
            answers.write(json.dumps(answer(question), ensure_ascii=False) + "\n")
            answers.flush()


def _python(module: str) -> list[str]:
    # -P: the working folder is never searched for modules, -s: nor the user's own packages.
    return [sys.executable, "-P", "-s", "-m", module]


def _start(
    argv: Sequence[str],
    limits: Limits | None,
    folder: Path,
    scratch: str,
    stderr: int | IO[bytes],
    passed: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    bounds = json.dumps(asdict(limits or Limits()))
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_LAUNCHER), bounds, *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd=folder,
        env=clean_environment(scratch),
        start_new_session=True,
        close_fds=True,
        pass_fds=passed,
    )


def clean_environment(scratch: str) -> dict[str, str]:
    """The whole environment of a child: nothing of it comes from ours but the search path."""
    return {
        "PATH": os.defpath,
        "HOME": scratch,
        "TMPDIR": scratch,
        "XDG_CACHE_HOME": scratch,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_PACKAGE_PARENT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "315532800",
    }


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _reason(returncode: int, stderr: bytes) -> str:
    said = stderr.decode("utf-8", "replace").strip()[-_STDERR_KEPT:]
    if returncode < 0:
        said = f"killed by {signal.Signals(-returncode).name} {said}".strip()
    return said or f"exit code {returncode}"
