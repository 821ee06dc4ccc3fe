"""Git and index → what a reader sees: a page rendered, its history, the difference of two versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

from anyio import to_thread

from prdgen import ids
from prdgen.builder import render, sizes
from prdgen.builder.render import Rendered
from prdgen.files import text
from prdgen.flows import around, old_anchors, whereabouts
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchBranch, NoSuchPage
from prdgen.git import log as git_log
from prdgen.git.values import Version
from prdgen.store import pages
from prdgen.store.pages import PageRow


@dataclass(frozen=True, slots=True)
class PageView:
    """A page ready to be shown: its rendering, and its row when the index has it."""

    branch: str
    page_path: str
    commit: str
    text: str
    rendered: Rendered
    row: PageRow | None


async def locate(app: App, address: str) -> tuple[str, str]:
    """`<branch>/<page_path>` taken apart; branches may have slashes, the longest that exists wins.

    Raises NoSuchBranch, and BadPagePath for what is left.
    """
    branches = await to_thread.run_sync(app.repository.branches)
    for branch in sorted(branches, key=len, reverse=True):
        if address.startswith(branch + "/"):
            return branch, ids.check_path_to_read(address[len(branch) + 1 :])
    raise NoSuchBranch(branch=address.partition("/")[0])


async def page(app: App, branch: str, page_path: str, commit: str | None = None) -> PageView:
    """A page as `commit` has it (the branch's tip unless given), rendered for the server's view.

    Raises NoSuchBranch and NoSuchPage.
    """
    content, at = await source(app, branch, page_path, commit)
    context = await render_context(app, branch, at)
    if commit is None:
        led = await to_thread.run_sync(old_anchors.of_page, app, branch, at, page_path)
        context = replace(context, old_anchors=led)
    rendered = await to_thread.run_sync(lambda: render.render(page_path, content, context=context))
    async with app.store.transaction() as tx:
        row = await pages.get_page(tx, branch, page_path)
    return PageView(branch, page_path, at, content, rendered, row)


async def source(
    app: App, branch: str, page_path: str, commit: str | None = None
) -> tuple[str, str]:
    """A page's readable text and the commit it is from; raises NoSuchBranch and NoSuchPage."""
    ids.check_path_to_read(page_path)
    at = commit or await to_thread.run_sync(app.repository.tip, branch)
    if at is None:
        raise NoSuchBranch(branch=branch)
    data = await to_thread.run_sync(app.repository.read, at, page_path)
    if data is None:
        raise NoSuchPage(page_path=page_path, branch=branch)
    return text.readable(data), at


async def preview(app: App, branch: str, page_path: str, content: str) -> Rendered:
    """`content` rendered as the page at `page_path` would be, for the editor's preview."""
    context = await render_context(app, branch, None)
    return await to_thread.run_sync(lambda: render.render(page_path, content, context=context))


async def render_context(app: App, branch: str, commit: str | None) -> render.RenderContext:
    """What a rendering on the server's pages knows: titles, requirement ids, addresses here."""
    known = await around.of(app, branch, commit)

    def link(page_path: str, fragment: str) -> str:
        return address("p", branch, page_path) + (f"#{quote(fragment)}" if fragment else "")

    def asset(path: str) -> str | None:
        return address("raw", branch, path) if path in known.files else None

    def size(path: str) -> sizes.Size | None:
        blob = known.files.get(path)
        if blob is None or not sizes.has_one(path):
            return None
        try:
            return sizes.of_blob(path, blob, partial(git_log.blob, app.repository, blob))
        except KeyError:  # a clone need not have every file
            return None

    return render.RenderContext(
        branch=branch, commit=commit, known_pages=known.titles, link=link, asset=asset, size=size,
        named_pages=known.named, requirement_uses=known.definitions, mode="preview",
    )  # fmt: skip


def address(kind: str, branch: str, path: str) -> str:
    """The server's address of a page or file: `/p/main/site/a%20b.md`."""
    return f"/{kind}/{quote(branch)}/{quote(path)}"


async def history(
    app: App, branch: str, page_path: str, *, limit: int = 30, skip: int = 0
) -> list[Version]:
    """The page's versions, newest first, over renames; raises NoSuchBranch and NoSuchPage (for a
    path that the page left, PageRenamed).
    """
    tip = await to_thread.run_sync(app.repository.tip, branch)
    if tip is None:
        raise NoSuchBranch(branch=branch)
    await whereabouts.check(app, branch, page_path)
    found = await to_thread.run_sync(
        lambda: app.repository.history(tip, page_path, limit=limit, skip=skip, beside=True)
    )
    if not found and skip == 0:
        raise NoSuchPage(page_path=page_path, branch=branch)
    return found


async def titles(app: App, branch: str) -> Mapping[str, str]:
    """page_path → title of every page of a branch."""
    return (await around.of(app, branch, None)).titles
