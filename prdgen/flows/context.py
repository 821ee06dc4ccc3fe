"""The house as one value: everything a flow needs, opened and closed in one place."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING
from uuid import UUID

import anyio.to_thread

from prdgen import ids
from prdgen.bus.bus import Bus
from prdgen.crdt import guard
from prdgen.embedded.services import open_services
from prdgen.flows import clone as clones
from prdgen.flows.clone import Clone
from prdgen.flows.errors import AlreadyServed
from prdgen.git.repository import Repository
from prdgen.jobs.queue import Queue
from prdgen.jobs.tasks import Task
from prdgen.settings import Settings
from prdgen.store.database import Store

if TYPE_CHECKING:
    from prdgen.flows.keep import Keeper
    from prdgen.sync.rooms import Rooms

REPOSITORY_KEY = "prdgen.repositoryid"
_SERVED = "server.lock"


@dataclass(slots=True, kw_only=True)
class App(Clone):
    """What one process has open. Flows take it as their first argument and keep nothing else."""

    repository_id: UUID
    store: Store
    bus: Bus
    queue: Queue = field(init=False)
    process_id: str = field(init=False)
    rooms: Rooms | None = None
    keeper: Keeper | None = None
    database_url: str = ""
    redis_url: str = ""

    def __post_init__(self) -> None:
        self.process_id = f"{self.clone_id}-{secrets.token_hex(8)}"

    @property
    def change_limits(self) -> guard.Limits:
        """How much one change and one message may hold, by the settings."""
        return guard.Limits(
            operations=self.settings.operations_limit, message_bytes=self.settings.message_limit
        )

    @property
    def clone_id(self) -> str:
        """A name for this clone on this machine: what its processes have in common."""
        place = f"{platform.node()}\0{self.state_dir}"
        return hashlib.sha256(place.encode()).hexdigest()[:12]


def identify(repository: Repository) -> UUID:
    """The repository's id: from Git's configuration, or made from the first commit and kept there.

    It survives the database and moves with nothing else; raises NoCommits.
    """
    if known := repository.config_get(REPOSITORY_KEY):
        return UUID(known)
    made = ids.repository_id(repository.root_commit())
    repository.config_set(REPOSITORY_KEY, str(made))
    return made


def hold_clone(settings: Settings) -> IO[str]:
    """The lock that one server holds on a clone while it is open; it says which process serves at
    which address. Raises AlreadyServed, and what opening the clone raises.
    """
    clone = clones.open_clone(settings)
    clone.state_dir.mkdir(parents=True, exist_ok=True)
    lock = (clone.state_dir / _SERVED).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        pid, *address = lock.read().split() or ["unknown"]
        lock.close()
        where = f"{clone.repository.work_tree}, at {address[0]}" if address else clone.state_dir
        raise AlreadyServed(got=pid, where=where) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()} {clones.base_url(settings)}\n")
    lock.flush()
    return lock


def served_at(app: App) -> str:
    """Where a server that works on this clone is reached now, or would be."""
    try:
        pid, address = (app.state_dir / _SERVED).read_text("utf-8").split()
        os.kill(int(pid), 0)
    except (OSError, ValueError):  # no server noted itself, or it is gone
        return clones.base_url(app.settings)
    return address


@asynccontextmanager
async def open_app(
    settings: Settings, tasks: Callable[[App], Sequence[Task]]
) -> AsyncIterator[App]:
    """Open the repository, the services and the store; close them in the opposite order.

    `tasks` makes the background tasks this process may defer (see `table`).
    """
    clone = await anyio.to_thread.run_sync(clones.open_clone, settings)
    repository, state_dir = clone.repository, clone.state_dir
    repository_id = identify(repository)
    async with AsyncExitStack() as stack:
        embedded = await stack.enter_async_context(
            open_services(
                state_dir,
                postgres_too=not settings.database_url,
                valkey_too=not settings.redis_url,
            )
        )
        database_url = settings.database_url or (embedded.postgres and embedded.postgres.url) or ""
        redis_url = settings.redis_url or (embedded.valkey and embedded.valkey.url) or ""
        store = await Store.open(database_url)
        stack.push_async_callback(store.close)
        await store.migrate()
        bus = await Bus.open(redis_url)
        stack.push_async_callback(bus.close)
        app = App(
            settings=settings,
            repository=repository,
            repository_id=repository_id,
            main_branch=clone.main_branch,
            state_dir=state_dir,
            store=store,
            bus=bus,
            database_url=database_url,
            redis_url=redis_url,
        )
        app.queue = await Queue.open(database_url, tasks(app))
        stack.push_async_callback(app.queue.close)
        yield app
