"""`git push` against a real server that is killed in the middle of one."""

import os
import re
import subprocess

import httpx2

from .house import House, until


def token_of(house: House) -> str:
    """An API token of the owner, made in the browser."""
    with httpx2.Client(base_url=house.url, follow_redirects=True) as browser:
        form = re.search(r'name="csrf" value="(\w*)"', browser.get(house.link).text)
        browser.post(
            house.link, data={"csrf": form[1]} if form else {}, headers={"accept": "text/html"}
        )
        page = browser.get("/people", headers={"accept": "text/html"}).text
        csrf = re.search(r'name="csrf" value="(\w+)"', page)[1]
        made = browser.post("/api/tokens", json={"name": "git"}, headers={"x-csrf-token": csrf})
        assert made.status_code == 201, made.text
        return made.json()["token"]


def test_kill_9_in_the_middle_of_a_push(tmp_path):
    """Nothing of the push is there, `git fsck --strict` is clean, and the same push works later."""
    house = House(tmp_path, {"docs/one.md": "# One\n"})
    house.start()
    try:
        address = house.url.replace("//", f"//git:{token_of(house)}@") + "/git/"
        clone = tmp_path / "clone"
        house.run_git(tmp_path, "clone", "--quiet", address, str(clone))
        (clone / "noise.bin").write_bytes(os.urandom(60_000_000))
        house.run_git(clone, "add", "--all")
        who = ["-c", "user.name=Bob", "-c", "user.email=bob@example.org"]
        house.run_git(clone, *who, "commit", "--quiet", "-m", "Noise")
        before = house.git("rev-parse", "main")
        push = subprocess.Popen(
            ["git", "push", "origin", "HEAD:main"], cwd=clone, stderr=subprocess.PIPE
        )
        until(lambda: list((house.repository / ".git/objects").glob("*incoming*")), 30)
        house.kill()
        assert push.wait(30) != 0
        assert house.git("rev-parse", "main") == before
        assert house.git("fsck", "--strict", "--no-dangling") == ""
        house.start()
        house.run_git(clone, "push", "--quiet", "origin", "HEAD:main")
        assert house.git("rev-parse", "main") == house.run_git(clone, "rev-parse", "HEAD")
        assert house.git("fsck", "--strict", "--no-dangling") == ""
        assert (house.repository / "noise.bin").stat().st_size == 60_000_000
    finally:
        house.stop()
