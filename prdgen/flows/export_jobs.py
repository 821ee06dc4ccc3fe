"""several pages → a job that makes them one PDF or Word file: asked for, followed, cancelled."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from anyio import from_thread, to_thread

from prdgen import ids
from prdgen.builder.errors import ExportCancelled
from prdgen.errors import Forbidden, Invalid, NotFound, PrdgenError, TooLarge, Unavailable
from prdgen.events import Event
from prdgen.flows import export_book, roles
from prdgen.flows.context import App
from prdgen.flows.errors import ExportGone, ExportNotMade, NoSuchBranch, TooManyExports
from prdgen.flows.export import Exported
from prdgen.flows.export_book import Wanted
from prdgen.store import event_log, exports
from prdgen.store.exports import Export
from prdgen.store.people import Person

TASK: Final = "export_pages"
_LOCK: Final = "export_pages"
"""One document at a time: each takes a processor, and Word much memory."""
_OWN: Final = 5
_EVERYBODYS: Final = 100
_PAUSE: Final = 0.3
"""Seconds between two words about how far it is."""
WHOLE_SITE: Final[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """An export and what became of it: its row's state, or `gone` when its file is kept no more."""

    row: Export
    state: str


async def ask(app: App, person: Person, kind: str, paths: Sequence[str]) -> Export:
    """Have pages and folders of the main branch's newest commit made one file, or the whole site with
    WHOLE_SITE. Who asks for the same gets the same; what failed, was cancelled or is gone is begun again.

    Raises Invalid, TooLarge, BadPagePath, NoSuchPage, NotPublished, BadWordTemplate, TooManyExports.
    """
    wanted, name, title = await to_thread.run_sync(_checked, app, kind, tuple(paths))
    kept = await to_thread.run_sync(export_book.is_kept, app, wanted, name)
    await settle(app)
    async with app.store.transaction() as tx:
        row = await exports.ask(
            tx, name, person.id, branch=wanted.branch, commit=wanted.commit, kind=kind,
            paths=list(wanted.paths), title=title,
        )  # fmt: skip
        if row.turn and (row.on_its_way or (row.state == "done" and kept)):
            return row
        own, everybodys = await exports.waiting(tx, person.id)
        # A new one counts itself already.
        known = 0 if row.turn else 1
        if own - known >= _OWN:
            raise TooManyExports(who="You have", got=own - known, expected=_OWN)
        if everybodys - known >= _EVERYBODYS:
            raise TooManyExports(who="There are", got=everybodys - known, expected=_EVERYBODYS)
        row = await exports.begin(tx, name, person.id)
        args = {"export_id": name, "turn": row.turn}
        job = await app.queue.defer(TASK, args, lock=_LOCK, tx=tx)
        await exports.set_job(tx, name, job)
    return replace(row, job=job)


async def get(app: App, export_id: str) -> Standing:
    """How far an export is; raises NotFound."""
    row = await _row(app, export_id)
    if row.on_its_way and row.job is not None and await _settle(app, [(row.id, row.turn, row.job)]):
        row = await _row(app, export_id)
    if row.state == "done":
        there = await to_thread.run_sync(export_book.is_kept, app, _wanted(row), row.id)
        return Standing(row, "done" if there else "gone")
    return Standing(row, row.state)


async def file(app: App, export_id: str) -> Exported:
    """The file; raises NotFound, ExportNotMade, ExportGone."""
    row = await _row(app, export_id)
    if row.state != "done":
        raise ExportNotMade(title=row.title, why=row.error or f"it is {row.state}")
    found = await to_thread.run_sync(export_book.find, app, _wanted(row), row.id)
    if found is None:
        raise ExportGone(title=row.title)
    return found


async def cancel(app: App, export_id: str, person: Person, role: str) -> None:
    """A person wants it no more: it is cancelled when nobody else waits for it. What is done stays.
    A maintainer who did not ask for it stops it for everybody.

    Raises NotFound, Forbidden.
    """
    row = await _row(app, export_id)
    async with app.store.transaction() as tx:
        if await exports.leave(tx, export_id, person.id):
            return
        if not roles.at_least(role, "maintainer"):
            raise Forbidden(who=person.name, what=f"cancel {row.title}, which others asked for",
                            expected="maintainer", got=role)  # fmt: skip
        await exports.stop(tx, export_id)


