"""commit → page index: every page at a branch's tip, what changed since the last time, and events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path

from anyio import to_thread

from prdgen import logs
from prdgen.events import Event
from prdgen.files import text
from prdgen.files.errors import NotEditable
from prdgen.flows import context, pages_of
from prdgen.flows.context import App
from prdgen.git import log as git_log
from prdgen.git.repository import Repository
from prdgen.git.values import FileChange, Version
from prdgen.page import facts, outline
from prdgen.settings import Settings
from prdgen.store import event_log, pages
from prdgen.store.pages import IndexedPage, LinkRow, PageRow, RequirementRow

_EVENTS_PER_RUN = 200
_HEADING = tuple(each.name for each in fields(outline.Heading))
_indexed_here: dict[tuple[Path, str], tuple[str, pages_of.Globs]] = {}
"""State folder and branch → the tip that this process indexed last, and what was a page then: going on
from there, the index need not be compared with every file.
"""


async def branch(app: App, name: str) -> str | None:
    """Bring the index of one branch to its tip, all but the words that the search looks in, which `words`
    does; returns the tip, None when the branch is gone.

    Pages, the branch's indexed tip and the events of what happened are one transaction, so a killed
    run is simply done again.
    """
    began = time.perf_counter()
    tip = await to_thread.run_sync(app.repository.tip, name)
    async with app.store.transaction() as tx:
        old = await pages.indexed_tip(tx, name)
    if tip is None:
        async with app.store.transaction() as tx:
            await pages.forget_branch(tx, name)
        return None
    if old == tip:
        return tip
    if old is not None and not await to_thread.run_sync(git_log.has_commit, app.repository, old):
        old = None
    # Before anything is looked at: what changes meanwhile is then found the next time.
    globs, place = await to_thread.run_sync(pages_of.globs, app), (app.state_dir, name)
    changed, upserts, deletes, versions = await to_thread.run_sync(_gather, app, name, old, tip)
    trusted = old is not None and _indexed_here.get(place) == (old, globs)
    if old is not None and not trusted and not await _complete(app, name, tip, upserts, deletes):
        old = None
        changed, upserts, deletes, versions = await to_thread.run_sync(_gather, app, name, old, tip)
    async with app.store.transaction() as tx:
        await pages.replace_pages(tx, name, tip, upserts, deletes, from_tip=old, whole=old is None)
        await event_log.record(tx, _events(name, old, changed, versions))
    _indexed_here[place] = (tip, globs)
    logs.trace("index.branch", began, branch=name, pages=len(upserts), tip=tip[:8])
    return tip


async def words(app: App, name: str) -> None:
    """Let the search find what the indexed pages of a branch say, whoever indexed them."""
    began = time.perf_counter()
    async with app.store.transaction() as tx:
        found = await pages.index_words(tx, name)
    if found:
        logs.trace("index.words", began, branch=name, pages=found)


async def is_awaited(app: App, name: str) -> bool:
    """Whether a branch has no index yet: lists and search know nothing of it, whatever its pages say."""
    async with app.store.transaction() as tx:
        indexed = await pages.indexed_tip(tx, name)
    return indexed is None and await to_thread.run_sync(app.repository.tip, name) is not None


async def verify(app: App) -> None:
    """Forget the index of every branch that has other pages than the settings say by now."""
    tips = await to_thread.run_sync(app.repository.branches)
    async with app.store.transaction() as tx:
        indexed = await pages.indexed_branches(tx)
    for name, tip in indexed.items():
        if tips.get(name) == tip and not await _complete(app, name, tip, (), ()):
            async with app.store.transaction() as tx:
                await pages.forget_branch(tx, name)


async def _complete(
    app: App, name: str, tip: str, upserts: Sequence[IndexedPage], deletes: Sequence[str]
) -> bool:
    """Whether the index has exactly the pages of the tip, once these changes are made. It has not
    when other files are pages than before.
    """
    async with app.store.transaction() as tx:
        known = set(await pages.indexed_blobs(tx, name))
    now = known - set(deletes) | {page.row.page_path for page in upserts}
    return now == await to_thread.run_sync(_paths, app, tip)


def _paths(app: App, tip: str) -> set[str]:
    globs = pages_of.globs(app)
    return {entry.path for entry in app.repository.files(tip) if globs.match(entry.path)}


async def rebuild(settings: Settings) -> dict[str, int]:
    """Throw the index of every branch away and make it again from Git; says how much there is."""
    async with context.open_app(settings, lambda _: []) as app:
        names = app.repository.branches()
        async with app.store.transaction() as tx:
            for name in await pages.indexed_branches(tx):
                await pages.forget_branch(tx, name)
        for name in names:
            await branch(app, name)
            await words(app, name)
        counted = 0
        for name in names:
            async with app.store.transaction() as tx:
                counted += len(await pages.indexed_blobs(tx, name))
    return {"branches": len(names), "pages": counted}


def _gather(
    app: App, name: str, old: str | None, tip: str
) -> tuple[list[FileChange], list[IndexedPage], list[str], list[Version]]:
    """In a thread: what changed between two commits, as rows for the index."""
    repository, globs = app.repository, pages_of.globs(app)
    everything = [c for c in repository.changed(old, tip) if _concerns(globs, c)]
    paths = [change.path for change in everything if globs.match(change.path)]
    blobs = _blobs(repository, tip, paths, whole=old is None)
    known = git_log.touched(repository, old, tip) if old else None
    stamps = git_log.last_changes(repository, tip, since=old) if known is None else known
    there = [path for path in paths if path in blobs]
    contents = git_log.blobs(repository, [blobs[path] for path in there])
    upserts = [
        _indexed(name, tip, path, blobs[path], data, stamps.get(path))
        for path, data in zip(there, contents, strict=True)
    ]
    gone = [c.path for c in everything if c.kind == "deleted"]
    gone += [c.old_path for c in everything if c.kind == "renamed" and c.old_path]
    versions = [] if old is None else git_log.between(repository, old, tip, limit=_EVENTS_PER_RUN)
    return everything, upserts, gone, versions


def _blobs(
    repository: Repository, tip: str, paths: Sequence[str], *, whole: bool
) -> dict[str, str]:
    if whole:
        return {entry.path: entry.blob for entry in repository.files(tip)}
    return repository.blobs(tip, paths)


def _concerns(globs: pages_of.Globs, change: FileChange) -> bool:
    return globs.match(change.path) or bool(change.old_path and globs.match(change.old_path))


def _indexed(
    name: str, tip: str, page_path: str, blob: str, data: bytes, stamp: Version | None
) -> IndexedPage:
    try:
        content = text.decode(data).text
    except NotEditable:
        content = data.decode("utf-8", "replace").replace("\0", "\ufffd")
    found = facts.of(page_path, content)
    return IndexedPage(
        row=PageRow(
            branch=name,
            page_path=page_path,
            blob=blob,
            commit=stamp.commit if stamp else tip,
            title=found.title,
            description=found.description or None,
            status=found.status_key or None,
            owner=found.owner or None,
            tags=tuple(found.tags),
            front_matter=found.front_matter,
            problems=[asdict(problem) for problem in found.problems],
            outline=[
                {each: getattr(heading, each) for each in _HEADING} for heading in found.outline
            ],
            word_count=found.word_count,
            text=found.plain_text,
            updated_at=stamp.at if stamp else datetime.now(UTC),
            updated_by=stamp.by if stamp else None,
            draft=found.draft or found.hidden,
        ),
        requirements=[
            RequirementRow(r.id, r.text, r.line, r.end_line, r.notation, r.status or None)
            for r in found.requirements
        ],
        links=[
            LinkRow(each.kind, each.target, each.fragment or None, each.line, each.text)
            for each in found.links
        ],
    )


def _events(
    name: str, old: str | None, changed: Sequence[FileChange], versions: Sequence[Version]
) -> list[Event]:
    """What the team hears of: nothing on the first run, else commits and pages, oldest first."""
    if old is None:
        return []
    commits = [
        Event(
            "git.commit.created",
            branch=name,
            data={
                "commit": version.commit,
                "subject": version.subject,
                "author": version.author_name,
            },
        )
        for version in reversed(versions)
    ]
    kinds = {"added": "prd.created", "modified": "prd.updated", "deleted": "prd.deleted"}
    about_pages = [
        Event(
            kinds.get(change.kind, "prd.updated"),
            branch=name,
            page_path=change.path,
            data={"renamed_from": change.old_path} if change.old_path else {},
        )
        for change in changed[:_EVENTS_PER_RUN]
    ]
    return commits + about_pages
