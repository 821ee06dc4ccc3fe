"""draft → main by the forge: where its main may be changed by pull requests only, it merges."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.flows import exchange, forge_state, forge_wanted, remote_wanted
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.flows.errors import NewerThere, NotHereYet, NotThereYet, PullUnfit
from prdgen.forge.errors import ForgeAway, ForgeBusy, ForgeDenied, NotMergedThere
from prdgen.forge.values import Forge, How, Pull
from prdgen.git import joining
from prdgen.git import log as git_log
from prdgen.review.state import Link, Review

log = logging.getLogger(__name__)
_MOST_LATER: Final = 100
"""So many commits of a merged branch are looked at, to find which of them were merged."""


async def merged(app: App, draft: Draft, review: Review, how: How, message: str) -> str | None:
    """Have the forge merge a draft that has a pull request, when main is protected there; the commit
    that it made, which main has here by then. None: it is for us to merge.

    Raises ForgeError, NotThereYet when the remote has not got the draft's last commit, NewerThere when
    it has more, PullUnfit when the pull request cannot bring the draft into main, and NotHereYet when
    main here has not got it yet.
    """
    link = review.link
    if link is None or not forge_wanted.is_on(app):
        return None
    async with forge_wanted.opened(app) as forge:
        if link.forge != forge.key or not await _is_protected(app, forge):
            return None
        await exchange.run(app)
        pull = await _merge(app, forge, link, draft, how, message)
    try:
        await exchange.run(app)
    except PrdgenError as error:
        log.info("what the forge merged is fetched later: %s", error)
        await remote_wanted.now(app)
    made = pull.made or pull.tip
    if pull.state != "merged" or not await to_thread.run_sync(_is_in_main, app, made):
        await forge_wanted.now(app)
        raise NotHereYet(
            draft=draft.title, where=link.address, branch=app.main_branch, got=made[:10]
        )
    return made


def _is_in_main(app: App, commit: str) -> bool:
    main = app.repository.tip(app.main_branch)
    return main is not None and app.repository.is_ancestor(commit, main)


async def _is_protected(app: App, forge: Forge) -> bool:
    """As the forge says; when it does not answer, as it said last. Raises ForgeError."""
    try:
        return await forge.is_protected(app.main_branch)
    except (ForgeAway, ForgeBusy, ForgeDenied):
        if (await to_thread.run_sync(forge_state.load, app)).protected is not False:
            raise
        return False


async def _merge(app: App, forge: Forge, link: Link, draft: Draft, how: How, message: str) -> Pull:
    pull = await forge.pull(link.number)
    if pull.state == "merged":
        pull = replace(pull, tip=await to_thread.run_sync(merged_tip, app, pull))
    if unfit := _unfit(app.main_branch, pull, draft):
        await forge_wanted.now(app)
        got, expected, cure = unfit
        raise PullUnfit(
            draft=draft.title, branch=app.main_branch, where=link.address, got=got,
            expected=expected, how=cure,
        )  # fmt: skip
    if pull.state == "open":
        if pull.tip != draft.tip:
            await remote_wanted.now(app)
            known = await to_thread.run_sync(app.repository.is_ancestor, pull.tip, draft.tip)
            error = NotThereYet if known else NewerThere
            raise error(draft=draft.title, where=link.address)
        title, _, rest = message.partition("\n")
        try:
            await forge.merge(pull, how, title, rest.strip())
        except (ForgeAway, ForgeBusy) as error:
            await forge_wanted.now(app, look=True)
            raise NotMergedThere(where=link.address, why=error.message.rstrip(".")) from error
        pull = await forge.pull(link.number)
    return pull


def merged_tip(clone: Clone, pull: Pull) -> str:
    """In a thread: the commit that was merged. Gitea and Forgejo say what the branch is at, which may have
    gone on since: then it is the parent that the merge has of it, or the last commit that adds nothing to
    what was made.
    """
    repository, made = clone.repository, pull.made
    if not made or not git_log.has_commit(repository, made):
        return pull.tip  # What came later did not come here either.
    if repository.is_ancestor(made, pull.tip):
        return made
    parents = repository.commit_info(made).parents
    for parent in parents[1:]:
        if repository.is_ancestor(parent, pull.tip):
            return parent
    base = (
        repository.merge_base(made, pull.tip) if git_log.has_commit(repository, pull.tip) else None
    )
    newer = git_log.between(repository, base, pull.tip, limit=_MOST_LATER) if base else []
    whole = (each.commit for each in newer if joining.adds_nothing(repository, made, each.commit))
    return next(whole, pull.tip)


def _unfit(main: str, pull: Pull, draft: Draft) -> tuple[str, str, str] | None:
    """Why this pull request cannot bring the draft into main: what it is, what was expected, and what
    to do; None: it can.
    """
    if pull.state == "merged" and pull.base != main:
        return (
            f"was merged into {pull.base}", f"one into {main}",
            f"Open another pull request there, from {pull.branch} into {main}: prdgen takes that one.",
        )  # fmt: skip
    if pull.state == "closed":
        return (
            "was closed", "one that is open",
            ("Load the draft's page again in a moment: it is closed here, too, then. "
            "To merge it after all, open it again, here or there."),
        )  # fmt: skip
    if pull.base != main:
        return (
            f"leads into {pull.base}", f"one into {main}",
            f"Aim it at {main} there, and merge again.",
        )  # fmt: skip
    if pull.state == "merged" and pull.tip != draft.tip:
        return (
            f"was merged with the last commit {pull.tip[:10]}", f"the commit {draft.tip[:10]}",
            ("Load the list of drafts again in a moment: what was merged is over then, and the "
            f"later commits stay in {draft.branch}. Ask for a review of them there."),
        )  # fmt: skip
    return None
