"""an empty folder, or an existing repository → a repository prdgen can serve."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from prdgen.flows import take_over
from prdgen.git import driver_setup, setup
from prdgen.page import templates

_PACKAGE = Path(__file__).resolve().parent.parent
_LAID: Final = ("mkdocs.yml", "site", "prd-templates", "hooks")
_NOT_LAID: Final = ("site/prds",)
_SHOWN: Final = 4
IGNORED: Final = ("public", ".DS_Store")


def shipped(name: str) -> Path:
    """A file or folder that ships with prdgen: in the wheel's data, or beside the package."""
    packed = _PACKAGE / "data" / name
    return packed if packed.exists() else _PACKAGE.parent / name


def lay(folder: Path, *, example: bool, say: Callable[[str], None], convert: bool = False) -> None:
    """Make `folder` a repository with prdgen's shape, in one commit; what exists stays as it is, but
    for pages in Material's notation when asked to `convert` them.

    Raises what `git.setup` raises when Git cannot make the repository or the commit, and BadSiteConfig
    for an mkdocs.yml that cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    new = setup.ensure_repository(folder)
    say(f"{'Made' if new else 'Found'} the Git repository {folder}")
    laid: list[str] = []
    has_mkdocs = (folder / take_over.CONFIG).exists()
    has_docs = not has_mkdocs and not (folder / "site").exists() and _has_pages(folder / "docs")
    for name in _LAID:
        if name == "site" and has_mkdocs:
            continue
        laid += _copy(shipped(name), folder / name, folder, say)
    if has_docs:
        _name_docs(folder / take_over.CONFIG)
        say("Found pages in docs/: mkdocs.yml names that folder")
    elif not has_mkdocs:
        laid += _pages(folder, example=example)
    laid += _ignore(folder)
    laid += _attributes(folder)
    if laid:
        setup.commit_paths(folder, laid, "Lay out PRDs with prdgen")
        say(f"Committed {len(laid)} files")
    if has_mkdocs:
        _tell(folder, say, convert=convert)


def _has_pages(folder: Path) -> bool:
    return any(folder.rglob("*.md"))


def _name_docs(config: Path) -> None:
    """Let the mkdocs.yml that was laid name the folder in which the pages are already."""
    config.write_text(
        config.read_text("utf-8").replace("docs_dir: site\n", "docs_dir: docs\n", 1), "utf-8"
    )


def _tell(folder: Path, say: Callable[[str], None], *, convert: bool) -> None:
    """Say what of an MkDocs repository is carried on, and what is not."""
    written = take_over.convert(folder) if convert else []
    found = take_over.look(folder)
    if found is None:
        say("mkdocs.yml is in no commit yet: commit it, and call prdgen init again to hear of it")
        return
    say("Carried on from mkdocs.yml:")
    for words in found.carried:
        say(f"  {words}")
    if written:
        say(f"Wrote Material's notation in {len(written)} pages as GitHub reads it (one commit)")
    if found.left or found.notation:
        say("Not carried on:")
    for words in found.left:
        say(f"  {words}")
    for path, places in found.notation.items():
        marks = ", ".join(f"{each.mark} in line {each.line}" for each in places[:_SHOWN])
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        say(f"  {path}: {marks}{more}")
    kinds = {place.mark for places in found.notation.values() for place in places}
    if kinds & {"!!!", "???", "==="}:
        say(
            "`!!!`, `???` and `===` are read by MkDocs only: `prdgen init --convert` writes them as"
            " GitHub reads them, in a commit of its own"
        )
    if kinds - {"!!!", "???", "==="}:
        say(
            "`:::` and `--8<--` are filled in by plug-ins of MkDocs: write what they show in the page"
        )


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
