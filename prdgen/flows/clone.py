"""A clone on this disk, opened: all that a flow needs which runs without a server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prdgen.flows.errors import NoSuchBranch
from prdgen.git import repository as git_repository
from prdgen.git.errors import NoCommits
from prdgen.git.repository import Repository
from prdgen.settings import Settings


@dataclass(slots=True, kw_only=True)
class Clone:
    """A clone on this disk and its settings: enough for whatever needs no server."""

    settings: Settings
    repository: Repository
    main_branch: str
    state_dir: Path

    @property
    def public_dir(self) -> Path:
        """The folder of the built site."""
        return self.repository.work_tree / self.settings.public_dir


def open_clone(settings: Settings) -> Clone:
    """The clone the settings name; raises what `git.repository.open` raises."""
    repository = git_repository.open(settings.repository)
    return Clone(
        settings=settings,
        repository=repository,
        main_branch=main_branch(settings, repository),
        state_dir=state_dir_of(settings, repository),
    )


def tip_of(clone: Clone, branch: str) -> str:
    """A branch's newest commit; raises NoSuchBranch, and NoCommits when there is none at all."""
    tip = clone.repository.tip(branch)
    if tip is None and not clone.repository.branches():
        raise NoCommits(where=clone.repository.work_tree)
    if tip is None:
        raise NoSuchBranch(branch=branch)
    return tip


def state_dir_of(settings: Settings, repository: Repository) -> Path:
    """Where this clone keeps what is not the repository's: by default `.git/prdgen`."""
    if settings.state_dir:
        return Path(settings.state_dir).expanduser().absolute()
    return Path(repository.common_dir) / "prdgen"


def main_branch(settings: Settings, repository: Repository) -> str:
    """The published branch: the setting, else `main` or `master` if there is one, else HEAD's."""
    if settings.main_branch:
        return settings.main_branch
    branches = repository.branches()
    for name in ("main", "master"):
        if name in branches:
            return name
    return repository.head_branch() or next(iter(branches), "main")


def base_url(settings: Settings) -> str:
    """Where people reach this server, without a slash at the end."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return settings.base_url.rstrip("/") or f"http://{shown}:{settings.port}"
