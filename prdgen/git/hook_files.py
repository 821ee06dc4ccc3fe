"""prdgen's hooks in a clone: put where Git looks for them, before what stands there, and taken out."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from prdgen.git.errors import HookInTheWay, HooksElsewhere
from prdgen.git.repository import Repository

MARK: Final = "# prdgen: copied here by `prdgen hooks install`."
"""How the second line of every hook of ours begins."""
BEFORE: Final = ".before-prdgen"
"""What is put behind the name of a hook that was there; ours calls it first."""
_READS_INPUT: Final = frozenset({"pre-push"})
_CALL: Final = 'if test -x "$0{before}"; then {feed}"$0{before}" "$@" || exit $?; fi\n'
_KEEP: Final = "asked=$(cat)\n"
_FEED: Final = '{{ test -z "$asked" || printf \'%s\\n\' "$asked"; }} | '
_GIVE: Final = 'if test -z "$asked"; then exec </dev/null; else exec <<END_OF_INPUT\n$asked\nEND_OF_INPUT\nfi\n'


def folder(repository: Repository) -> Path:
    """Where Git looks for hooks: `core.hooksPath`, or `hooks` in the git folder."""
    configured = repository.config_get("core.hooksPath")
    if not configured:
        return repository.common_dir / "hooks"
    return repository.work_tree / Path(configured).expanduser()


def install(repository: Repository, shipped: Iterable[Path], bin_dir: Path | None) -> list[str]:
    """Put the shipped hooks into the clone; the paths that were written, none when all is there.

    A hook that is there keeps its place in the order: first it, then ours. `bin_dir` is where prdgen
    is found when it is not on the PATH. Raises HookInTheWay, before anything is written.
    """
    where = folder(repository)
    sources = {source.name: source for source in shipped}
    for name in sources:
        _check(where / name)
    written = []
    for name, source in sources.items():
        path = where / name
        if os.path.lexists(path) and not is_own(path):
            path.rename(_before(path))
        script = _script(source, bin_dir, chained=_before(path).exists())
        if path.is_symlink() or not path.exists() or path.read_text("utf-8") != script:
            _put(path, script)
            written.append(str(path))
    return written


def uninstall(repository: Repository, names: Iterable[str]) -> list[str]:
    """Take our hooks out and put back what was there before; the paths that were changed."""
    changed = []
    for path in (folder(repository) / name for name in names):
        if not is_own(path):
            continue
        if _before(path).exists():
            _before(path).replace(path)
        else:
            path.unlink()
        changed.append(str(path))
    return changed


def check_place(repository: Repository, names: Iterable[str]) -> None:
    """Raises HooksElsewhere when Git looks for hooks in a folder that is not this clone's alone."""
    where = folder(repository)
    if where.resolve().is_relative_to(repository.common_dir.resolve()):
        return
    if not all(is_own(where / name) for name in names):
        inside = where.resolve().is_relative_to(repository.work_tree.resolve())
        whose = "is part of the working tree" if inside else "other repositories may use too"
        raise HooksElsewhere(where=where, whose=whose)


def is_own(path: Path) -> bool:
    """Whether this hook is one of ours."""
    try:
        with path.open("rb") as file:
            start = file.read(400).split(b"\n", 2)
    except OSError:
        return False
    return len(start) > 1 and start[1].startswith(MARK.encode())


def not_ours(path: Path) -> Path:
    """The hook itself, or what stood there before ours."""
    return _before(path) if is_own(path) else path


def _check(path: Path) -> None:
    if os.path.lexists(path) and not is_own(path) and os.path.lexists(_before(path)):
        raise HookInTheWay(where=path, before=_before(path))


def _before(path: Path) -> Path:
    return path.with_name(path.name + BEFORE)


def _script(source: Path, bin_dir: Path | None, *, chained: bool) -> str:
    """The shipped hook; between its head and its work, what this clone needs besides."""
    shebang, mark, work = source.read_text("utf-8").split("\n", 2)
    more = "" if bin_dir is None else f"{find(bin_dir)}\n"
    if chained and source.name in _READS_INPUT:
        more += _KEEP + _CALL.format(before=BEFORE, feed=_FEED.format()) + _GIVE
    elif chained:
        more += _CALL.format(before=BEFORE, feed="")
    return f"{shebang}\n{mark}\n{more}{work}"


def find(bin_dir: Path) -> str:
    """A line of shell that lets prdgen be found in this folder, after all others."""
    return f'PATH="$PATH":{shlex.quote(str(bin_dir))}'


def _put(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{secrets.token_hex(4)}.prdgen~")
    made.write_text(script, "utf-8", newline="\n")
    made.chmod(0o755)
    made.replace(path)
