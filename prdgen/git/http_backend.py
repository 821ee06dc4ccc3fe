"""`git http-backend` as a child of the server: bytes both ways, and its hooks that ask the server."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prdgen.git import process
from prdgen.git.errors import GitFailed, GitMissing
from prdgen.git.repository import Repository
from prdgen.git.values import Signature

log = logging.getLogger(__name__)
_CHUNK: Final = 65_536
_HEADER_BYTES: Final = 65_536
_END_SECONDS: Final = 5.0
_COMPLAINT: Final = 4_000
_ASKING: Final = ("pre-receive", "post-receive")
# The pipes are the server's: when it dies the question ends, and with it the push.
_HOOK: Final = """#!/bin/sh
exec 8>"/dev/fd/$PRDGEN_ASK" 9<"/dev/fd/$PRDGEN_ANSWER" || exit 1
{ printf '%s\\n' "${0##*/}" "$GIT_OBJECT_DIRECTORY" && cat && echo .; } >&8 || exit 1
while IFS= read -r line <&9; do
  case $line in
    yes) exit 0 ;;
    no) exit 1 ;;
    *) printf '%s\\n' "${line#|}" >&2 ;;
  esac
done
exit 1
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a Git client, as CGI wants it."""

    path: str
    """`/info/refs`, `/git-upload-pack` or `/git-receive-pack`."""
    method: str
    query: str
    content_type: str
    content_length: int | None
    content_encoding: str
    protocol: str
    """The header Git-Protocol."""
    address: str
    who: Signature
    """Who is signed in; the reflog names them."""


@dataclass(frozen=True, slots=True)
class Update:
    """One ref that a push wants to change; None: there is none before, or after."""

    ref: bytes
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """What a hook asks: before the refs move (`pre-receive`) or after (`post-receive`)."""

    hook: str
    quarantine: str
    """The folder of the pushed objects until the push is accepted."""
    updates: tuple[Update, ...]


class _Pipe:
    """Our end of a pipe, read as it fills.

    Not by `connect_read_pipe`: uvloop closes the number of such a pipe twice, and the second time it may
    be that of a file which another thread has just opened.
    """

    def __init__(self, descriptor: int) -> None:
        self.reader = asyncio.StreamReader()
        self._descriptor: int | None = descriptor
        os.set_blocking(descriptor, False)
        asyncio.get_running_loop().add_reader(descriptor, self._read, descriptor)

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        if data:
            self.reader.feed_data(data)
        else:
            self.close()

    def close(self) -> None:
        """Nothing more is read; again does no harm."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)
            self.reader.feed_eof()


class Backend:
    """A running `git http-backend`. Read `start`, then `chunks`; `write` the body meanwhile."""

    def __init__(self, child: asyncio.subprocess.Process, ask: _Pipe, answer: int) -> None:
        self._child, self._ask, self._answer = child, ask, answer
        self._complaint = asyncio.create_task(self._listen(), name="git complaint")

    async def start(self) -> tuple[int, list[tuple[str, str]]]:
        """The status and headers of the answer. Raises GitFailed when there are none."""
        assert self._child.stdout is not None
        try:
            head = await self._child.stdout.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            said = await self._complaint
            raise GitFailed(
                command="http-backend", code=self._child.returncode, output=said
            ) from error
        pairs = [line.partition(": ")[::2] for line in head.decode("latin-1").split("\r\n") if line]
        status = next((value for name, value in pairs if name.lower() == "status"), "200")
        return int(status.split()[0]), [pair for pair in pairs if pair[0].lower() != "status"]

    async def chunks(self) -> AsyncIterator[bytes]:
        """The answer's body, as it comes."""
        assert self._child.stdout is not None
        while chunk := await self._child.stdout.read(_CHUNK):
            yield chunk

    async def write(self, data: bytes) -> bool:
        """Hand on a part of the request's body; False when Git wants no more."""
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(data)
            await self._child.stdin.drain()
        except (BrokenPipeError, ConnectionResetError, RuntimeError):
            return False
        return True

    def end_of_body(self) -> None:
        """There is no more of the body."""
        assert self._child.stdin is not None
        self._child.stdin.close()

    async def questions(self) -> AsyncIterator[Question]:
        """What the hooks of a push ask, until the push is over. Answer each with `reply`."""
        while (hook := await self._line()) is not None:
            quarantine, updates = await self._line() or b"", []
            while (line := await self._line()) not in {b".", None}:
                old, new, ref = (line or b"").split(b" ", 2)
                updates.append(Update(ref, _commit(old), _commit(new)))
            yield Question(hook.decode(), os.fsdecode(quarantine), tuple(updates))

    def reply(self, lines: Sequence[str], *, accept: bool) -> None:
        """Say lines to whoever pushes, and whether the push goes on."""
        said = "".join(f"|{' '.join(line.splitlines())[:500]}\n" for line in lines)
        os.write(self._answer, f"{said}{'yes' if accept else 'no'}\n".encode())

    def stop(self) -> None:
        """Have Git end, and clean up after itself."""
        self._signal(signal.SIGTERM)

    async def close(self) -> None:
        """Wait for the end of Git; one that does not end by itself is asked to, then made to."""
        self.end_of_body()
        try:
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    async with asyncio.timeout(_END_SECONDS):
                        await self._child.wait()
                        break
                except TimeoutError:
                    self._signal(number)
            await self._child.wait()
        finally:
            os.close(self._answer)
            self._ask.close()
        said = await self._complaint
        if said:
            log.info("git http-backend: %s", said)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._child.pid, number)
        except ProcessLookupError:
            return

    async def _line(self) -> bytes | None:
        try:
            return (await self._ask.reader.readuntil(b"\n"))[:-1]
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return None

    async def _listen(self) -> str:
        assert self._child.stderr is not None
        kept = b""
        while chunk := await self._child.stderr.read(_CHUNK):
            kept = (kept + chunk)[-_COMPLAINT:]
        return kept.decode("utf-8", "replace").strip()


