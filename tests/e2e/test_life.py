"""The server's own life: ctrl-C, a second start, and a second server on one clone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import PAGE, TEXT
from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]
Make = Callable[..., House]


def test_ctrl_c_commits_and_leaves_no_process(make_house: Make, sit: Sit) -> None:
    """Within seconds, with a browser open; what was typed is in a commit; starting again is quick."""
    house = make_house()
    house.start()
    ada = sit(house, "Ada")
    ada.open(PAGE)
    ada.go("Control+End")
    ada.type("Last words.")
    ada.saved()
    assert house.processes()
    assert house.interrupt() < 8
    assert house.processes() == []
    assert house.committed(PAGE) == TEXT + "Last words."
    began = time.monotonic()
    house.start()
    assert time.monotonic() - began < 6
    ada.saved()
    assert ada.text == TEXT + "Last words."


def test_a_second_server_on_the_clone_refuses(make_house: Make) -> None:
    """It names the first one's process and address, and the first one goes on."""
    house = make_house()
    house.start()
    done = house.prdgen("serve", "-p", "0")
    assert done.returncode == 2
    assert str(house.pid) in done.stderr
    assert house.url in done.stderr
    assert "Traceback" not in done.stderr
    assert house.running


def test_a_killed_server_leaves_nothing_that_hinders(make_house: Make) -> None:
    """After `kill -9` the next start works at once, and ctrl-C then leaves no process."""
    house = make_house()
    house.start()
    house.kill()
    house.start()
    house.interrupt()
    until(lambda: house.processes() == [], 5, what="no process")


def test_a_push_that_its_remote_holds_ends_with_the_server(
    make_house: Make, tmp_path: Path
) -> None:
    """A hook there works for long: nothing of ours waits for it when the server has stopped."""
    house = make_house({"one.md": "# One\n"}, remote="origin", remote_seconds=1)
    hub, held = tmp_path / "hub.git", tmp_path / "held"
    house.run_git(tmp_path, "clone", "--quiet", "--bare", str(house.repository), str(hub))
    house.git("remote", "add", "origin", str(hub))
    hook = hub / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\necho $$ > {held}.new; mv {held}.new {held}; exec sleep 300\n")
    hook.chmod(0o755)
    house.start()
    (house.repository / "one.md").write_text("# One\n\nMore.\n")
    house.git("commit", "--quiet", "--all", "--message", "More")
    until(held.exists, 30, what="a push that is held")
    house.interrupt()
    waiting = Path("/proc") / held.read_text().strip()
    until(lambda: not waiting.exists(), 5, what="no process")
    assert house.processes() == []
