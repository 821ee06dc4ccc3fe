"""The house as one value: everything a flow needs, opened and closed in one place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import anyio.to_thread

from prdgen import ids
from prdgen.bus.bus import Bus
from prdgen.crdt import guard
from prdgen.embedded.services import open_services
from prdgen.flows import clone as clones
from prdgen.flows import servers
from prdgen.flows.clone import Clone
from prdgen.flows.errors import AlreadyServed
from prdgen.flows.read_site import Levels
from prdgen.forge.client import Answers
from prdgen.git.repository import Repository
from prdgen.jobs.queue import Queue
from prdgen.jobs.tasks import Task
from prdgen.settings import Settings
from prdgen.store.database import Store

if TYPE_CHECKING:
    from prdgen.flows.keep import Keeper
    from prdgen.sync.rooms import Rooms

REPOSITORY_KEY = "prdgen.repositoryid"


@dataclass(slots=True)
class Turns:
    """Work that is asked for often and done for all who asked before it began."""

    one: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: int = 0
    done: int = 0
    """The last one asked for whose work is done."""


@dataclass(slots=True, kw_only=True)
class App(Clone):
    """What one process has open. Flows take it as their first argument and keep nothing else."""

    repository_id: UUID
    store: Store
    bus: Bus
    process_id: str
    queue: Queue = field(init=False)
    levels: Levels = field(init=False)
    rooms: Rooms | None = None
    keeper: Keeper | None = None
    branch_turns: Turns = field(default_factory=Turns)
    """Of looking which branches moved."""
    database_url: str = ""
    redis_url: str = ""
    forge_answers: Answers = field(default_factory=dict)
    """What the forge said last, so that it need not say it again."""

    @property
    def change_limits(self) -> guard.Limits:
        """How much one change and one message may hold, by the settings."""
        return guard.Limits(
            operations=self.settings.operations_limit, message_bytes=self.settings.message_limit
        )

    @property
    def clone_id(self) -> str:
        """A name for this clone: what the ids of its processes begin with."""
        return self.process_id.partition("-")[0]


def identify(repository: Repository) -> UUID:
    """The repository's id: from Git's configuration, or made from the first commit and kept there.

    It survives the database and moves with nothing else; raises NoCommits.
    """
    if known := repository.config_get(REPOSITORY_KEY):
        return UUID(known)
    made = ids.repository_id(repository.root_commit())
    repository.config_set(REPOSITORY_KEY, str(made))
    return made


@contextmanager
def joined(settings: Settings) -> Iterator[str]:
    """Be one of the clone's servers inside the block; gives the process' id (see `servers.joined`).

    Raises what opening the clone raises, AlreadyServed and OtherServices.
    """
    state_dir = clones.open_clone(settings).state_dir
    with servers.joined(state_dir, settings, clones.base_url(settings)) as process_id:
        yield process_id


def check_free(settings: Settings) -> None:
    """Raises AlreadyServed when a server of this clone is why this one cannot start here."""
    # Before joining: there we would find ourselves, at the same address.
    other = servers.at(clones.open_clone(settings).state_dir, clones.base_url(settings))
    if other is not None:
        raise AlreadyServed(got=other.pid, where=other.address)
    with joined(settings):
        return


def served_at(app: App) -> str:
    """Where a server that works on this clone is reached now, or would be."""
    for server in servers.alive(app.state_dir):
        return server.address
    return clones.base_url(app.settings)


@asynccontextmanager
async def open_app(
    settings: Settings, tasks: Callable[[App], Sequence[Task]], process_id: str = ""
) -> AsyncIterator[App]:
    """Open the repository, the services and the store; close them in the opposite order.

    `tasks` makes the background tasks this process may defer (see `table`); a server brings the
    `process_id` under which it joined the clone's servers.
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
            process_id=process_id or servers.new_process_id(state_dir),
            store=store,
            bus=bus,
            database_url=database_url,
            redis_url=redis_url,
        )
        app.levels = Levels(settings, state_dir / "site", bus)
        stack.push_async_callback(app.levels.valkey.close)
        app.queue = await Queue.open(database_url, tasks(app))
        stack.push_async_callback(app.queue.close)
        yield app
