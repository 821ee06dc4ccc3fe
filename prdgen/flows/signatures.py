"""persons → Git signatures: who a commit is by, and who wrote with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from anyio import to_thread

from prdgen.flows.context import App
from prdgen.git.commits import Signature
from prdgen.merge.authorship import Portion
from prdgen.store import people
from prdgen.store.people import Person

SERVER = Signature("prdgen", "prdgen@localhost")


@dataclass(frozen=True, slots=True)
class People:
    """The persons of one set of commits; `saver` signs what nobody else did."""

    known: dict[UUID, Person]
    saver: Person | None
    owner: Signature | None = None
    """Git's own user of this clone: the one who saves its files."""
    server: Signature = SERVER

    def author(self, person: UUID | None) -> Signature:
        """The author's signature: the person's; of what came from disk the clone's own user; else
        the one's who saved, else the server's.
        """
        if person is None and self.owner is not None:
            return self.owner
        found = self.known.get(person) if person else None
        found = found or self.saver
        return Signature(found.name, found.email) if found else self.server

    def co_authors(self, portion: Portion) -> list[Signature]:
        """Everyone else whose writing is in this portion."""
        found = [self.known[p] for p in portion.co_authors if p in self.known]
        return [Signature(p.name, p.email) for p in found if p.id != portion.person]


async def load(app: App, portions: Sequence[Portion], saved_by: UUID | None) -> People:
    """The persons named by `portions`, and the one who saved."""
    wanted = {p for portion in portions for p in (portion.person, *portion.co_authors) if p}
    if saved_by:
        wanted.add(saved_by)
    async with app.store.statement() as tx:
        found = {p.id: p for p in await people.list_people(tx) if p.id in wanted}
    owner = await to_thread.run_sync(_owner, app)
    return People(found, found.get(saved_by) if saved_by else None, owner)


def _owner(app: App) -> Signature | None:
    name, email = map(app.repository.config_get, ("user.name", "user.email"))
    return Signature(name, email) if name and email else None