async def settle(app: App) -> None:
    """Those whose job was given up, or forgotten, have failed: nobody waits for them any more."""
    async with app.store.transaction() as tx:
        waiting = await exports.on_their_way(tx)
    await _settle(app, waiting)


async def run(app: App, export_id: str, turn: int) -> None:
    """What the job does: make the file, say how far it is, and stop when nobody wants it any more.

    What is wrong with the document is noted; raises Unavailable, so that the job is tried again.
    """
    async with app.store.transaction() as tx:
        row = await exports.take(tx, export_id, turn)
    if row is None:
        return
    told = _Told(app, row)
    making = partial(export_book.make, app, _wanted(row), told, row.id)
    error: PrdgenError | None = None
    try:
        # A worker that is told to stop does not wait for a whole book: it is made again later.
        await to_thread.run_sync(making, abandon_on_cancel=True)
    except ExportCancelled:
        return
    except Unavailable:
        raise
    except PrdgenError as failed:
        error = failed
    finally:
        told.over = True
    async with app.store.transaction() as tx:
        said = (error.message, error.hint) if error else ("", "")
        counts = await exports.finish(tx, row.id, turn, error=said[0], hint=said[1])
        if counts and error is None:
            data = {"format": row.format, "commit": row.commit, "paths": row.paths}
            await event_log.record(tx, [Event("prd.exported", row.branch, data=data)])


class _Told:
    """Progress that is written down for whoever waits; raises ExportCancelled when nobody does."""

    def __init__(self, app: App, row: Export) -> None:
        self._app = app
        self._row = row
        self._noted = 0.0
        self.over = False
        """Nobody waits for what is made here any more."""

    def __call__(self, done: int, pages: int) -> None:
        if self.over:
            raise ExportCancelled(what=self._row.title)
        if done < pages and time.monotonic() < self._noted + _PAUSE:
            return
        self._noted = time.monotonic()
        limit = self._app.settings.export_pages
        if pages > limit:
            raise TooLarge(what=self._row.title, where="export", got=f"{pages} pages",
                           expected=f"{limit} pages (`export_pages`)")  # fmt: skip
        if not from_thread.run(self._note, done, pages):
            raise ExportCancelled(what=self._row.title)

    async def _note(self, done: int, pages: int) -> bool:
        async with self._app.store.transaction() as tx:
            return await exports.advance(tx, self._row.id, self._row.turn, done, pages)


def _checked(app: App, kind: str, paths: tuple[str, ...]) -> tuple[Wanted, str, str]:
    """(what is wanted, its name, its title). Blocks."""
    if kind not in export_book.KINDS:
        raise Invalid(what="format", where="export", got=kind[:40],
                      expected=" or ".join(export_book.KINDS))  # fmt: skip
    limit = app.settings.export_pages
    if len(paths) > limit:
        raise TooLarge(what="The selection", where="export", got=f"{len(paths)} pages",
                       expected=f"{limit} pages (`export_pages`)")  # fmt: skip
    clean = tuple(dict.fromkeys(ids.check_path_to_read(path.rstrip("/")) for path in paths))
    tip = app.repository.tip(app.main_branch)
    if tip is None:
        raise NoSuchBranch(branch=app.main_branch)
    wanted = Wanted(app.main_branch, tip, kind, clean)
    export_book.check_published(app, wanted)
    return wanted, export_book.name_of(app, wanted), export_book.title_of(app, wanted)


async def _settle(app: App, waiting: Sequence[tuple[str, int, int]]) -> bool:
    """Those of these (id, turn, job) whose job nobody does any more have failed; whether any has."""
    over = await app.queue.over([job for _, _, job in waiting])
    async with app.store.transaction() as tx:
        for export_id, turn, job in waiting:
            if why := over.get(job):
                await exports.finish(tx, export_id, turn, error=why[0], hint=why[1])
    return bool(over)


async def _row(app: App, export_id: str) -> Export:
    async with app.store.transaction() as tx:
        row = await exports.find(tx, export_id)
    if row is None:
        raise NotFound(what="export", where=f"/exports/{export_id[:40]}")
    return row


def _wanted(row: Export) -> Wanted:
    return Wanted(row.branch, row.commit, row.format, tuple(row.paths))
