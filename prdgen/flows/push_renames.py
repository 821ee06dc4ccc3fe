"""one push that deletes a branch and begins another → a rename, noted where Git notes its own."""

from __future__ import annotations

from collections.abc import Sequence

from prdgen.flows import judge
from prdgen.flows.context import App
from prdgen.git import branch_names
from prdgen.git.http_backend import Update
from prdgen.git.values import Signature


def note(app: App, updates: Sequence[Update], by: Signature) -> None:
    """In a thread, once the refs moved: of each deleted branch whose last commit main has not, and of
    which one new branch has it. When that is not clear it is a deletion.
    """
    repository = app.repository
    named = [(name, each) for each in updates if (name := judge.branch_of(each))]
    ended = [(name, each.old) for name, each in named if each.old and not each.new]
    begun = [name for name, each in named if each.new and not each.old]
    main = repository.tip(app.main_branch)
    found: dict[str, list[str]] = {}
    for old, tip in ended:
        if repository.tip(old) is not None or (main and repository.is_ancestor(tip, main)):
            continue
        tips = [(name, repository.tip(name)) for name in begun]
        near = [name for name, now in tips if now and repository.is_ancestor(tip, now)]
        for name in near if len(near) == 1 else ():
            found.setdefault(name, []).append(old)
    for new, olds in found.items():
        if len(olds) == 1:
            branch_names.note(repository, olds[0], new, by)
