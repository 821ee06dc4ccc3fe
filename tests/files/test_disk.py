"""Reading and writing pages: never through a link, never over somebody's save (traps 1, 6, 17)."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from prdgen.files import disk, leftovers, place, rename
from prdgen.files.errors import (
    DiskFull,
    FileNotWritable,
    FileTooLarge,
    LinkRefused,
    NotAFile,
    OutsideRoot,
)

ROOT = Path(__file__).parents[2]
PAGE = Path("docs/page.md")


@pytest.fixture
def root(tmp_path) -> Path:
    """A work tree with one page."""
    (tmp_path / "docs").mkdir()
    (tmp_path / PAGE).write_bytes(b"old\n")
    return tmp_path


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "docs").iterdir())


def data_of(root: Path, path: Path = PAGE) -> bytes | None:
    state = disk.read(path, root)
    return None if isinstance(state, disk.Missing) else state.data


# --- reading


def test_read_takes_relative_and_absolute_paths(root):
    """The same file either way."""
    assert data_of(root) == data_of(root, root / PAGE) == b"old\n"


def test_a_missing_file_or_folder_is_missing(root):
    """No error."""
    assert disk.read(Path("docs/no.md"), root) == disk.Missing()
    assert disk.read(Path("no/no.md"), root) == disk.Missing()


@pytest.mark.parametrize("path", ["../x", "docs/../../x", "/etc/hostname", ".git/config", ""])
def test_paths_out_of_the_work_tree_are_refused(root, path):
    """Also into `.git`."""
    with pytest.raises(OutsideRoot):
        disk.read(Path(path), root)


@pytest.mark.parametrize("path", ["docs/link.md", "out/hostname", "docs/deep/hostname"])
def test_links_are_never_followed(root, path):
    """As the page itself or as any folder above it: read and write alike."""
    (root / "docs/link.md").symlink_to("/etc/hostname")
    (root / "out").symlink_to("/etc")
    (root / "docs/deep").symlink_to("/etc")
    with pytest.raises(LinkRefused):
        disk.read(Path(path), root)
    for expected in (None, b"x"):
        with pytest.raises(LinkRefused):
            disk.exchange(Path(path), root, b"x", expected)


def test_a_root_behind_a_link_is_fine(root, tmp_path_factory):
    """The repository's own place may be a link; what is pushed into it may not."""
    alias = tmp_path_factory.mktemp("alias") / "repo"
    alias.symlink_to(root)
    assert data_of(alias, alias / PAGE) == b"old\n"


def test_what_is_no_file_is_named(root):
    """A folder, and a pipe, which must not be waited for."""
    os.mkfifo(root / "docs/pipe.md")
    for path in ("docs", "docs/pipe.md", "docs/page.md/below"):
        with pytest.raises(NotAFile):
            disk.read(Path(path), root)


def test_a_huge_file_is_not_read(root):
    """The limit is the caller's."""
    with pytest.raises(FileTooLarge):
        disk.read(PAGE, root, limit=3)


# --- standing still


async def test_a_file_that_stands_is_read_at_once(root):
    """How long it stands already counts."""
    await disk.stood_still(PAGE, root, 1.0)
    began = time.monotonic()
    state = await disk.stood_still(PAGE, root, 1.0)
    assert state.data == b"old\n"
    assert time.monotonic() - began < 0.9


async def test_a_save_in_place_is_never_seen_half(root):
    """Empty, then in pieces: only the whole text comes out (trap 1)."""
    whole = b"".join(b"line %d\n" % number for number in range(3000))
    (root / PAGE).write_bytes(whole)
    path = root / PAGE

    def save() -> None:
        with path.open("wb", buffering=0) as file:
            for start in range(0, len(whole), 4096):
                pause.wait(0.01)
                file.write(whole[start : start + 4096])

    pause = threading.Event()
    seen = set()
    for _ in range(3):
        saving = asyncio.create_task(asyncio.to_thread(save))
        await asyncio.to_thread(pause.wait, 0.005)
        state = await disk.stood_still(PAGE, root, 0.03, shorter_prefix_of=whole)
        seen.add(state.data)
        await saving
    assert seen == {whole}


@pytest.mark.parametrize("half", [b"", b"old"])
async def test_what_looks_half_written_gets_two_seconds(root, half):
    """Empty, or a beginning of what was there; and then it is believed."""
    (root / PAGE).write_bytes(half)
    began = time.monotonic()
    state = await disk.stood_still(PAGE, root, 0.05, shorter_prefix_of=b"old\n")
    assert state.data == half
    assert 1.5 < time.monotonic() - began < 4


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_a_clock_that_is_set_neither_hurries_nor_halts(root, monkeypatch, jump):
    """Half a file is not old because the clock was put forward, nor young for an hour."""
    await disk.stood_still(PAGE, root, 0.05)
    (root / PAGE).write_bytes(b"old")
    now = time.time
    monkeypatch.setattr(disk.time, "time", lambda: now() + jump)
    began = time.monotonic()
    state = await disk.stood_still(PAGE, root, 0.05, shorter_prefix_of=b"old\n")
    assert state.data == b"old"
    assert 1.5 < time.monotonic() - began < 4


