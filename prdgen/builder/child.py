"""Child processes without secrets: clean environment, no network, limits, one process group."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

from prdgen.builder import errors

_LAUNCHER: Final = Path(__file__).with_name("launch.py")
_PACKAGE_PARENT: Final = Path(__file__).resolve().parents[2]
_STDERR_KEPT: Final = 2000


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
    module: str, data: bytes, *, what: str, seconds: float, limits: Limits | None = None
) -> bytes:
    """What `python -m module` prints when it is given `data`; raises as `run` does."""
    return run(_python(module), data, what=what, seconds=seconds, limits=limits)


def run(
    argv: Sequence[str],
    data: bytes = b"",
    *,
    what: str,
    seconds: float,
    limits: Limits | None = None,
    folder: Path | None = None,
) -> bytes:
    """What the program prints when it is given `data`.

    It sees none of this process' environment, open files or network, runs in `folder` or an empty
    one, and dies with its whole process group when the time is over or this process ends. Blocks;
    call it in a thread. Raises ChildFailed (with the end of its error output), ChildTookTooLong.
    """
    with tempfile.TemporaryDirectory(prefix="prdgen-child-") as scratch:
        process = _start(argv, limits, folder or Path(scratch), scratch, subprocess.PIPE)
        try:
            output, said = process.communicate(data, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise errors.ChildTookTooLong(what=what, expected=f"{seconds:g}") from error
        finally:
            _kill_group(process)
    if process.returncode != 0:
        raise errors.ChildFailed(what=what, got=_reason(process.returncode, said))
    return output


class Worker:
    """A child process that answers several questions; see `serve`.

    Questions are pickled, since they come from us. Answers are lines of JSON, since the child has
    read what anybody wrote.

    A context manager; the child is confined as `run` says and gone when the context ends.
    """

    def __init__(
        self, module: str, *, what: str, seconds: float, limits: Limits | None = None
    ) -> None:
        self._what, self._seconds = what, seconds
        self._scratch = tempfile.TemporaryDirectory(prefix="prdgen-child-")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
        self._late = False
        scratch = self._scratch.name
        self._process = _start(_python(module), limits, Path(scratch), scratch, self._errors)
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

    def ask(self, question: Any) -> Any:
        """The child's answer. Raises ChildFailed, ChildTookTooLong. Blocks."""
        asked = pickle.dumps(question, pickle.HIGHEST_PROTOCOL)
        answer = b""
        with contextlib.suppress(BrokenPipeError):
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(asked)
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if answer.endswith(b"\n"):
            return json.loads(answer)
        if self._late:
            raise errors.ChildTookTooLong(what=self._what, expected=f"{self._seconds:g}")
        code = self._process.wait()
        self._errors.seek(0)
        raise errors.ChildFailed(what=self._what, got=_reason(code, self._errors.read()))

    def _stop(self) -> None:
        self._late = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def serve(answer: Callable[[Any], Any]) -> None:
    """The child's side of a Worker: answer each question until there are no more."""
    while True:
        try:
            question = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent asks
        except EOFError:
            return
        sys.stdout.write(json.dumps(answer(question), ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _python(module: str) -> list[str]:
    # -P: the working folder is never searched for modules, -s: nor the user's own packages.
    return [sys.executable, "-P", "-s", "-m", module]


def _start(
    argv: Sequence[str], limits: Limits | None, folder: Path, scratch: str, stderr: int | IO[bytes]
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
