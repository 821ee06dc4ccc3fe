"""A real server, its worker and two browsers, with a bare repository as their remote."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from .conftest import PAGE
from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]
LINES = "# Checkout\n\nfirst\n\nsecond\n\nthird\n"
WHO = ("-c", "user.name=Bob", "-c", "user.email=bob@example.org")
SECRET = "of the team"


def hub_of(house: House, folder: Path) -> tuple[Path, Path]:
    """A bare repository that the house calls origin, and Bob's clone of it."""
    hub, clone = folder / "hub.git", folder / "bob"
    house.run_git(folder, "clone", "--quiet", "--bare", str(house.repository), str(hub))
    house.git("remote", "add", "origin", str(hub))
    house.run_git(folder, "clone", "--quiet", str(hub), str(clone))
    return hub, clone


def push(house: House, clone: Path, old: str, new: str) -> None:
    """Bob pulls, changes words of the page, and pushes to the hub."""
    house.run_git(clone, *WHO, "pull", "--quiet", "--rebase")
    page = clone / PAGE
    page.write_text(page.read_text().replace(old, new))
    house.run_git(clone, *WHO, "commit", "--quiet", "--all", "--message", "Bob")
    house.run_git(clone, "push", "--quiet")


def ring(house: House, secret: str = SECRET) -> int:
    """What a forge says after a push."""
    body = b'{"ref": "refs/heads/main"}'
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={mac}", "x-github-event": "push"}
    return httpx2.post(f"{house.url}/webhooks/remote", content=body, headers=headers).status_code


@pytest.mark.parametrize("rings", [False, True], ids=["by the clock", "by a webhook"])
def test_two_browsers_and_a_clone(
    make_house: Callable[..., House], sit: Sit, tmp_path: Path, *, rings: bool
) -> None:
    """Typed here, it is at the remote; pushed there, it is in both browsers: within the interval, or
    at once by the webhook; both at the same time are merged; and the folder is clean.
    """
    house = make_house(
        {PAGE: LINES}, remote="origin", remote_seconds=3600 if rings else 1,
        remote_webhook_secret=SECRET, quiet_seconds=1,
    )  # fmt: skip
    hub, clone = hub_of(house, tmp_path)
    house.start()
    ada, ben = sit(house, "Ada"), sit(house, "Ben")
    for desk in (ada, ben):
        desk.open(PAGE)
        desk.saved()
    ada.go("Control+End")
    ada.type("by Ada")

    def at_hub() -> str:
        return house.run_git(hub, "show", f"main:{PAGE}")

    until(lambda: "by Ada" in at_hub(), 30, what="Ada's words at the remote")
    push(house, clone, "second", "second by Bob")
    ben.go("Control+Home", "ArrowDown", "ArrowDown", "End")
    ben.type(" by Ben")
    if rings:
        assert ring(house, "wrong") == 401
        assert ring(house) == 202
    began = time.monotonic()
    for desk in (ada, ben):
        desk.sees("second by Bob", 15)
        desk.sees("first by Ben", 15)
    print(f"in both browsers after {time.monotonic() - began:.2f} s")
    text = ada.settle(PAGE, ben)
    until(lambda: at_hub() == text.rstrip("\n"), 30, what="all of it at the remote")
    until(lambda: house.git("status", "--porcelain", "--untracked-files=no") == "", 15)
    assert [text.count(words) for words in ("by Ada", "by Bob", "by Ben")] == [1, 1, 1]
    assert house.run_git(hub, "fsck", "--strict", "--no-dangling") == ""
    assert house.git("fsck", "--strict", "--no-dangling") == ""
