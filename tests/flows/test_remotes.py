"""A remote: commits go there and come from there, merged with what is typed (trap 10, both ways)."""

import subprocess

import pytest
from git.repos import Repo

from prdgen.flows import exchange

from .conftest import ONE
from .harness import fsck, until


@pytest.fixture
def hub(repo, tmp_path) -> Repo:
    """A bare repository that `repo` calls origin."""
    path = tmp_path / "hub.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(repo.path), str(path)], check=True)
    repo.git("remote", "add", "origin", str(path))
    return Repo(path)


@pytest.fixture
def bob(hub, tmp_path) -> Repo:
    """Somebody's clone of the hub."""
    subprocess.run(["git", "clone", "--quiet", str(hub.path), str(tmp_path / "bob")], check=True)
    return Repo(tmp_path / "bob")


@pytest.fixture
async def house(houses, repo, hub):
    """A house that exchanges with origin when a test has its jobs done."""
    return await houses(repo, remote="origin", remote_seconds=3600)


def push(clone: Repo) -> str:
    clone.git("push", "--quiet", "origin", "HEAD")
    return clone.git("rev-parse", "HEAD")


def state(repo: Repo, branch="main") -> tuple[str, str]:
    return repo.git("rev-parse", branch), repo.git("rev-parse", f"refs/remotes/origin/{branch}")


async def test_a_commit_here_is_pushed(house, repo, hub):
    """A version that a person saves is at the remote, under their name."""
    editor = await house.editor()
    await editor.write(" typed", after="first line")
    await house.save("ann", "Say more")
    await house.work()
    assert hub.git("rev-parse", "main") == repo.tip()
    assert hub.git("log", "-1", "--format=%an %s", "main") == "Ann Say more"
    assert "typed" in hub.git("show", "main:one.md")
    assert state(repo) == (repo.tip(), repo.tip())


async def test_a_commit_there_is_in_the_open_browsers(house, repo, bob):
    """Also in the files and the index of the folder, which is as clean as before."""
    editor = await house.editor()
    await editor.write(" typed", after="first line")
    bob.commit("Edit", one=ONE.replace("third", "pushed"), new="# New\n")
    pushed = push(bob)
    await exchange.run(house.app)
    await editor.until(lambda: "pushed line" in editor.text and "first line typed" in editor.text)
    assert repo.tip() == pushed
    assert (repo.path / "new.md").read_text() == "# New\n"
    await until(lambda: "pushed line" in (repo.path / "one.md").read_text())
    await house.save()
    await until(lambda: repo.status() == "")
    assert fsck(repo) == ""


async def test_both_at_once_are_merged_and_pushed(house, repo, hub, bob):
    """A merge commit of both; every word of both is there and here; nothing was forced."""
    editor = await house.editor()
    bob.commit("Edit", one=ONE.replace("third", "pushed"), other="# Other\n\nby bob\n")
    theirs = push(bob)
    await editor.write(" typed", after="first line")
    await house.save()
    ours = repo.tip()
    await house.work()
    await house.work()
    assert hub.git("rev-parse", "main") == repo.tip()
    assert hub.git("log", "-1", "--format=%P", "main").split() == [ours, theirs]
    text = hub.git("show", "main:one.md")
    assert "first line typed" in text
    assert "pushed line" in text
    await editor.until(lambda: editor.text.rstrip("\n") == text)
    await until(lambda: repo.status() == "")
    assert (repo.path / "other.md").read_text() == "# Other\n\nby bob\n"
    assert (fsck(repo), fsck(hub)) == ("", "")