async def test_a_clock_set_back_while_it_waits_makes_no_hour(root, monkeypatch):
    """What was waited already counts, whatever the clock says now."""
    (root / PAGE).write_bytes(b"new\n")
    now, looks = time.time, []

    def set_back() -> float:
        looks.append(1)
        return now() - 3600 * (len(looks) > 1)

    monkeypatch.setattr(disk.time, "time", set_back)
    began = time.monotonic()
    assert (await disk.stood_still(PAGE, root, 0.3)).data == b"new\n"
    assert time.monotonic() - began < 3


async def test_an_editor_that_renames_is_not_a_deletion(root):
    """The name is missing for a moment."""
    (root / PAGE).rename(root / "docs/page.md~")

    async def back() -> None:
        await asyncio.to_thread(threading.Event().wait, 0.1)
        (root / PAGE).write_bytes(b"new\n")

    task = asyncio.create_task(back())
    state = await disk.stood_still(PAGE, root, 0.05)
    await task
    assert state.data == b"new\n"


# --- writing


def test_a_write_hands_out_what_was_there(root):
    """And leaves no other file behind."""
    with disk.exchange(PAGE, root, b"new\n", b"old\n") as swapped:
        assert (swapped.displaced, swapped.written) == (b"old\n", True)
    assert data_of(root) == b"new\n"
    assert names(root) == ["page.md"]


def test_a_save_between_look_and_write_comes_out(root):
    """read–compare–rename lost 174 of 1,074 of them (trap 6)."""
    (root / PAGE).write_bytes(b"saved by vim\n")
    with disk.exchange(PAGE, root, b"new\n", b"old\n") as swapped:
        assert swapped.displaced == b"saved by vim\n"


def test_racing_saves_all_come_out(root):
    """Whatever an editor puts into place by renaming is displaced by a write, or stands at the end.

    The editor waits until its save has come out, so it never overwrites one itself.
    """
    saved = [b"save %d\n" % number for number in range(200)]
    found, came_out, done = [], threading.Semaphore(1), threading.Event()

    def editor() -> None:
        for save in saved:
            assert came_out.acquire(timeout=10)
            fresh = root / "docs/.page.swp"
            fresh.write_bytes(save)
            fresh.rename(root / PAGE)
        assert came_out.acquire(timeout=10)
        done.set()

    thread = threading.Thread(target=editor)
    thread.start()
    previous, number = b"old\n", 0
    while not done.is_set():
        number += 1
        mine = b"server %d\n" % number
        with disk.exchange(PAGE, root, mine, previous) as swapped:
            if swapped.displaced != previous:
                found.append(swapped.displaced)
                came_out.release()
        previous = mine
    thread.join()
    assert found == saved


def test_an_editor_that_holds_the_file_open_is_heard_later(root):
    """It writes into the displaced file, which nobody can see any more."""
    with (root / PAGE).open("r+b", buffering=0) as editor:
        swapped = disk.exchange(PAGE, root, b"new\n", b"old\n")
        assert swapped.late() is None
        editor.write(b"late\n")
    assert swapped.late() == b"late\n"
    assert swapped.late() is None
    swapped.close()
    assert swapped.late() is None


def test_mode_owner_and_attributes_stay(root):
    """As far as this process may set them."""
    path = root / PAGE
    path.chmod(0o764)
    if os.geteuid() == 0:
        os.chown(path, 1234, 1235)
    if hasattr(os, "setxattr"):
        os.setxattr(path, "user.note", b"kept")
    before = path.stat()
    disk.exchange(PAGE, root, b"new\n", b"old\n").close()
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid,
    )  # fmt: skip
    if hasattr(os, "getxattr"):
        assert os.getxattr(path, "user.note") == b"kept"


def test_a_new_page_is_made_with_its_folders(root):
    """Plain mode under the umask."""
    swapped = disk.exchange(Path("a/b/new.md"), root, b"x", None, fsync=True)
    assert (swapped.displaced, swapped.written) == (None, True)
    assert data_of(root, Path("a/b/new.md")) == b"x"
    assert (root / "a/b/new.md").stat().st_mode & 0o600 == 0o600


def test_a_page_that_appeared_meanwhile_comes_out(root):
    """Expected none, found one: it is handed out, not lost."""
    with disk.exchange(PAGE, root, b"mine", None) as swapped:
        assert swapped.displaced == b"old\n"


@pytest.mark.parametrize("path", ["docs/gone.md", "gone/page.md"])
def test_a_page_that_vanished_is_not_made_again(root, path):
    """Somebody deleted it: the caller decides."""
    swapped = disk.exchange(Path(path), root, b"x", b"old\n")
    assert (swapped.displaced, swapped.written) == (None, False)
    assert not (root / path).exists()
    assert names(root) == ["page.md"]


