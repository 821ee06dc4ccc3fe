"""Runs `git` in a clean environment: no leaked variables, no foreign code, a time limit."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prdgen.git.errors import GitFailed, GitMissing

# A hook or signing program gets what it needs to find its files and agents, and no secrets.
_KEPT: Final = (
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK", "GNUPGHOME", "SYSTEMROOT", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
)  # fmt: skip
_OPTIONS: Final = (
    "--no-pager",
    "-c", "core.fsmonitor=false",
    "-c", "core.quotePath=false",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "log.showSignature=false",
)  # fmt: skip

_PART_BYTES: Final = 1 << 16
_LOOK_SECONDS: Final = 0.5

_running: set[subprocess.Popen[bytes]] = set()
"""Commands that somebody in this process waits for."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a `git` command ended."""

    code: int
    output: bytes
    complaint: str
    """What it wrote to standard error, for people."""


class TimedOut(Exception):
    """The command was stopped, with everything it had started, after its time limit."""


class WasSilent(TimedOut):
    """It was stopped because it had printed nothing for too long."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables `git` gets: none of Git's own but where its configuration is, and no secrets."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    fixed = {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_EDITOR": ":",
        "GIT_PAGER": "cat",
    }
    return {**kept, **fixed, **(extra or {})}


def command(hooks: Path, configuration: Mapping[str, str], *arguments: str) -> list[str]:
    """The words of a `git` command that is run elsewhere, with only the hooks in `hooks`."""
    settings = {"core.hooksPath": str(hooks), **configuration}
    given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return ["git", *_OPTIONS, *given, *arguments]


def run(
    cwd: Path,
    *arguments: str,
    data: bytes | None = None,
    variables: Mapping[str, str] | None = None,
    seconds: float = 60.0,
    silence: float | None = None,
    hooks: Path | None = None,
) -> Done:
    """Run `git` in `cwd` and wait. Repository hooks do not run unless `hooks` names their folder.

    After `seconds`, or `silence` seconds in which it printed nothing, the whole process group is killed
    and TimedOut or WasSilent raised. Whoever gives an argument that came from outside puts
    `--end-of-options` or `--` before it; whoever gives `silence` has Git show its progress, and gives no
    `data`.
    """
    # Git hands these options on to hooks, whose own pathspecs must keep their meaning.
    own = ("--literal-pathspecs",) if hooks is None else ()
    where = f"core.hooksPath={hooks or os.devnull}"
    call = ["git", *own, *_OPTIONS, "-c", where, *arguments]
    try:
        process = subprocess.Popen(
            call,
            cwd=cwd,
            env=environment(variables),
            stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise
        raise GitMissing from error
    with process:
        _running.add(process)
        talk = _talk if hooks is None else _talk_until
        try:
            if silence is None:
                printed, complaint = talk(process, data, seconds)
            else:
                printed, complaint = _listen(process, seconds, silence, _shown(arguments))
        except BaseException as error:
            _kill(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise TimedOut(_shown(arguments)) from error
            raise
        finally:
            _running.discard(process)
    return Done(process.returncode, printed, complaint.decode("utf-8", "replace").strip())


def end_all() -> None:
    """Ask every command that runs now to end, with everything it had started, for a process that has to
    end and would leave behind what waits for a remote. Git takes its lock files away; whoever waits
    for the command sees it fail.
    """
    for process in list(_running):
        if process.poll() is None:
            _kill(process, signal.SIGTERM)


def _talk(
    process: subprocess.Popen[bytes], data: bytes | None, seconds: float
) -> tuple[bytes, bytes]:
    """Git alone: waits for the end of its output, which is quicker than looking at the clock."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        printed, complaint = process.communicate(data)
    finally:
        timer.cancel()
    if late.is_set():
        raise subprocess.TimeoutExpired(process.args, seconds)
    return printed, complaint


def _listen(
    process: subprocess.Popen[bytes], seconds: float, silence: float, shown: str
) -> tuple[bytes, bytes]:
    """What it prints, up to its end: what it started may keep its output open. Raises TimedOut and WasSilent."""
    assert process.stdout is not None
    assert process.stderr is not None
    heard = time.monotonic()
    ends = heard + seconds
    parts: dict[int, list[bytes]] = {}
    with selectors.DefaultSelector() as open_still:
        for stream in (process.stdout, process.stderr):
            parts[stream.fileno()] = []
            open_still.register(stream.fileno(), selectors.EVENT_READ)
        while open_still.get_map():
            over = process.poll() is not None  # before a look finds everything it had said
            ready = open_still.select(0.0 if over else min(_LOOK_SECONDS, silence))
            if over and not ready:
                break
            if (now := time.monotonic()) >= ends:
                raise TimedOut(shown)
            if not ready and now >= heard + silence:
                raise WasSilent(shown)
            for key, _ in ready:
                if part := os.read(key.fd, _PART_BYTES):
                    parts[key.fd].append(part)
                    heard = time.monotonic()
                else:
                    open_still.unregister(key.fd)
    process.wait(max(ends - time.monotonic(), 1.0))
    return b"".join(parts[process.stdout.fileno()]), b"".join(parts[process.stderr.fileno()])


def _talk_until(
    process: subprocess.Popen[bytes], data: bytes | None, seconds: float
) -> tuple[bytes, bytes]:
    """With hooks: something they started may keep the output open after Git has been killed."""
    return process.communicate(data, timeout=seconds)


def output(cwd: Path, *arguments: str, data: bytes | None = None, seconds: float = 60.0) -> bytes:
    """What `git` printed; raises GitFailed when it did not end with 0."""
    done = run(cwd, *arguments, data=data, seconds=seconds)
    if done.code:
        raise failure(arguments, done)
    return done.output


def failure(arguments: Sequence[str], done: Done) -> GitFailed:
    """The error for a command that did not end with 0."""
    return GitFailed(command=_shown(arguments), code=done.code, output=done.complaint[-2000:])


def _kill(process: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _shown(arguments: Sequence[str]) -> str:
    return " ".join(arguments)[:200]
