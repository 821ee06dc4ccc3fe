"""CODEOWNERS of main → whose approval the files of a draft take."""

from __future__ import annotations

from prdgen.flows import drafts
from prdgen.flows.clone import Clone
from prdgen.flows.drafts import Draft
from prdgen.review import owners
from prdgen.review.state import Review


def of_draft(clone: Clone, review: Review) -> tuple[str, ...]:
    """In a thread: everybody who owns a file that the draft changes, as they are written there."""
    tip = clone.repository.tip(review.branch)
    if tip is None:
        return ()
    draft = Draft(review.branch, tip, review)
    owned = by_owners(clone, draft, drafts.fork_of(clone, draft))
    return tuple(dict.fromkeys(name for names in owned for name in names))


def by_owners(clone: Clone, draft: Draft, base: str | None) -> dict[tuple[str, ...], list[str]]:
    """In a thread: each set of owners that files of the draft have, with these files."""
    rules = _rules(clone)
    paths: dict[tuple[str, ...], dict[str, None]] = {}
    for change in clone.repository.changed(base, draft.tip) if rules else ():
        for path in filter(None, (change.old_path, change.path)):
            if found := owners.of(rules, path):
                paths.setdefault(found, {})[path] = None
    return {names: [*owned] for names, owned in sorted(paths.items())}


def _rules(clone: Clone) -> list[owners.Rule]:
    main = clone.repository.tip(clone.main_branch)
    for place in owners.PLACES:
        if main and (data := clone.repository.read(main, place)) is not None:
            return owners.parse(data)
    return []
