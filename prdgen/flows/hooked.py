"""what a commit hook changed beside the page → a note, by which the files of the branch's folder follow."""

from __future__ import annotations

import time
from uuid import uuid4

from prdgen.flows import kept_facts
from prdgen.flows.context import App
from prdgen.git import checkout, hooks


def note(app: App, branch: str, page_path: str, old: str | None) -> None:
    """In a thread, after commits on `old`: files that they have and the page is not, by a hook, follow as those of
    a push do, when nobody else writes; see `landing.catch_up`.
    """
    if not hooks.are_needed(app.repository):
        return
    new = app.repository.tip(branch)
    if new is None or new == old or app.repository.tree_of(branch) is None:
        return
    if any(each.path != page_path for each in checkout.moved(app.repository, old, new)):
        name = f"{kept_facts.PUSHES}/{time.time_ns():020d}-{uuid4().hex}.json"
        kept_facts.save(app, name, {"branch": branch, "old": old, "new": new, "of_remote": False})
