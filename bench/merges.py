"""Three-way merges that happened: from a repository's history, and between release lines of packages."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import node, repositories

CACHE: Final = node.ROOT / "build" / "bench-packages"
LINES: Final = (
    # package, where two release lines parted, the newer line, the older line later on
    ("ajv", "6.12.2", "7.0.0", "6.12.6"),
    ("express", "4.13.4", "5.0.0-alpha.3", "4.14.0"),
    ("express", "4.14.0", "5.0.0-alpha.3", "4.15.5"),
    ("express", "4.15.5", "5.0.0-alpha.7", "4.16.4"),
    ("express", "4.16.4", "5.0.0-alpha.8", "4.17.1"),
    ("express", "4.17.1", "5.0.0", "4.19.2"),
    ("express", "4.19.2", "5.0.0", "4.20.0"),
    ("express", "4.20.0", "5.0.0", "4.21.2"),
    ("fastify", "2.15.3", "3.0.0", "3.25.3"),
    ("fastify", "3.25.3", "4.0.0", "3.29.5"),
    ("fastify", "3.29.0", "4.0.0", "3.29.5"),
    ("fastify", "4.28.1", "5.0.0", "4.29.1"),
    ("koa", "1.1.2", "2.0.0-alpha.1", "1.2.0"),
    ("koa", "1.1.2", "2.0.0-alpha.3", "1.2.0"),
    ("koa", "1.2.0", "2.0.0-alpha.8", "1.2.5"),
    ("koa", "1.2.0", "2.0.0", "1.4.0"),
    ("koa", "1.4.0", "2.3.0", "1.6.1"),
    ("npm", "6.14.8", "7.0.0", "6.14.18"),
    ("npm", "7.20.0", "8.0.0", "7.24.2"),
    ("npm", "8.19.2", "9.0.0", "8.19.4"),
    ("npm", "9.8.1", "10.0.0", "9.9.4"),
    ("npm", "10.8.3", "11.0.0", "10.9.4"),
    ("pino", "6.13.0", "7.0.0", "6.14.0"),
    ("pino", "8.0.0", "9.0.0", "8.21.0"),
    ("undici", "5.28.0", "6.0.0", "5.29.0"),
    ("undici", "6.21.0", "7.0.0", "6.25.0"),
    ("undici", "7.30.0", "8.0.0", "7.30.2"),
    ("@typescript-eslint/eslint-plugin", "5.44.0", "6.0.0", "5.50.0"),
    ("@typescript-eslint/eslint-plugin", "5.50.0", "6.0.0", "5.56.0"),
    ("@typescript-eslint/eslint-plugin", "5.56.0", "6.0.0", "5.62.0"),
)  # fmt: skip
"""Release lines with Markdown in their packages, which their authors merged or carried over by hand."""


@dataclass(frozen=True, slots=True)
class Triple:
    """One file as three sides have it."""

    name: str
    base: bytes
    ours: bytes
    theirs: bytes

    @property
    def is_merge(self) -> bool:
        """Whether both sides changed the file, each in its own way."""
        return len({self.base, self.ours, self.theirs}) == 3


def of_repository(repository: Path) -> Iterator[Triple]:
    """Every merge of Markdown files in a history; and each change moved before the one it followed.

    The second is what a backport or `rebase -i` merges, for histories that are one line.
    """
    for line in repositories.git(repository, "log", "--merges", "--format=%H %P").splitlines():
        commit, *parents = line.split()
        if len(parents) == 2:
            yield from _of_merge(repository, commit[:7], *parents)
    for path, versions in _versions(repository).items():
        texts = [_read(repository, commit, path) for commit in versions]
        for before, base, after in zip(texts, texts[1:], texts[2:], strict=False):
            yield Triple(f"backport:{path}", base, before, after)


def of_packages(say: Callable[[str], None], cache: Path = CACHE) -> Iterator[Triple]:
    """Markdown files that both release lines of a package changed; fetched by npm, once.

    What cannot be fetched is left out, and said.
    """
    for package, base, ours, theirs in LINES:
        folders = [_fetched(package, version, cache) for version in (base, ours, theirs)]
        if None in folders:
            say(f"{package} {base}, {ours}, {theirs} cannot be fetched and are left out")
            continue
        sides = [_files(folder) for folder in folders if folder is not None]
        for path in sorted(sides[0].keys() & sides[1].keys() & sides[2].keys()):
            yield Triple(f"{package}:{base}:{path}", *(side[path] for side in sides))


def _of_merge(repository: Path, name: str, ours: str, theirs: str) -> Iterator[Triple]:
    bases = repositories.git(repository, "merge-base", ours, theirs).split()
    if not bases:
        return
    changed = [
        set(repositories.git(repository, "diff", "--name-only", bases[0], side, "--", "*.md")
            .splitlines())
        for side in (ours, theirs)
    ]  # fmt: skip
    for path in sorted(changed[0] & changed[1]):
        yield Triple(
            f"{name}:{path}", *(_read(repository, each, path) for each in (bases[0], ours, theirs))
        )


def _versions(repository: Path) -> dict[str, list[str]]:
    """Path → the commits that changed it, oldest first."""
    found: dict[str, list[str]] = {}
    log = repositories.git(
        repository, "log", "--reverse", "--no-merges", "--no-renames", "--format=%x01%H",
        "--name-only", "--", "*.md",
    )  # fmt: skip
    for record in log.split("\x01")[1:]:
        commit, *paths = [line for line in record.splitlines() if line]
        for path in paths:
            found.setdefault(path, []).append(commit)
    return found


def _read(repository: Path, commit: str, path: str) -> bytes:
    """A file's bytes; nothing when it is not there."""
    done = subprocess.run(
        ["git", "-C", str(repository), "show", f"{commit}:{path}"], capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else b""


def _fetched(package: str, version: str, cache: Path) -> Path | None:
    folder = cache / f"{package.replace('/', '+')}@{version}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    npm = node.npm("pack", f"{package}@{version}", "--silent")
    done = subprocess.run(npm, cwd=cache, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    archive = cache / done.stdout.split()[-1]
    fresh = folder.with_name(folder.name + ".new")
    with tarfile.open(archive) as packed:
        for each in packed:
            # `extractall` can be told to stay in its folder only since Python 3.11.4.
            place = (fresh / each.name).resolve()
            data = packed.extractfile(each) if each.isfile() and each.name.endswith(".md") else None
            if data is not None and place.is_relative_to(fresh.resolve()):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data.read())
    archive.unlink()
    return fresh.rename(folder)


def _files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*.md") if "node_modules" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
