"""a draft → a word that is another one as soon as there is something new to see of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from prdgen.flows import drafts
from prdgen.flows.clone import Clone
from prdgen.flows.errors import NoSuchDraft
from prdgen.review.state import Review


def of(clone: Clone, name: str) -> str:
    """In a thread: of the draft by its branch, or of one that is over, by its id: its commits and those of
    main, what was said and decided, and what became of it. What only the forge has been told is nothing
    new. Raises NoSuchDraft.
    """
    try:
        found = drafts.find(clone, name)
    except NoSuchDraft:
        review = drafts.find_over(clone, name, some=True)
        seen = repr((clone.repository.tip(review.branch), _said(review)))
    else:
        main = clone.repository.tip(clone.main_branch)
        seen = repr((found.branch, found.tip, main, _said(found.review)))
    return hashlib.sha256(seen.encode()).hexdigest()[:16]


def _said(review: Review | None) -> Review | None:
    return replace(review, changed_at=review.started_at) if review else None