async def start(repository: Repository, asked: Asked, *, push_limit: int) -> Backend:
    """Start Git for one request. Nothing that a push can change runs: no hook of the repository, no
    filter, no pager; and a push's own hooks ask through `Backend.questions`. Raises GitMissing.
    """
    ask, ask_end = os.pipe()
    answer_end, answer = os.pipe()
    variables = _variables(repository, asked) | {
        "PRDGEN_ASK": str(ask_end), "PRDGEN_ANSWER": str(answer_end),
    }  # fmt: skip
    try:
        child = await asyncio.create_subprocess_exec(
            *_command(_hooks(repository), push_limit), stdin=-1, stdout=-1, stderr=-1,
            cwd=repository.common_dir, env=process.environment(variables), start_new_session=True,
            pass_fds=(ask_end, answer_end), limit=_HEADER_BYTES,
        )  # fmt: skip
    except BaseException as error:
        os.close(ask)
        os.close(answer)
        if isinstance(error, FileNotFoundError):
            raise GitMissing from error
        raise
    finally:
        os.close(ask_end)
        os.close(answer_end)
    return Backend(child, _Pipe(ask), answer)


def _command(hooks: Path, push_limit: int) -> list[str]:
    return process.command(
        hooks,
        {
            "http.getanyfile": "false",
            "http.uploadpack": "true",
            "http.receivepack": "true",
            "uploadpack.allowFilter": "true",
            "receive.denyCurrentBranch": "ignore",
            "receive.fsckObjects": "true",
            "receive.maxInputSize": str(push_limit),
            "receive.advertisePushOptions": "false",
            "receive.autogc": "false",
            "receive.shallowUpdate": "false",
            "receive.updateServerInfo": "false",
        },
        "http-backend",
    )


def _variables(repository: Repository, asked: Asked) -> dict[str, str]:
    given = {
        "GIT_PROJECT_ROOT": str(repository.common_dir),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": asked.path,
        "REQUEST_METHOD": asked.method,
        "QUERY_STRING": asked.query,
        "CONTENT_TYPE": asked.content_type,
        "REMOTE_USER": asked.who.email,
        "REMOTE_ADDR": asked.address,
        "GIT_COMMITTER_NAME": asked.who.name,
        "GIT_COMMITTER_EMAIL": asked.who.email,
    }
    if asked.content_length is not None:
        given["CONTENT_LENGTH"] = str(asked.content_length)
    if asked.content_encoding:
        given["HTTP_CONTENT_ENCODING"] = asked.content_encoding
    if asked.protocol:
        given["GIT_PROTOCOL"] = asked.protocol
    return given


def _hooks(repository: Repository) -> Path:
    """The folder of the hooks a push runs, and no others: made, or made anew."""
    folder = repository.common_dir / "prdgen" / "push-hooks"
    for name in _ASKING:
        hook = folder / name
        if hook.is_file() and hook.read_text("utf-8") == _HOOK:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{name}.{os.getpid()}"
        fresh.write_text(_HOOK, "utf-8")
        fresh.chmod(0o755)
        fresh.replace(hook)
    return folder


def _commit(name: bytes) -> str | None:
    return None if not name.strip(b"0") else name.decode("ascii", "replace")
