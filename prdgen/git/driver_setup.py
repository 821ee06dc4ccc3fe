"""`merge=prdgen`: how a clone's Git is told of the merge driver, and of the pages it is for."""

from __future__ import annotations

from typing import Final

from prdgen.git import process
from prdgen.git.repository import Repository

_NAME: Final = "prdgen"
_PATTERNS: Final = ("*.md", "*.markdown")
ATTRIBUTES: Final = tuple(f"{pattern} merge={_NAME}" for pattern in _PATTERNS)
"""The lines for `.gitattributes`. A clone that has no such driver merges these files as before."""
DRIVER: Final = f"merge.{_NAME}.driver"
"""Where Git keeps its command line."""
_TITLE: Final = f"merge.{_NAME}.name"
CONFLICTS: Final = 10
"""How `prdgen merge-file` ends in Git's hands when there are conflicts: a Python that cannot even
start ends with 1, and Git would take that for a file somebody has looked at."""

# Git puts the file names in; it quotes %P itself. Older Gits leave %S, %X and %Y as they are.
_COMMAND: Final = (
    "{path}said=$(prdgen merge-file --marker-size=%L --conflict-code={conflicts} --path=%P"
    " -L %X -L %S -L %Y -- %O %A %B 2>&1);"
    " case $? in"
    ' 0) test -z "$said" || echo "$said" >&2; exit 0;;'
    ' {conflicts}) test -z "$said" || echo "$said" >&2; exit 1;;'
    " esac;"
    " echo prdgen does not work here, so Git merged this by line: %P >&2;"
    " git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B"
)


def install(repository: Repository, find: str) -> bool:
    """Tell this clone's Git of the driver; whether that was news.

    `find` is a line of shell that lets prdgen be found, or nothing.
    """
    line = _COMMAND.format(path=f"{find}; ".replace("%", "%%") if find else "", conflicts=CONFLICTS)
    wanted = {DRIVER: line, _TITLE: "pages, word by word (prdgen)"}
    news = {key: value for key, value in wanted.items() if repository.config_get(key) != value}
    for key, value in news.items():
        repository.config_set(key, value)
    return bool(news)


def uninstall(repository: Repository) -> bool:
    """The opposite; whether there was something to take out."""
    section = DRIVER.rpartition(".")[0]
    done = process.run(repository.work_tree, "config", "--local", "--remove-section", section)
    return done.code == 0


def chosen(repository: Repository) -> set[str]:
    """The values of `merge=` for the pages there are and for a new one; one may be `unspecified`."""
    top = repository.work_tree
    listed = process.output(top, "ls-files", "-z").split(b"\0")
    paths = [path for path in listed if path.lower().endswith((b".md", b".markdown"))]
    data = b"\0".join([*paths, b"a-new-page.md", b""])
    printed = process.output(top, "check-attr", "-z", "--stdin", "merge", data=data)
    return {value.decode("utf-8", "replace") for value in printed.split(b"\0")[2::3]}


def attribute(repository: Repository) -> bool:
    """Let pages be merged by the driver in this clone, through `.git/info/attributes`."""
    path = repository.common_dir / "info" / "attributes"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    missing = [line for line in ATTRIBUTES if line not in lines]
    if missing:
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join([*lines, *missing, ""]), "utf-8", newline="\n")
    return bool(missing)


def unattribute(repository: Repository) -> bool:
    """The opposite."""
    path = repository.common_dir / "info" / "attributes"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    left = [line for line in lines if line not in ATTRIBUTES]
    if left != lines:
        path.write_text("".join(f"{line}\n" for line in left), "utf-8", newline="\n")
    return left != lines