def test_a_link_that_slips_in_goes_back(root):
    """Between opening and exchanging: it stays the link it was."""
    (root / "docs/page.md").unlink()
    (root / "docs/page.md").symlink_to("other.md")
    with place.opened(PAGE, root) as where:
        fresh = place.Place(where.folder, ".page.md.00000000.prdgen~", where.path)
        disk._write_new(fresh, b"x", None, fsync=False)
        with pytest.raises(LinkRefused):
            disk._trade(where, fresh, make=False, keep=None)
    assert (root / "docs/page.md").is_symlink()


def test_filesystems_without_exchange_lose_nothing_either(root):
    """The slow way: moved aside, put in place, handed out."""
    with place.opened(PAGE, root) as where:
        fresh = place.Place(where.folder, ".page.md.00000000.prdgen~", where.path)
        disk._write_new(fresh, b"new\n", None, fsync=False)
        swapped = disk.trade_slowly(where, fresh, make=False)
    assert swapped.displaced == b"old\n"
    assert data_of(root) == b"new\n"
    assert names(root) == ["page.md"]


@pytest.mark.parametrize("make", [True, False])
def test_the_slow_way_with_no_file(root, make):
    """Made if it was to be made."""
    (root / PAGE).unlink()
    with place.opened(PAGE, root) as where:
        fresh = place.Place(where.folder, ".page.md.00000000.prdgen~", where.path)
        disk._write_new(fresh, b"new\n", None, fsync=False)
        swapped = disk.trade_slowly(where, fresh, make=make)
    assert (swapped.displaced, swapped.written) == (None, make)
    assert names(root) == (["page.md"] if make else [])


def test_a_rename_that_replaces_nothing(root):
    """The name is taken: an error, and both files stay."""
    (root / "docs/b").write_bytes(b"b")
    with place.opened(PAGE, root) as where:
        with pytest.raises(FileExistsError):
            rename.no_replace(where.folder, "b", "page.md")
    assert names(root) == ["b", "page.md"]


def test_a_full_disk_is_said_and_leaves_the_old_file(root):
    """Here: the limit of file sizes, in a process of its own."""
    script = (
        "import resource, signal, sys, pathlib\nfrom prdgen.files import disk, errors\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n  disk.exchange(pathlib.Path('docs/page.md'), pathlib.Path(sys.argv[1]),"
        " b'x' * 10000, b'old\\n')\n"
        "except errors.DiskFull as error:\n  print(error.message); sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(root)], cwd=ROOT, capture_output=True)
    assert done.returncode == 7, done.stderr
    assert DiskFull.retryable
    assert (data_of(root), names(root)) == (b"old\n", ["page.md"])


def test_a_read_only_page_is_not_replaced(root):
    """A rename would ignore the file's own mode."""
    (root / PAGE).chmod(0o444)
    with pytest.raises(FileNotWritable, match="read-only"):
        disk.exchange(PAGE, root, b"new\n", b"old\n")
    assert (data_of(root), names(root)) == (b"old\n", ["page.md"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_said(root):
    """With the folder's rights as the reason."""
    (root / "docs").chmod(0o555)
    with pytest.raises(FileNotWritable, match="Permission denied"):
        disk.exchange(PAGE, root, b"new\n", b"old\n")


# --- deleting


def test_a_page_is_deleted_if_it_is_what_was_expected(root):
    """And what it held comes out."""
    swapped = disk.remove(PAGE, root, b"old\n")
    assert (swapped.displaced, swapped.written, names(root)) == (b"old\n", True, [])


def test_a_page_that_was_saved_meanwhile_is_not_deleted(root):
    """It goes back to its name."""
    (root / PAGE).write_bytes(b"saved\n")
    swapped = disk.remove(PAGE, root, b"old\n")
    assert (swapped.displaced, swapped.written) == (b"saved\n", False)
    assert names(root) == ["page.md"]
    assert not disk.remove(Path("docs/no.md"), root, b"").written


# --- after a kill


def test_what_a_killed_write_left_is_found_with_its_page(root):
    """It may be somebody's save, displaced and not yet taken in."""
    script = (
        "import os, signal, sys, pathlib\nfrom prdgen.files import disk\n"
        "disk._displaced = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "disk.exchange(pathlib.Path('docs/page.md'), pathlib.Path(sys.argv[1]), b'new', b'old\\n')\n"
    )
    (root / PAGE).write_bytes(b"saved by vim\n")
    subprocess.run([sys.executable, "-c", script, str(root)], cwd=ROOT)
    assert data_of(root) == b"new"
    found = leftovers.find(root)
    assert [(left.page_path, left.data) for left in found] == [("docs/page.md", b"saved by vim\n")]
    leftovers.discard(found[0], root)
    assert leftovers.find(root) == []
    assert names(root) == ["page.md"]


def test_a_file_that_grows_from_nothing_is_not_read_byte_by_byte(root, monkeypatch):
    """Its size said nothing when the reading began."""
    page, real, asked = root / PAGE, os.pread, []
    page.write_bytes(b"")

    def grown(*words):
        if not asked:
            page.write_bytes(b"x" * 300_000)
        asked.append(words[1])
        return real(*words)

    monkeypatch.setattr(os, "pread", grown)
    assert data_of(root) == b"x" * 300_000
    assert len(asked) < 20
