"""A whole house on a real repository, with editors that speak the official protocol to it."""

from __future__ import annotations

import asyncio
import os
import subprocess
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from automerge import core
from git.repos import Repo
from sync import harness

from prdgen import background, ids
from prdgen.crdt import wire
from prdgen.flows import context, edit, house, table
from prdgen.flows import open as open_flow
from prdgen.flows.open import Claim
from prdgen.jobs.worker import Worker
from prdgen.settings import Settings
from prdgen.store import people
from prdgen.sync.connection import Admitted
from prdgen.sync.peer import Who

QUICK = {"quiet_seconds": 3600.0, "write_seconds": 0.02, "settle_seconds": 0.03}
"""Files at once; commits only when a test wants one (`quiet_seconds` far away)."""


class House:
    """An open App with rooms, keeper and watcher over a repository of the test's own."""

    def __init__(self, repo: Repo, database_url: str, redis_url: str, **options):
        values = {"database_url": database_url, "redis_url": redis_url, **QUICK, **options}
        self.repo = repo
        self.settings = Settings(repository=repo.path, **values)
        self.people = {}

    async def open(self):
        self.stack = AsyncExitStack()
        self.stop = asyncio.Event()
        self.editors = []
        process_id = self.stack.enter_context(context.joined(self.settings))
        self.app = await self.stack.enter_async_context(
            context.open_app(self.settings, table.tasks, process_id)
        )
        self._live = house.live(self.app, self.stop)
        await self._live.__aenter__()
        for name in ("ann", "bob"):
            await self.person(name)
        return self

    async def person(self, name: str):
        email = f"{name}@example.org"
        async with self.app.store.transaction() as tx:
            found = await people.get_by_email(tx, email)
            self.people[name] = found or await people.create(tx, name.title(), email, "#123456")
        return self.people[name]

    async def close(self):
        """Stop as on SIGTERM."""
        await self._live.__aexit__(None, None, None)
        for editor in self.editors:
            await editor.leave()
        await self.stack.aclose()

    async def crash(self):
        """Stop as after `kill -9`: nothing is written, committed or let go of."""
        keeper, rooms = self.app.keeper, self.app.rooms
        self.stop.set()
        ours = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await background.end(task for task in ours if _is_house(task))
        for editor in self.editors:
            await editor.leave()
        keeper._lives.clear()
        rooms._rooms.clear()
        await self._live.__aexit__(None, None, None)
        await self.stack.aclose()

    def second(self, **options):
        """Another house on the same repository and services."""
        made = House(self.repo, self.settings.database_url, self.settings.redis_url)
        made.settings = replace(self.settings, **options)
        return made

    async def opener(self, document_id, claim):
        room = await house.opener(self.app, document_id, claim)
        return None if room is None else Admitted(room, can_write=True)

    async def editor(self, name="ann", page="one.md", branch="main"):
        """`name` opens a page in a browser, and has its text when this returns."""
        opened = await open_flow.document(self.app, branch, page)
        assert opened.document is not None, opened.read_only_reason
        row = opened.document
        claim = Claim(branch, page, row.base_commit, row.n)
        editor = Editor(self.people[name].name, document_id=row.id, claim=claim)
        await editor.open(self, self.people[name])
        return editor

    def live(self, page="one.md", branch="main"):
        """The kept document of a page; raises LookupError."""
        found = [
            live
            for live in self.app.keeper.all()
            if (live.page_path, live.branch) == (page, branch)
        ]
        return found[0]

    def text(self, page="one.md", branch="main"):
        return self.live(page, branch).room.text

    async def save(self, name="ann", message=None, page="one.md", branch="main"):
        """`name` saves a version of a page."""
        return await edit.save_version(self.app, branch, page, message, self.people[name].id)

    async def work(self):
        """Do the jobs that are due."""
        await Worker(self.app.queue).run_until_idle()

    async def events(self, *types):
        """(type, page) of the recorded events of these types, oldest first."""
        async with self.app.store.transaction() as tx:
            cursor = await tx.execute(
                "SELECT type, page_path FROM event_log WHERE type = ANY(%s) ORDER BY position",
                [list(types)],
            )
            return await cursor.fetchall()


