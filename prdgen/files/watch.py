"""Watches a working tree: which pages somebody else may have changed, and what Git did meanwhile.

An event only says where to look. What is there is read later, at decision time (see `disk`).
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from watchfiles import Change, awatch

from prdgen import background
from prdgen.files.disk import OWN_NAME

_LOG = logging.getLogger(__name__)
_STEP_MS: Final = 30
_GATHER_MS: Final = 60
"""Events are handed out when a step brings no more, at the latest after this."""
_POLL_MS: Final = 300
_LIMIT_SIGNS: Final = ("watch limit", "no space left", "too many open files", "os error 24")
_IGNORED_FOLDERS: Final = frozenset({
    "node_modules", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
})  # fmt: skip
_GIT_FILES: Final = frozenset({
    "HEAD", "packed-refs", "index", "index.lock", "MERGE_HEAD", "MERGE_AUTOSTASH", "CHERRY_PICK_HEAD", "REVERT_HEAD",
    "BISECT_LOG", "config",
})  # fmt: skip
_GIT_FOLDERS: Final = frozenset({"refs", "rebase-merge", "rebase-apply", "sequencer"})


@dataclass(frozen=True, slots=True)
class GitChanged:
    """Something in a git folder moved: names below it, like `HEAD` or `refs/heads/main`."""

    names: frozenset[str]

    @property
    def refs(self) -> frozenset[str]:
        """The refs that may have moved; `packed-refs` stands for any."""
        return frozenset(n for n in self.names if n.startswith("refs/") or n == "packed-refs")


@dataclass(frozen=True, slots=True)
class Batch:
    """What happened in one moment."""

    paths: frozenset[Path]
    """Below the root, as the caller gave it. A folder stands for everything below it."""
    git: GitChanged | None

    def touches(self, file: Path) -> bool:
        """Whether this file may have changed: itself, or a folder above it."""
        return not self.paths.isdisjoint((file, *file.parents))


class _Grown(Exception):
    """A folder came that is not watched yet."""


_Events = set[tuple[Change, str]]
_RESUMED_MS: Final = 500
_UNREADABLE_NAME: Final = "decode path"


async def changes(
    root: Path,
    stop: anyio.Event | asyncio.Event,
    *,
    git_dirs: Sequence[Path] = (),
    ignore: Iterable[str] = ("public",),
    polling: bool | None = None,
    resumed: bool = False,
) -> AsyncIterator[Batch]:
    """Batches of changes below `root` until `stop` is set, from about 20 ms after they happen.

    `resumed`: another watch ended before, and what nobody heard since is told as a change in Git.

    `git_dirs` are git folders outside `root` (a linked work tree's own and the common one); `ignore`
    names folders below `root`. Where the system has no more watches to give, files are looked at
    every 0.3 s instead, and the log says so.
    """
    sorter = _Sorter(root, [path.resolve() for path in git_dirs], frozenset(ignore))
    skip_denied, told = False, False
    while True:
        try:
            watching = _watch(
                sorter, stop, polling=polling, skip_denied=skip_denied, resumed=resumed
            )
            async for batch in watching:
                yield batch
            return
        except _Grown:
            resumed = True
        except ExceptionGroup as group:
            # watchfiles ends at a name that is not UTF-8, and with it what else had changed.
            if not group.subgroup(lambda error: _UNREADABLE_NAME in str(error)):
                raise
            if not told:
                _LOG.warning("a file's name in %s is not UTF-8; that file is not watched", root)
            told = resumed = True
        except PermissionError as error:
            if skip_denied:
                raise
            _LOG.warning("some folders may not be read and are not watched: %s", error)
            skip_denied = True
        except (OSError, RuntimeError) as error:
            if polling or not any(sign in str(error).lower() for sign in _LIMIT_SIGNS):
                raise
            _LOG.warning(
                "no more file watches (%s); looking every 0.3 s instead. "
                "Raise fs.inotify.max_user_watches to be told at once.", error,
            )  # fmt: skip
            polling = True


async def _watch(
    sorter: _Sorter, stop: anyio.Event | asyncio.Event, *, polling: bool | None, skip_denied: bool,
    resumed: bool,
) -> AsyncIterator[Batch]:  # fmt: skip
    """`resumed`: the watch before this one ended unheard, so that all is to be looked at again, once
    this one is at work. Raises _Grown when there is a new folder to watch.
    """
    heard: asyncio.Queue[_Events | Exception | None] = asyncio.Queue()
    over = asyncio.Event()
    folders, tops = sorter.places()
    watching = partial(
        awatch, watch_filter=sorter, debounce=_GATHER_MS, step=_STEP_MS, stop_event=over,
        force_polling=polling, poll_delay_ms=_POLL_MS,
        # It also hides that there are no more watches to give, so only where it is needed.
        ignore_permission_denied=skip_denied,
    )  # fmt: skip
    first = watching(
        *folders, recursive=False, rust_timeout=_RESUMED_MS if resumed else None,
        yield_on_timeout=resumed,
    )  # fmt: skip
    watches = [first, *([watching(*tops)] if tops else [])]
    tasks = [asyncio.create_task(_pump(watch, heard), name="watch pump") for watch in watches]
    tasks.append(asyncio.create_task(_follow(stop, over), name="watch stop"))
    try:
        while (events := await heard.get()) is not None:
            if isinstance(events, Exception):
                raise events
            if resumed and not events:
                resumed = False
                yield Batch(frozenset(), GitChanged(frozenset({"HEAD"})))
            batch = sorter.batch(path for _, path in events)
            if batch.paths or batch.git:
                yield batch
            if any(sorter.grows(*event) for event in events):
                raise _Grown
    finally:
        over.set()
        await background.end(tasks)


async def _pump(
    watch: AsyncGenerator[_Events, None], heard: asyncio.Queue[_Events | Exception | None]
) -> None:
    try:
        async for events in watch:
            heard.put_nowait(events)
        heard.put_nowait(None)
    except Exception as error:
        heard.put_nowait(error)


async def _follow(stop: anyio.Event | asyncio.Event, over: asyncio.Event) -> None:
    await stop.wait()
    over.set()


class _Sorter:
    """Tells pages from Git's own files, and both from what nobody wants to hear of."""

    def __init__(self, root: Path, git_dirs: Sequence[Path], ignore: frozenset[str]) -> None:
        self._given, self._ignore = root, ignore
        self._root = root = root.resolve()
        # The longest first: a linked work tree's git folder lies inside the common one.
        below = sorted({*git_dirs, root / ".git"}, key=lambda path: -len(path.parts))
        self._git_dirs = [path for path in below if path.is_dir()]

    def places(self) -> tuple[list[Path], list[Path]]:
        """Folders to watch by themselves, and those to watch with everything below them.

        Everything below a git folder would be the objects and, in `prdgen/`, the database and the site:
        a hundred thousand files that nobody wants to hear of, and seconds before the first word.
        """
        flat, deep = dict[Path, None](), dict[Path, None]()
        self._split(self._root, flat, deep)
        for top in self._git_dirs:
            linked = [path for path in (top / "worktrees").glob("*") if path.is_dir()]
            flat |= dict.fromkeys([top, *(path.parent for path in linked[:1]), *linked])
            refs = (path / "refs" for path in (top, *linked))
            deep |= dict.fromkeys(path for path in refs if path.is_dir())
        return list(flat), list(deep)

    def _split(self, folder: Path, flat: dict[Path, None], deep: dict[Path, None]) -> None:
        flat[folder] = None
        for child in _folders(folder):
            page = self._page(str(child))
            if page is None:
                continue
            if any(name.startswith(f"{page}/") for name in self._ignore):
                self._split(child, flat, deep)
            else:
                deep[child] = None

    def grows(self, change: Change, path: str) -> bool:
        """Whether this is a new folder, in a place whose folders are watched one by one."""
        if change != Change.added:
            return False
        folder = Path(path)
        page = self._page(path)
        if page is not None:
            alone = folder.parent == self._root or any(
                name.startswith(f"{folder.parent.relative_to(self._root)}/")
                for name in self._ignore
            )
        else:
            alone = any(
                folder == top / "worktrees" or folder.parent == top / "worktrees"
                for top in self._git_dirs
            )
        return alone and folder.is_dir() and not folder.is_symlink()

    def __call__(self, change: Change, path: str) -> bool:
        return (
            self._git_name(path) is not None
            or self._page(path) is not None
            or self.grows(change, path)
        )

    def batch(self, paths: Iterable[str]) -> Batch:
        names, pages = set(), set()
        for path in paths:
            if name := self._git_name(path):
                names.add(name)
            elif page := self._page(path):
                pages.add(self._given / page)
        return Batch(frozenset(pages), GitChanged(frozenset(names)) if names else None)

    def _git_name(self, path: str) -> str | None:
        for top in self._git_dirs:
            prefix = f"{top}/"
            if path.startswith(prefix):
                return _signal(path.removeprefix(prefix))
        return None

    def _page(self, path: str) -> str | None:
        prefix = f"{self._root}/"
        if not path.startswith(prefix):
            return None
        page = path.removeprefix(prefix)
        parts = page.split("/")
        if (
            ".git" in parts
            or not _IGNORED_FOLDERS.isdisjoint(parts)
            or OWN_NAME.fullmatch(parts[-1])
        ):
            return None
        if any(page == name or page.startswith(f"{name}/") for name in self._ignore):
            return None
        return page


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as found:
        return sorted(Path(each.path) for each in found if each.is_dir(follow_symlinks=False))


def _signal(name: str) -> str | None:
    """The name below a git folder if it means something; lock files of refs do not."""
    parts = name.split("/")
    if parts[0] == "worktrees" and len(parts) > 2:
        parts = parts[2:]
    if parts[0] in _GIT_FILES and len(parts) == 1:
        return name
    if parts[0] in _GIT_FOLDERS and not parts[-1].endswith(".lock"):
        return name
    return None
