"""draft → a site of its own, for those who are signed in: built when somebody looks, and only anew."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections import defaultdict
from pathlib import Path

from anyio import to_thread

from prdgen.builder.publication import Site
from prdgen.flows import publish
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.git import locks

_FOLDER = "draft-sites"
_ARTIFACTS = "artifacts"
_NOTE = "branch"
_turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)


def of(clone: Clone, branch: str) -> Site:
    """The site of a branch, built or not."""
    folder = clone.state_dir / _FOLDER / hashlib.sha256(branch.encode()).hexdigest()[:16]
    return Site(folder, folder / "public")


async def fresh(app: App, draft: Draft) -> Site:
    """The draft's site, as its last commit has it. Raises as `publish.build` does."""
    async with _turns[draft.branch]:
        return await to_thread.run_sync(_fresh, app, draft)


def _fresh(clone: Clone, draft: Draft) -> Site:
    site = of(clone, draft.branch)
    if site.commit() == draft.tip:
        return site
    name = f"draft-site-{site.state.name}"
    with locks.held(clone.repository, name, seconds=120):
        if not site.commit():
            _begin(publish.published(clone), site)
            (site.state / _NOTE).write_text(draft.branch, "utf-8")
        publish.build_draft(clone, draft.branch, draft.tip, site)
    return site


def _begin(main: Site, site: Site) -> None:
    """Begin with what main's site has, so that only what differs is made: its files are linked."""
    site.state.mkdir(parents=True, exist_ok=True)
    manifest = main.current()
    if manifest is None:
        return
    folder, made = main.state / _ARTIFACTS, site.state / _ARTIFACTS
    if not made.exists():
        shutil.copytree(folder, made, copy_function=os.link, ignore=shutil.ignore_patterns("*.new"))
    site.begin_with(manifest)


def tidy(clone: Clone) -> int:
    """Remove the sites of branches that are gone; how many there were."""
    branches, removed = clone.repository.branches(), 0
    root: Path = clone.state_dir / _FOLDER
    for folder in root.iterdir() if root.is_dir() else ():
        note = folder / _NOTE
        if not note.is_file() or note.read_text("utf-8") not in branches:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed
