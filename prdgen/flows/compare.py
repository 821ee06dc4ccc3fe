"""two versions of a page → their difference, rendered, with the words that came and went marked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from anyio import to_thread

from prdgen.builder import render
from prdgen.flows import read, restore
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchPage
from prdgen.git import diff as git_diff
from prdgen.review import difference

FIRST = "first-change"
"""The id of the first word that came or went."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed between `old` and `new` (commits): rendered, and as a unified diff."""

    old: str | None
    new: str
    html: str
    source: str
    passages: tuple[restore.Passage, ...]


async def versions(
    app: App, branch: str, page_path: str, old: str | None, new: str | None
) -> Difference:
    """Compare two commits' texts of a page; `new` is the tip unless given, `old` the one before.

    Raises NoSuchBranch, NoSuchPage and what an unknown commit raises.
    """
    history = await read.history(app, branch, page_path, limit=200)
    names = {version.commit: version.page_path for version in history}
    order = [version.commit for version in history]
    new = new or order[0]
    if old is None and new in order and order.index(new) + 1 < len(order):
        old = order[order.index(new) + 1]
    before = await _text(app, branch, names.get(old or "", page_path), old)
    after, _ = await read.source(app, branch, names.get(new, page_path), new)
    context = await read.render_context(app, branch, new)
    html, source = await to_thread.run_sync(rendered, page_path, before, after, context)
    passages = await to_thread.run_sync(restore.passages, before, after)
    return Difference(old, new, html, source, tuple(passages))


async def restoring(app: App, branch: str, page_path: str, commit: str) -> Difference:
    """What restoring the version of a commit would change of the page as it is now, with what is typed
    in it and not committed. Raises what an unknown commit raises.
    """
    then = await restore.text_at(app, branch, page_path, commit)
    try:
        committed, tip = await read.source(app, branch, page_path)
    except NoSuchPage:  # it was deleted
        committed, tip = "", str(await to_thread.run_sync(app.repository.tip, branch))
    lives = app.keeper.all() if app.keeper else []
    live = next((x for x in lives if (x.branch, x.page_path) == (branch, page_path)), None)
    now = live.room.text if live is not None else committed
    context = await read.render_context(app, branch, tip)
    html, source = await to_thread.run_sync(rendered, page_path, now, then, context)
    return Difference(tip, commit, html, source, ())


def rendered(
    page_path: str, before: str, after: str, context: render.RenderContext
) -> tuple[str, str]:
    """In a thread: two texts of a page, compared: rendered, and as a unified diff."""
    left = render.render(page_path, before, context=context).html
    right = render.render(page_path, after, context=context).html
    return marked(left, right), git_diff.unified(before, after, page_path)


async def _text(app: App, branch: str, page_path: str, commit: str | None) -> str:
    if commit is None:
        return ""
    try:
        return (await read.source(app, branch, page_path, commit))[0]
    except NoSuchPage:
        return ""


def marked(old: str, new: str) -> str:
    """`new` with what came and what went marked in it (see `difference`); the first has the id FIRST."""
    found = difference.marked(old, new)
    return re.sub(r"<(ins|del)(?=[ >])", rf'<\1 id="{FIRST}"', found, count=1)
