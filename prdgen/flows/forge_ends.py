"""pull request → review: retitled, described, merged, closed or opened again at the forge."""

from __future__ import annotations

from collections.abc import Iterator

from anyio import to_thread

from prdgen.flows import draft_merge, drafts, forge_merge, remote_wanted, watch
from prdgen.flows.context import App
from prdgen.flows.forge_in import Here
from prdgen.forge.values import Who
from prdgen.git import log as git_log
from prdgen.git import refs
from prdgen.git.errors import BranchExists
from prdgen.review import exchanged, posting
from prdgen.review.exchanged import is_ours
from prdgen.review.log import Entry
from prdgen.review.state import Review


def words(here: Here) -> Iterator[Entry]:
    """Title and description as they are there, unless somebody chose others here since."""
    pull, review = here.pull, here.review
    waiting = {entry.kind for entry in here.known.unsent}
    title, text = " ".join(pull.title.split()), posting.description_of(pull.body)
    for kind, key, now, there in (
        ("titled", "title", review.title, title), ("described", "text", review.description, text),
    ):  # fmt: skip
        if there == now or kind in waiting:
            continue
        last = [e.at for e in here.known.entries if e.kind in {kind, "started"}]
        at = exchanged.after(pull.changed_at, *last)
        count = here.known.count(kind)
        yield here.entry(kind, pull.author, at, {key: there}, kind, count, there)


def end(here: Here) -> Entry | None:
    """In a thread: what became of it there, when it is something else here and nobody here has said so
    since.
    """
    pull, review, last = here.pull, here.review, here.known.last_state
    is_ours_to_tell = last is not None and is_ours(last) and last.id not in here.known.sent
    elsewhere = pull.state == "merged" and pull.base != here.clone.main_branch
    # What was merged into another branch there is over, and main has it not.
    state = "closed" if elsewhere else pull.state
    if state == review.state or last is None:
        return None
    if state != "merged" and is_ours_to_tell and last.kind != "started":
        return None
    if review.state == "merged":
        return None  # It is in main, whatever the pull request says.
    if elsewhere and last.kind == "reopened":
        return None  # Somebody wants it on main, too.
    by = pull.ended_by or (pull.author if pull.state == "open" else Who("somebody", "forge"))
    at = exchanged.after(pull.ended_at or pull.changed_at, last.at)
    count = here.known.count("closed", "reopened")
    if state == "merged":
        facts = {
            "tip": forge_merge.merged_tip(here.clone, pull),
            "made": pull.made or "",
            "how": "there",
        }
        return here.entry("merged", by, at, facts, "merged")
    if state == "closed":
        return here.entry("closed", by, at, {"tip": pull.tip}, "closed", count)
    return here.entry("reopened", by, at, {}, "reopened", count)


async def follow(app: App, review: Review, said: Entry) -> None:
    """The draft's branch goes or comes back, as when somebody here had done it."""
    if said.kind == "reopened":
        await to_thread.run_sync(_bring_back, app, review)
    else:
        await _put_away(app, review, str(said.facts.get("tip", "")))
        await remote_wanted.now(app)
    await watch.branches(app)


def _bring_back(app: App, review: Review) -> None:
    """In a thread."""
    kept = review.tip or refs.read(app.repository, drafts.KEPT + review.id)
    if kept and app.repository.tip(review.branch) is None:
        if not git_log.has_commit(app.repository, kept):
            return  # The remote brings it.
        try:
            app.repository.create_branch(review.branch, kept)
        except BranchExists:
            return


async def _put_away(app: App, review: Review, tip: str) -> None:
    """Keep the draft's last commit; its branch goes when nobody has a page of it open, and nothing is
    in it that the pull request had not.
    """
    at_work = await draft_merge.is_at_work(app, review.branch)

    def work() -> None:
        repository, here = app.repository, app.repository.tip(review.branch)
        if git_log.has_commit(repository, tip):
            refs.keep(repository, drafts.KEPT + review.id, tip)
        if here is None or at_work or repository.work_tree_of(review.branch) is not None:
            return
        if repository.is_ancestor(here, tip):
            repository.remove_branch(review.branch, here)

    await to_thread.run_sync(work)
