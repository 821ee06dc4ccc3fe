"""The merge driver while Git merges: the style Git is configured for, and Git's own merge."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from prdgen.git import process

_PASSED_ON: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_PARAMETERS")


def conflict_style(folder: Path) -> str:
    """`merge.conflictStyle` as the Git that called us has it, `-c` included; "merge" by default."""
    variables = {name: value for name in _PASSED_ON if (value := os.environ.get(name))}
    variables |= {n: v for n, v in os.environ.items() if n.startswith("GIT_CONFIG_")}
    done = process.run(folder, "config", "--get", "merge.conflictStyle", variables=variables)
    return done.output.decode("utf-8", "replace").strip() or "merge"


def by_line(base: Path, ours: Path, theirs: Path, options: list[str]) -> tuple[bytes, int] | None:
    """What `git merge-file` makes of three files: its bytes and the number of conflicts.

    None when it finds them to be no text. Raises GitFailed.
    """
    arguments = ["merge-file", "--stdout", *options, "--", str(ours), str(base), str(theirs)]
    done = process.run(base.parent, *arguments)
    if "binary" in done.complaint:
        return None
    if done.code > 127:
        raise process.failure(arguments, done)
    return done.output, done.code
