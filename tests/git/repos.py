"""Makes Git repositories for tests, quickly and without anybody's own configuration."""

import os
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel

from prdgen.git import commits, repository
from prdgen.git.values import Signature

for _level in (ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.SYSTEM):
    pygit2.settings.search_path[_level] = ""

ANN = Signature("Ann", "ann@example.org")
BOB = Signature("Bob", "bob@example.org")
SERVER = Signature("prdgen", "prdgen@example.org")
_PERSON = {
    "GIT_AUTHOR_NAME": "Eve", "GIT_AUTHOR_EMAIL": "eve@example.org",
    "GIT_COMMITTER_NAME": "Eve", "GIT_COMMITTER_EMAIL": "eve@example.org",
}  # fmt: skip


@dataclass(frozen=True)
class Repo:
    """A repository on disk, with `git` as its user would call it."""

    path: Path

    @cached_property
    def opened(self) -> repository.Repository:
        return repository.open(self.path)

    def git(self, *arguments: str, ok: bool = True, data: str | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env={**os.environ, **_PERSON}, text=True,
            capture_output=True, input=data, encoding="utf-8",
        )  # fmt: skip
        assert not ok or done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")

    def write(self, **or_files: str) -> None:
        self.put({name.replace("__", "/") + ".md": text for name, text in or_files.items()})

    def put(self, files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message: str = "change", **pages: str) -> str:
        self.write(**pages)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def status(self) -> str:
        return self.git("status", "--porcelain")

    def tip(self, branch: str = "main") -> str | None:
        return self.opened.tip(branch)

    def save(self, edits: dict[str, str | bytes | None], branch: str = "main", **options) -> str:
        """`commits.write` on the tip, by Ann."""
        data = {p: text.encode() if isinstance(text, str) else text for p, text in edits.items()}
        options = {"message": "Edit", "author": ANN, "committer": SERVER, **options}
        expected = options.pop("expected", self.tip(branch))
        return commits.write(self.opened, branch, expected, data, **options)

    def hook(self, name: str, script: str) -> Path:
        path = self.path / ".git" / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path


def make(path: Path, **pages: str) -> Repo:
    """A repository at `path` on branch `main` with the pages in its first commit."""
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["git", "init", "--quiet", "--initial-branch=main", "--template=", str(path)], check=True
    )
    repo = Repo(path)
    if pages:
        repo.commit("first", **pages)
    return repo
