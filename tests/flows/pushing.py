"""A house behind a real port, and people who work on it with nothing but `git`."""

import asyncio
import base64
import os
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from git.repos import Repo
from server import house as served

from prdgen.server import app as app_module
from prdgen.store import access, people

ROLES = "default: editor\nolga@example.org: owner\nmax@example.org: maintainer\nrita@example.org: reader\n"


@dataclass(frozen=True)
class Done:
    """How a `git` command ended, and what it said."""

    code: int
    said: str

    @property
    def ok(self) -> bool:
        return self.code == 0


class Clone(Repo):
    """Somebody's clone, with `await clone.run(…)` for commands that talk to the server."""

    async def run(self, *words: str) -> Done:
        return await git(self.path, *words)

    async def push(self, *words: str) -> Done:
        """A push, and what the server does after its answer."""
        done = await self.run("push", *(words or ("origin", "HEAD")))
        if going_on := [each for each in asyncio.all_tasks() if each.get_name() == "git push"]:
            await asyncio.wait(going_on, timeout=30)
        return done


async def git(folder: Path, *words: str) -> Done:
    def work() -> Done:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, errors="replace",
            env={**os.environ, "GIT_AUTHOR_NAME": "Eve", "GIT_AUTHOR_EMAIL": "eve@example.org",
                 "GIT_COMMITTER_NAME": "Eve", "GIT_COMMITTER_EMAIL": "eve@example.org"},
        )  # fmt: skip
        return Done(done.returncode, done.stdout + done.stderr)

    return await asyncio.to_thread(work)


class Server:
    """The house's address, and clones of it."""

    def __init__(self, house, place: str, folder: Path) -> None:
        self.house, self.place, self.folder = house, place, folder

    async def token(self, name: str, scope: str = "write") -> str:
        email = f"{name}@example.org"
        async with self.house.app.store.transaction() as tx:
            person = await people.get_by_email(tx, email) or await people.create(
                tx, name.title(), email, "#123456"
            )
            token, _ = await access.make_token(tx, person.id, "git", scope)
        return token

    async def address(self, name: str, scope: str = "write") -> str:
        return f"http://git:{await self.token(name, scope)}@{self.place}/git/"

    async def header(self, name: str) -> dict[str, str]:
        basic = base64.b64encode(f"git:{await self.token(name)}".encode()).decode()
        return {"authorization": f"Basic {basic}"}

    async def clone(self, name: str = "bob", *options: str, scope: str = "write") -> Clone:
        folder = self.folder / f"{name}-{len(list(self.folder.iterdir()))}"
        done = await git(
            self.folder, "clone", "--quiet", *options, await self.address(name, scope), str(folder)
        )
        assert done.ok, done.said
        return Clone(folder)


@asynccontextmanager
async def serving(house, folder: Path):
    """A server for an open house."""
    folder.mkdir(exist_ok=True)
    seen = SimpleNamespace(served=app_module.create_app(house.app))
    async with served.on_a_port(seen) as place:
        yield Server(house, place, folder)
