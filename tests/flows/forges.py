"""A house whose remote is a forge's repository, and that forge."""

from __future__ import annotations

from contextlib import asynccontextmanager

from forge.hub import Hub
from forge.serving import TOKEN, Served, served

from prdgen.flows import draft_merge, drafts, exchange, forge_exchange
from prdgen.git import review_logs
from prdgen.review import log

from .remotes import FAR, hub_of

PAGE = "# One\n\nThe first line.\n\nThe second line.\n\nThe third line.\n"
KINDS = ("github", "gitlab", "gitea")


@asynccontextmanager
async def at_forge(houses, repo, tmp_path, kind: str, **options):
    """Gives the house, and the forge that runs."""
    repo.commit("a page", one=PAGE)
    bare = hub_of(repo, tmp_path / "hub.git")
    hub = Hub(bare.path)
    async with served(kind, hub) as forge:
        house = await houses(repo, **FAR, **settings_for(forge, **options))
        yield house, forge
        assert not forge.problems, "\n".join(forge.problems)


def settings_for(forge: Served, **options) -> dict:
    return {
        "forge": forge.kind, "forge_url": forge.address, "forge_project": forge.hub.project,
        "forge_token": TOKEN, "forge_seconds": 3600.0, **options,
    }  # fmt: skip


async def trade(house, forge: Served, *, look: bool = True) -> None:
    """Commits, then reviews; the forge notices what was pushed."""
    await exchange.run(house.app)
    forge.hub.notice()
    await forge_exchange.run(house.app, look=look)


async def begun(house, forge: Served, title: str = "Plan"):
    """A draft of Ann's with a changed line, its review asked for, and the pull request for it."""
    ann = house.people["ann"]
    draft = await drafts.start(house.app, ann, title, "one.md")
    change(house, draft.branch, PAGE.replace("second line", "second line, changed"))
    await draft_merge.ask(house.app, draft.branch, ann)
    await trade(house, forge)
    return draft.branch, review(house, draft.branch), forge.hub.pulls[1]


def change(house, branch: str, text: str) -> str:
    """Somebody commits a page to a branch."""
    return house.repo.save({"one.md": text}, branch=branch)


def review(house, branch: str):
    found = next(r for r in drafts.reviews(house.app) if r.branch == branch)
    return drafts.find_review(house.app, found.id)


def lines(house, id_: str) -> list[str]:
    """The kinds of the log's lines, in order."""
    return [entry.kind for entry in log.entries(review_logs.read(house.app.repository, id_))]


def said(review_) -> list[list[tuple[str, str]]]:
    """Who said what, thread by thread."""
    return [[(c.name, c.text) for c in t.comments] for t in review_.threads.values()]
