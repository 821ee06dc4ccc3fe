"""a clone → a clone whose Git merges pages by word and calls prdgen at commits, and back again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from prdgen.flows import hook, init
from prdgen.git import driver_setup, hook_files, repository
from prdgen.git.repository import Repository

Say = Callable[[str], None]


def install(folder: Path, say: Say, *, shared: bool = False) -> None:
    """Set up the merge driver, then the hooks; what is there already is left, and nothing is lost.

    Raises what `repository.open` raises, HookInTheWay, and, unless `shared`, HooksElsewhere when
    Git looks for hooks in a folder that is not this clone's alone; the merge driver is set up then.
    """
    clone = repository.open(folder)
    bin_dir = _own_folder()
    news = driver_setup.install(clone, hook_files.find(bin_dir) if bin_dir else "")
    say("merge driver: " + ("set up" if news else "was set up already"))
    _attributes(clone, say)
    if not shared:
        hook_files.check_place(clone, hook.NAMES)
    inside = hook_files.folder(clone).resolve().is_relative_to(clone.common_dir.resolve())
    shipped = [init.shipped("hooks") / name for name in hook.NAMES]
    written = hook_files.install(clone, shipped, bin_dir if inside else None)
    for path in written:
        say(f"hook: {path}")
    if not written:
        say(f"hooks: all were in {hook_files.folder(clone)} already")


def uninstall(folder: Path, say: Say) -> None:
    """Take out the merge driver and the hooks; hooks that were there before ours are back."""
    clone = repository.open(folder)
    say("merge driver: " + ("taken out" if driver_setup.uninstall(clone) else "was not set up"))
    driver_setup.unattribute(clone)
    if "prdgen" in driver_setup.chosen(clone):
        say("left alone: .gitattributes; without the driver Git merges pages as it did before")
    changed = hook_files.uninstall(clone, hook.NAMES)
    for path in changed:
        say(f"hook: {path} taken out")
    if not changed:
        say("hooks: there were none of prdgen's")


def _attributes(clone: Repository, say: Say) -> None:
    chosen = driver_setup.chosen(clone) - {"prdgen"}
    lines = "\n".join(f"    {line}" for line in driver_setup.ATTRIBUTES)
    if others := chosen - {"unspecified"}:
        named = ", ".join(sorted(others))
        say(
            f"left alone: .gitattributes has `merge={named}` for pages. prdgen's lines are:\n{lines}"
        )
    elif chosen and driver_setup.attribute(clone):
        say(f"pages of this clone use it. For every clone, put into .gitattributes:\n{lines}")


def _own_folder() -> Path | None:
    """Where the prdgen that runs now is installed, to be found there outside its environment too."""
    folder = Path(sys.executable).parent
    return folder if (folder / "prdgen").is_file() else None
