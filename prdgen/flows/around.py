"""index and tree → what a rendering of a branch knows of the pages around: read once for each commit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from anyio import to_thread

from prdgen.flows.context import App
from prdgen.page import links
from prdgen.store import names, pages

_MOST: Final = 4
"""Branches and commits that are kept, the newest asked for; ten thousand pages take some 5 MB."""


@dataclass(frozen=True, slots=True)
class Around:
    """All of it as one commit has it, and the index of one commit. Nothing of it changes."""

    titles: Mapping[str, str]
    """page_path → title."""
    definitions: Mapping[str, str]
    """Requirement id → page_path of the page that defines it."""
    files: Mapping[str, str]
    """Every path there is → its blob."""
    named: Mapping[str, Sequence[str]]
    """The pages by file name, as `links.by_name` has them."""


_Key = tuple[UUID, tuple[str, ...], str, str | None, str | None]
_kept: OrderedDict[_Key, Around] = OrderedDict()


async def of(app: App, branch: str, commit: str | None) -> Around:
    """What stands around a page of a commit (the branch's tip unless given).

    The key names both commits it is made from, so that nothing has to be told to forget it.
    """
    tip = commit or await to_thread.run_sync(app.repository.tip, branch)
    async with app.store.transaction() as tx:
        indexed = await pages.indexed_tip(tx, branch)
        key = app.repository_id, app.settings.pages, branch, indexed, tip
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
            return found
        titles = await names.titles(tx, branch)
        definitions = await names.definitions(tx, branch)
        # Read committed: what came in between belongs to another key.
        steady = indexed is not None and indexed == await pages.indexed_tip(tx, branch)
    entries = await to_thread.run_sync(app.repository.files, tip) if tip else ()
    files = {entry.path: entry.blob for entry in entries}
    found = Around(titles, definitions, files, links.by_name(titles))
    if steady:
        _kept[key] = found
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return found
