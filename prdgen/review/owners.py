"""CODEOWNERS: who has to approve a change of which files, as GitHub, GitLab and Gitea read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pathspec

PLACES: Final = (
    ".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS", ".gitea/CODEOWNERS",
)  # fmt: skip
"""Where the file may be; the first that exists counts."""
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_SECTION: Final = re.compile(r"\^?\[[^\]]*\](?:\[\d+\])?")
_SPACE: Final = re.compile(r"(?<!\\)\s+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: files and who owns them, as written (`ada@example.org`, `@ada`, `@team/legal`)."""

    pattern: str
    owners: tuple[str, ...]
    spec: pathspec.GitIgnoreSpec


def parse(data: bytes) -> list[Rule]:
    """The rules in order; a line that is none is left out, as the forges do."""
    rules = []
    for line in data.decode("utf-8", "replace").splitlines():
        bare = _COMMENT.sub("", line).strip()
        if not bare or _SECTION.match(bare) or bare.startswith("!"):
            continue
        pattern, *owners = _SPACE.split(bare)
        try:
            spec = pathspec.GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            continue
        rules.append(Rule(pattern, tuple(owners), spec))
    return rules


def of(rules: Iterable[Rule], path: str) -> tuple[str, ...]:
    """Who owns a file: the last rule that fits; nobody when that rule names nobody."""
    found: tuple[str, ...] = ()
    for rule in rules:
        if rule.spec.match_file(path):
            found = rule.owners
    return found


def is_owner(owner: str, name: str, email: str) -> bool:
    """Whether an owner as written is this person: by address, or `@name` by the first part of their
    address or their name without blanks.
    """
    if not owner.startswith("@"):
        return owner.casefold() == email.casefold()
    wanted = owner[1:].casefold()
    return wanted in {email.partition("@")[0].casefold(), re.sub(r"\W+", "", name).casefold()}
