"""Remotes for tests: a bare repository, somebody's clone of it, and HTTP servers that misbehave."""

import asyncio
import os
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

from git.repos import Repo

from prdgen.flows import exchange, remote_report, remote_state

FAR = {"remote": "origin", "remote_seconds": 3600.0, "remote_timeout_seconds": 5.0}
"""Exchanges only when a test has one made."""


def hub_of(repo: Repo, folder: Path) -> Repo:
    """A bare repository that `repo` calls origin."""
    subprocess.run(["git", "clone", "--quiet", "--bare", str(repo.path), str(folder)], check=True)
    repo.git("remote", "add", "origin", str(folder))
    return Repo(folder)


def clone_of(hub: Repo, folder: Path) -> Repo:
    subprocess.run(["git", "clone", "--quiet", str(hub.path), str(folder)], check=True)
    return Repo(folder)


def push(clone: Repo, *words: str) -> str:
    clone.git("push", "--quiet", "origin", *(words or ("HEAD",)))
    return clone.git("rev-parse", "HEAD")


async def trade(house) -> None:
    """One exchange with the remote, as a job does it."""
    await exchange.run(house.app)


def known(house, branch="main"):
    """What the report says of a branch."""
    report = remote_report.of(house.app)
    return next(each for each in report.branches if each.name == branch)


def state(house):
    return remote_state.load(house.app)


@asynccontextmanager
async def answering(answer):
    """A server that does `await answer(reader, writer)` with every connection; gives its address."""
    talks = set()

    async def serve(reader, writer):
        talks.add(asyncio.current_task())
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/team.git"
    finally:
        for talk in talks:
            talk.cancel()
        server.close()


def with_status(status: str, *headers: str):
    """Answers every request with this status."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        lines = [f"HTTP/1.1 {status}", "Content-Length: 5", "Connection: close", *headers]
        writer.write(("\r\n".join(lines) + "\r\n\r\nsorry").encode())
        await writer.drain()

    return answer


def backend(hub: Repo):
    """`git http-backend` of this repository; what it says is passed on as it says it."""

    async def answer(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        lines = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
        given = {name.lower(): value for name, _, value in lines}
        body = await reader.readexactly(int(given.get("content-length", 0)))
        path, _, query = target.partition("?")
        running = await asyncio.create_subprocess_exec(
            "git", "http-backend", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | {
                "GIT_PROJECT_ROOT": str(hub.path), "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "git",
                "PATH_INFO": path.removeprefix("/team.git"), "QUERY_STRING": query,
                "REQUEST_METHOD": method, "CONTENT_LENGTH": str(len(body)),
                "CONTENT_TYPE": given.get("content-type", ""),
                "HTTP_CONTENT_ENCODING": given.get("content-encoding", ""),
                "GIT_PROTOCOL": given.get("git-protocol", ""),
            },
        )  # fmt: skip
        running.stdin.write(body)
        running.stdin.close()
        said = await running.stdout.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + said)
        while part := await running.stdout.read(65536):
            writer.write(part)
            await writer.drain()
        await running.wait()

    return answer


async def silent(reader, writer):
    """Takes the connection and says nothing."""
    await reader.read()
    await asyncio.Event().wait()


async def cutting_off(reader, writer):
    """Ends in the middle of the list of refs."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n"
        b"Content-Type: application/x-git-upload-pack-advertisement\r\n\r\n"
        b"001e# service=git-upload-pack\n0000"
    )
    await writer.drain()
