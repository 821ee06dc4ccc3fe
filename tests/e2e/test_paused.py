"""What keeps the text from its file is said in the page."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from .conftest import PAGE
from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser
Cause = Callable[[House], AbstractContextManager[None]]


def test_a_merge_under_way_is_said_and_typing_goes_on(
    make_house: Callable[..., House], sit: Callable[..., Desk]
) -> None:
    """The text is stored meanwhile, and written when the merge is over."""
    house = make_house({PAGE: "# Checkout\n\nA short page.\n", "other.md": "one\n"})
    house.git("checkout", "--quiet", "-b", "side")
    house.put("other.md", "two\n"), house.git("commit", "--quiet", "--all", "--message", "Side")
    house.git("checkout", "--quiet", "main")
    house.put("other.md", "three\n"), house.git("commit", "--quiet", "--all", "--message", "Main")
    house.start()
    ada = sit(house, "Ada")
    ada.open(PAGE)
    house.git("merge", "--quiet", "--no-commit", "--no-ff", "--strategy=ours", "side")
    ada.go("Control+End")
    ada.type("typed in a merge")
    ada.saved()
    ada.notice("not written to its file now").wait_for(timeout=20_000)
    assert "typed in a merge" not in house.file(PAGE)
    house.git("merge", "--abort")
    until(lambda: "typed in a merge" in house.file(PAGE), 15, what="the text in its file")
    until(lambda: ada.page.locator(".notice-text").count() == 0, 20, what="no notice")


@contextmanager
def read_only(house: House) -> Iterator[None]:
    """The page's file may not be written."""
    house.path(PAGE).chmod(0o444)
    yield
    house.path(PAGE).chmod(0o644)


@contextmanager
def closed_folder(house: House) -> Iterator[None]:
    """Nothing in the page's folder may be changed; from root, Linux keeps a folder otherwise."""
    folder = str(house.path(PAGE).parent)
    shut = ["chattr", "+i", folder] if os.geteuid() == 0 else ["chmod", "a-w", folder]
    opened = ["chattr", "-i", folder] if os.geteuid() == 0 else ["chmod", "u+w", folder]
    if subprocess.run(shut, capture_output=True).returncode:
        pytest.skip("this file system keeps no folder from root")
    try:
        yield
    finally:
        subprocess.run(opened, check=True)


@contextmanager
def full_disk(house: House) -> Iterator[None]:
    """The pages are on a disk of their own, with no room left."""
    filler = house.path(PAGE).parent / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 65_536):
            continue
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while file.write(b"x"):
            continue
    yield
    filler.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB where the pages of the test's repository will be."""
    folder = tmp_path / "0" / "prds" / "docs"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("cause", [read_only, closed_folder])
def test_a_file_that_cannot_be_written_is_said_and_typing_goes_on(
    make_house: Callable[..., House], sit: Callable[..., Desk], cause: Cause
) -> None:
    """The page says it calmly; the file follows when the cause is gone, and the words go."""
    house = make_house()
    house.start()
    waits_for_its_file(house, sit(house, "Ada"), cause, "cannot be read or written")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux mounts a disk in memory so simply")
def test_a_full_disk_is_said_and_typing_goes_on(
    small_disk: Path, make_house: Callable[..., House], sit: Callable[..., Desk]
) -> None:
    """The same, when there is no space left."""
    house = make_house()
    house.start()
    waits_for_its_file(house, sit(house, "Ada"), full_disk, "no space left")


def test_a_page_that_is_deleted_is_said_once(
    make_house: Callable[..., House], sit: Callable[..., Desk]
) -> None:
    """The event and the status say the same: one of them is enough."""
    house = make_house()
    house.start()
    ada = sit(house, "Ada")
    ada.open(PAGE)
    ada.saved()
    house.git("rm", "--quiet", PAGE)
    house.git("commit", "--quiet", "--message", "Away with it")
    ada.notice("this page was deleted").wait_for(timeout=15_000)
    ada.go("Control+End")
    ada.type("typed all the same")
    ada.saved()
    assert ada.page.locator(".notice-text").count() == 1


def waits_for_its_file(house: House, ada: Desk, cause: Cause, words: str) -> None:
    """Ada types while something is in the way, and when it is not any more."""
    ada.open(PAGE)
    ada.go("Control+End")
    ada.type("before\n")
    until(lambda: "before" in house.file(PAGE), 15, what="the text in its file")
    with cause(house):
        ada.type("typed meanwhile, and rather more of it than fits where nothing fits\n" * 80)
        ada.saved()
        ada.notice(words).wait_for(timeout=4_000)
        ada.type("typed under the notice\n")
        ada.saved()
        assert "typed under the notice" not in house.file(PAGE)
    until(lambda: "typed under the notice" in house.file(PAGE), 15, what="the text in its file")
    until(lambda: ada.page.locator(".notice-text").count() == 0, 4, what="no notice")
    assert ada.settle(PAGE).count("typed meanwhile") == 80