def _is_house(task: asyncio.Task) -> bool:
    name = task.get_name()
    return name.startswith(
        (
            "room ",
            "keep ",
            "hold ",
            "watch",
            "adopt",
            "relay",
            "bus",
            "leases",
            "sweep",
            "consumer",
            "displaced",
        )
    )


class _Outbox:
    """Messages go to the server as they come."""

    def __init__(self):
        self.queue = asyncio.Queue()

    def append(self, message):
        self.queue.put_nowait(wire.encode(message))


class Editor(harness.Client):
    """A browser tab: connected through `Rooms.connect`, always listening."""

    @property
    def claim_id(self):
        return ids.parse_document_name(self.document_name)

    async def open(self, of: House, person=None):
        if person is not None:
            self.who = Who(person.id, person.name, person.color)
        self.server_heads, self.state, self.target = [], core.SyncState(), None
        self.outbox = _Outbox()
        self.connection = of.app.rooms.connect(self.who, of.opener, self.claim)
        self.peer_id = f"{self.name}-{os.urandom(4).hex()}"
        self.outbox.append(wire.Join(self.peer_id, metadata=wire.Metadata(None, True)))
        self.serving = asyncio.create_task(
            self.connection.run(self.outbox.queue.get, self._write), name=f"editor {self.name}"
        )
        of.editors.append(self)
        await self.until(lambda: self.text is not None)

    async def _write(self, data):
        self._hear(wire.decode(data))

    async def leave(self):
        """Close the tab."""
        if self.connection is not None:
            self.outbox.queue.put_nowait(None)
            self.closing = await self.serving
            self.connection = None

    async def until(self, holds, seconds=15.0):
        await until(holds, seconds, lambda: f"{self.name} has {self.text!r}")

    async def write(self, text, after=None):
        """Type `text` (at the end, or behind the words `after`) and see "Saved"."""
        at = None if after is None else self.text.index(after) + len(after)
        self.type(text, at)
        await self.until(lambda: self.saved)

    async def replace(self, old, new):
        """Replace words, as two small edits, and see "Saved"."""
        at = self.text.index(old)
        self.delete(at, len(old))
        self.type(new, at)
        await self.until(lambda: self.saved)


async def until(holds, seconds=15.0, say=lambda: ""):
    """Wait for a state; fail, and say what is there, when it does not come."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (found := _holds(holds)):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"did not come to hold in {seconds} s: {say()}")
        await asyncio.sleep(0.005)
    return found


def _holds(holds):
    try:
        return holds()
    except LookupError:
        return False


def vim(path: Path, data: bytes | str):
    """Save as vim does: write a new file, rename it over the old one."""
    new = path.with_name(f"{path.name}.4913~")
    new.write_bytes(data.encode() if isinstance(data, str) else data)
    new.rename(path)


def fsck(repo: Repo) -> str:
    done = subprocess.run(
        ["git", "fsck", "--strict", "--no-dangling"], cwd=repo.path, text=True, capture_output=True
    )
    return done.stdout + done.stderr


def blame(repo: Repo, page="one.md", branch="main") -> list[tuple[str, str]]:
    """(author, line) of each line of a page at a branch."""
    found = repo.git("blame", "--line-porcelain", branch, "--", page).split("\n")
    names = [line.removeprefix("author ") for line in found if line.startswith("author ")]
    return list(zip(names, (line[1:] for line in found if line.startswith("\t")), strict=True))


def recovered(repo) -> list[str]:
    """The drafts of recovered text whose text is there: each begins at the main branch's commit."""
    tips = repo.opened.branches()
    return [
        name for name, tip in tips.items() if name.startswith("recovered/") and tip != tips["main"]
    ]
