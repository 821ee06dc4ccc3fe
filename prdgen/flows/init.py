"""an empty folder, or an existing repository → a repository prdgen can serve."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from prdgen.git import driver_setup, setup
from prdgen.page import templates

_PACKAGE = Path(__file__).resolve().parent.parent
_LAID: Final = ("mkdocs.yml", "site", "prd-templates", "hooks")
_NOT_LAID: Final = ("site/prds",)
IGNORED: Final = ("public", ".DS_Store")


def shipped(name: str) -> Path:
    """A file or folder that ships with prdgen: in the wheel's data, or beside the package."""
    packed = _PACKAGE / "data" / name
    return packed if packed.exists() else _PACKAGE.parent / name


def lay(folder: Path, *, example: bool, say: Callable[[str], None]) -> None:
    """Make `folder` a repository with prdgen's shape, in one commit; what exists stays as it is.

    Raises what `git.setup` raises when Git cannot make the repository or the commit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    new = setup.ensure_repository(folder)
    say(f"{'Made' if new else 'Found'} the Git repository {folder}")
    laid: list[str] = []
    has_mkdocs = (folder / "mkdocs.yml").exists()
    for name in _LAID:
        if name == "site" and has_mkdocs:
            say("left alone: mkdocs.yml and the pages of its docs_dir")
            continue
        laid += _copy(shipped(name), folder / name, folder, say)
    if not has_mkdocs:
        laid += _pages(folder, example=example)
    laid += _ignore(folder)
    laid += _attributes(folder)
    if laid:
        setup.commit_paths(folder, laid, "Lay out PRDs with prdgen")
        say(f"Committed {len(laid)} files")


def _copy(source: Path, target: Path, root: Path, say: Callable[[str], None]) -> list[str]:
    """Copy what is missing; returns the paths that were written, relative to `root`."""
    if source.is_file():
        if target.exists():
            return []
        shutil.copyfile(source, target)
        return [target.relative_to(root).as_posix()]
    written: list[str] = []
    for file in sorted(p for p in source.rglob("*") if p.is_file()):
        relative = file.relative_to(source)
        whole = f"{source.name}/{relative.as_posix()}"
        if whole.startswith((*_NOT_LAID, "prd-templates/example/")):
            continue
        goal = target / relative
        if goal.exists():
            say(f"left alone: {goal.relative_to(root)}")
            continue
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, goal)
        written.append(goal.relative_to(root).as_posix())
    return written


def _pages(folder: Path, *, example: bool) -> list[str]:
    """The first page, or the six of the example, in site/prds/."""
    where = folder / "site" / "prds"
    where.mkdir(parents=True, exist_ok=True)
    today = datetime.now(UTC).date().isoformat()
    written: list[str] = []
    if example:
        for file in sorted(templates.EXAMPLE.glob("*.md")):
            (where / file.name).write_text(file.read_text("utf-8"), "utf-8")
            written.append(f"site/prds/{file.name}")
        return written
    template = templates.list_(templates.SHIPPED)[0]
    first = templates.fill(template, {"title": "Our first PRD", "owner": "", "date": today})
    (where / "our-first-prd.md").write_text(first, "utf-8")
    return ["site/prds/our-first-prd.md"]


def _ignore(folder: Path) -> list[str]:
    """Keep the built site out of Git."""
    path = folder / ".gitignore"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    missing = [name for name in IGNORED if name not in {line.strip("/") for line in lines}]
    if not missing:
        return []
    path.write_text("\n".join([*lines, *missing]) + "\n", "utf-8")
    return [".gitignore"]


def _attributes(folder: Path) -> list[str]:
    """Let pages be merged word by word, in clones with the driver (`prdgen hooks install`)."""
    path = folder / ".gitattributes"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    if any("merge=" in line for line in lines):
        return []
    path.write_text("\n".join([*lines, *driver_setup.ATTRIBUTES]) + "\n", "utf-8")
    return [".gitattributes"]
