"""A reset that sets the branch back over what came while it ran: the branch gets it again."""

import asyncio
import os
from datetime import datetime

import pytest

from prdgen.flows import set_back
from prdgen.git import reflog

from . import pushing
from .conftest import ONE
from .harness import fsck, until

HOOK = """#!/bin/sh
[ -n "$HELD" ] && [ "$1" = "$FILES" ] || exit 0
touch "$HELD/began"
while [ ! -e "$HELD/go" ]; do sleep 0.05; done
"""
"""Git calls it when the index is written, with 1 when files were, and that is before the branch is."""


@pytest.fixture
async def server(house, tmp_path):
    async with pushing.serving(house, tmp_path / "clones") as found:
        yield found


async def during(repo, folder, command, work):
    """Run `git COMMAND` in the served folder, and `work` between its index and its branch."""
    folder.mkdir()
    hook = repo.path / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)
    held = {"HELD": str(folder), "FILES": "0" if command == ["reset", "-q"] else "1"}
    git = await asyncio.create_subprocess_exec(
        "git", *command, cwd=repo.path, env={**os.environ, **held}
    )
    await until((folder / "began").exists)
    try:
        await work()
    finally:
        (folder / "go").touch()
        await git.wait()
    assert git.returncode == 0


@pytest.mark.parametrize("command", [["reset", "-q"], ["reset", "--hard", "-q"]])
async def test_what_was_pushed_while_a_reset_ran_is_not_taken_back(
    server, house, repo, tmp_path, command
):
    """Git itself forgets the push: it sets the branch to where it was when it began."""
    editor = await house.editor()
    repo.write(other="# Other\n\nhere\n")
    bob = await server.clone()
    bob.commit("Edit", one=ONE.replace("second", "pushed"), new="# New\n")
    pushed = bob.git("rev-parse", "HEAD")

    async def push():
        await editor.write(" typed", after="first line")
        assert (await bob.push()).ok

    await during(repo, tmp_path / "held", command, push)
    assert f"{pushed[:7]} main@{{1}}" in repo.git("reflog", "main")  # else nothing was taken back
    await until(lambda: repo.tip() == pushed)
    await editor.until(lambda: "pushed line" in editor.text and "first line typed" in editor.text)
    await until((repo.path / "new.md").exists)
    await until(lambda: (repo.path / "one.md").read_text() == editor.text)
    assert ("here" in (repo.path / "other.md").read_text()) is (command == ["reset", "-q"])
    await house.save("ann")
    want = ONE.replace("second", "pushed").replace("first line", "first line typed")
    assert repo.git("show", "main:one.md") + "\n" == want
    assert fsck(repo) == ""


async def test_what_was_committed_since_is_merged_with_it(house, repo):
    """Somebody committed before it was seen."""
    old = repo.tip()
    lost = repo.commit("Lost", one=ONE.replace("second", "2nd"))
    repo.git("read-tree", "-u", "--reset", old)
    repo.git("update-ref", "-m", "reset: moving to HEAD", "HEAD", old)
    repo.commit("Since", new="# New\n")
    await until(lambda: repo.git("merge-base", lost, "main") == lost)
    assert repo.git("show", "main:new.md") == "# New"
    assert "2nd" in repo.git("show", "main:one.md")
    await until(lambda: repo.status() == "")


@pytest.mark.parametrize(
    "command", [["reset", "-q", "--hard", "HEAD~1"], ["reset", "-q", "--soft", "HEAD~1"]]
)
async def test_what_somebody_takes_back_on_purpose_stays_so(house, repo, command):
    """Also when that was brought back by accident before."""
    repo.commit("Edit", one=ONE.replace("second", "2nd"))
    repo.git(*command)
    back = repo.tip()
    await set_back.tend(house.app)
    assert repo.tip() == back
    lost = repo.commit("Again", one=ONE.replace("second", "second, again"))
    repo.git("read-tree", "-u", "--reset", back)
    repo.git("update-ref", "-m", "reset: moving to HEAD", "HEAD", back)
    await until(lambda: repo.tip() == lost)
    repo.git("reset", "-q", "--hard", "HEAD~1")
    await set_back.tend(house.app)
    await set_back.tend(house.app)
    assert repo.tip() == back


def test_the_end_of_a_long_reflog_is_read(repo, monkeypatch):
    """From the first whole line on; a branch without one has no steps."""
    monkeypatch.setattr(reflog, "_READ", 300)
    first = repo.tip()
    for number in range(4):
        repo.commit(f"Edit <{number}> it\tso", one=f"# {number}\n")
    begin = repo.git("log", "-1", "--format=%aI", first)
    since = datetime.fromisoformat(begin)
    steps = reflog.last_steps(repo.opened, "main", since=since)
    assert 1 <= len(steps) < 4
    assert steps[-1].new == repo.tip()
    assert steps[-1].old == repo.git("rev-parse", "HEAD~1")
    assert steps[-1].message.startswith("commit: Edit <3> it")
    assert reflog.last_steps(repo.opened, "nothing", since=since) == []
