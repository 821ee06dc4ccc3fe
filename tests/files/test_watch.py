"""What is heard of a work tree, how soon, and what is not."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from prdgen.files import disk, watch

ROOT = Path(__file__).parents[2]


def git(path: Path, *arguments: str) -> None:
    person = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@x"}
    person |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@x"}
    subprocess.run(
        ["git", *arguments], cwd=path, check=True, capture_output=True, env={**os.environ, **person}
    )


@pytest.fixture
def root(tmp_path) -> Path:
    """A repository with one committed page."""
    (tmp_path / "r/docs").mkdir(parents=True)
    (tmp_path / "r/docs/page.md").write_text("x\n")
    git(tmp_path / "r", "init", "--quiet", "--initial-branch=main")
    git(tmp_path / "r", "add", "--all")
    git(tmp_path / "r", "commit", "--quiet", "-m", "first")
    return tmp_path / "r"


class Ear:
    """Everything heard so far, and a wait for more."""

    def __init__(self) -> None:
        self.paths: set[Path] = set()
        self.git: set[str] = set()
        self._more = asyncio.Event()

    def hear(self, batch: watch.Batch) -> None:
        self.paths |= batch.paths
        self.git |= batch.git.names if batch.git else set()
        self._more.set()

    async def until(self, holds) -> None:
        with anyio.fail_after(5):
            while not holds():
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def listening(root: Path, **options):
    """An ear whose watcher is known to be at work."""
    ear, stop = Ear(), anyio.Event()

    async def listen() -> None:
        async for batch in watch.changes(root, stop, **options):
            ear.hear(batch)

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        probe = root / "probe.md"
        with anyio.fail_after(10):
            while probe not in ear.paths:
                probe.write_text(str(time.monotonic()))
                with anyio.move_on_after(0.05):
                    await ear.until(lambda: probe in ear.paths)
        ear.paths.clear()
        ear.git.clear()
        yield ear
        stop.set()


async def test_a_save_is_heard_soon(root):
    """From save to event within 120 ms, nearly always."""
    page, times = root / "docs/page.md", []
    async with listening(root) as ear:
        for number in range(7):
            ear.paths.clear()
            began = time.monotonic()
            page.write_text(str(number))
            await ear.until(lambda: page in ear.paths)
            times.append(time.monotonic() - began)
    assert sorted(times)[len(times) // 2] < 0.12


async def test_our_own_writes_are_one_path_and_no_temporary_name(root):
    """The exchange is heard as a change of the page; content tells whose it is."""
    async with listening(root) as ear:
        disk.exchange(root / "docs/page.md", root, b"new", b"x\n").close()
        await ear.until(lambda: root / "docs/page.md" in ear.paths)
        assert ear.paths <= {root / "docs/page.md", root / "docs", root / "probe.md"}


async def test_the_built_site_and_caches_are_not_heard(root):
    """Only what comes after them."""
    (root / "public").mkdir()
    (root / "node_modules").mkdir()
    async with listening(root) as ear:
        (root / "public/index.html").write_text("x")
        (root / "node_modules/readme.md").write_text("x")
        (root / "docs/last.md").write_text("x")
        await ear.until(lambda: root / "docs/last.md" in ear.paths)
    names = {path.relative_to(root).parts[0] for path in ear.paths}
    assert names <= {"docs", "probe.md"}


async def test_a_moved_folder_touches_every_page_below(root):
    """The system tells of the folder only."""
    async with listening(root) as ear:
        (root / "docs").rename(root / "prds")
        await ear.until(lambda: {root / "docs", root / "prds"} <= ear.paths)
    batch = watch.Batch(frozenset(ear.paths), None)
    assert batch.touches(root / "prds/page.md")
    assert not batch.touches(root / "other/page.md")


@pytest.mark.parametrize(
    ("commands", "names"),
    [
        (["commit --quiet --allow-empty -m x"], {"refs/heads/main"}),
        (["switch --quiet -c draft"], {"HEAD", "refs/heads/draft"}),
        (["pack-refs --all"], {"packed-refs"}),
        (["add --all"], {"index", "index.lock"}),
        (["update-ref MERGE_HEAD HEAD"], {"MERGE_HEAD"}),
    ],
)
async def test_what_git_does_is_heard(root, commands, names):
    """By the names of its files; objects and lock files of refs are not."""
    async with listening(root) as ear:
        for command in commands:
            git(root, *command.split())
        await ear.until(lambda: names <= ear.git)
    assert not [name for name in ear.git if name.startswith(("objects", "logs"))]
    assert not [name for name in ear.git if name.endswith(".lock") and name != "index.lock"]


async def test_a_linked_work_tree_hears_its_own_git_folder_and_the_common_one(root, tmp_path):
    """HEAD and index are elsewhere than the refs."""
    git(root, "worktree", "add", "--quiet", "-b", "draft", str(tmp_path / "linked"))
    folders = [root / ".git/worktrees/linked", root / ".git"]
    async with listening(tmp_path / "linked", git_dirs=folders) as ear:
        git(tmp_path / "linked", "switch", "--quiet", "-c", "third")
        await ear.until(lambda: {"HEAD", "refs/heads/third"} <= ear.git)
        (tmp_path / "linked/docs/page.md").write_text("y")
        await ear.until(lambda: tmp_path / "linked/docs/page.md" in ear.paths)


async def test_a_rebase_is_heard(root):
    """The file side pauses while it is under way."""
    git(root, "switch", "--quiet", "-c", "draft")
    (root / "docs/page.md").write_text("draft\n")
    git(root, "commit", "--quiet", "-am", "draft")
    git(root, "switch", "--quiet", "main")
    (root / "docs/page.md").write_text("main\n")
    git(root, "commit", "--quiet", "-am", "main")
    async with listening(root) as ear:
        with pytest.raises(subprocess.CalledProcessError):
            git(root, "rebase", "draft")
        await ear.until(lambda: any(name.startswith("rebase-merge") for name in ear.git))


async def test_a_new_folder_is_watched_with_all_below_it(root):
    """At the top, below, and again after it went away; a linked work tree's git folder, too."""
    async with listening(root) as ear:
        for _ in range(2):
            (root / "new/deep").mkdir(parents=True)
            await ear.until(lambda: root / "new" in ear.paths and "HEAD" in ear.git)
            (root / "new/deep/page.md").write_text("x")
            await ear.until(lambda: root / "new/deep/page.md" in ear.paths)
            shutil.rmtree(root / "new")
            await ear.until(lambda: root / "new" in ear.paths)
            ear.paths.clear()
            ear.git.clear()
        git(root, "worktree", "add", "--quiet", "--detach", str(root.parent / "linked"))
        await ear.until(lambda: "HEAD" in ear.git)
        git(root.parent / "linked", "switch", "--quiet", "-c", "third")
        await ear.until(lambda: "worktrees/linked/HEAD" in ear.git)


