"""commit → facts of its pages, for lists without a server."""

from __future__ import annotations

from prdgen.files.text import readable
from prdgen.flows import pages_of
from prdgen.flows.clone import Clone, tip_of
from prdgen.git import log as git_log
from prdgen.page import facts
from prdgen.page.facts import PageFacts


def pages(clone: Clone, branch: str) -> list[PageFacts]:
    """The facts of every page at a branch's tip, by path; raises NoSuchBranch, NoCommits. Blocks."""
    tip = tip_of(clone, branch)
    globs = pages_of.globs(clone)
    return [
        facts.of(entry.path, readable(git_log.blob(clone.repository, entry.blob)))
        for entry in clone.repository.files(tip)
        if globs.match(entry.path)
    ]