async def test_what_lies_in_the_git_folder_costs_no_watches(root):
    """The database, the site and the objects; nor does a site in a folder of its own."""
    for number in range(200):
        for place in (".git/prdgen/site", ".git/objects/extra", "build/site"):
            (root / place / f"{number}").mkdir(parents=True)
    before = _watches()
    async with listening(root, ignore=["build/site"]) as ear:
        assert _watches() - before < 40
        (root / "build/page.md").write_text("x")
        await ear.until(lambda: root / "build/page.md" in ear.paths)


def _watches() -> int:
    """The folders this process has the system watch."""
    told = (path.read_text() for path in Path("/proc/self/fdinfo").iterdir() if path.exists())
    return sum(text.count("inotify wd:") for text in told)


async def test_polling_hears_too(root):
    """Where the system has no watches to give."""
    async with listening(root, polling=True) as ear:
        (root / "docs/page.md").write_text("polled, and longer")
        await ear.until(lambda: root / "docs/page.md" in ear.paths)


def _can_limit_watches() -> bool:
    limit = "echo 3 > /proc/sys/user/max_inotify_watches"
    done = subprocess.run(["unshare", "-Ur", "sh", "-c", limit], capture_output=True)
    return done.returncode == 0


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not _can_limit_watches(),
    reason="needs a user namespace with a watch limit of its own",
)
def test_running_out_of_watches_falls_back_to_polling(root):
    """With one line in the log that says what to raise."""
    script = (
        "import anyio, logging, pathlib, sys\nfrom prdgen.files import watch\n"
        "logging.basicConfig()\nroot = pathlib.Path(sys.argv[1])\n"
        "async def main():\n"
        "  stop = anyio.Event()\n"
        "  async with anyio.create_task_group() as group:\n"
        "    async def write():\n"
        "      while not stop.is_set():\n"
        "        with (root / 'docs/page.md').open('a') as f: f.write('more')\n"
        "        await anyio.sleep(0.2)\n"
        "    group.start_soon(write)\n"
        "    with anyio.fail_after(20):\n"
        "      async for batch in watch.changes(root, stop):\n"
        "        if root / 'docs/page.md' in batch.paths: stop.set()\n"
        "anyio.run(main)\n"
    )
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c",
         'echo 3 > /proc/sys/user/max_inotify_watches; exec "$@"', "sh",
         sys.executable, "-c", script, str(root)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "max_user_watches" in done.stderr


async def test_a_name_that_is_not_utf_8_stops_nothing(root, caplog):
    """watchfiles gives up at it: one plain line, and what changed beside it is looked for."""
    async with listening(root) as ear:
        for number in range(2):
            Path(os.fsdecode(os.fsencode(root) + b"/docs/bad\xff.md")).write_text(f"{number}\n")
            (root / "docs/page.md").write_text(f"{number}\n")
            await ear.until(lambda: "HEAD" in ear.git)
            ear.git.clear()
        (root / "docs/page.md").write_text("after\n")
        await ear.until(lambda: root / "docs/page.md" in ear.paths)
    (told,) = [record for record in caplog.records if "UTF-8" in record.message]
    assert told.exc_info is None
