"""A work tree's index when a branch moves under it, and when the mover is killed."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from prdgen.git import index, index_file
from prdgen.git.errors import Locked

ROOT = Path(__file__).parents[2]
KILLED = """
    import os, signal, sys
    from pathlib import Path
    from prdgen.git import commits, index
    from prdgen.git.repository import Repository
    from prdgen.git.values import Signature

    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    if sys.argv[2] == "after":
        index.Path.replace = die
    else:
        commits._move_ref = die
    ann = Signature("Ann", "a@x")
    repository = Repository(Path(sys.argv[1]))
    commits.write(repository, "main", repository.tip("main"), {"one.md": b"x\\n"},
                  message="m", author=ann, committer=ann)
"""


def killed(repo, moment: str) -> None:
    """A commit by another process that is killed just before or after the branch moves."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(repo.path), moment], cwd=ROOT
    )
    assert done.returncode == -9


def test_a_kill_after_the_branch_moved_is_finished(repo):
    """Else the index would show the commit's reversal as staged, and the next one would undo it."""
    repo.write(one="x\n")
    killed(repo, "after")
    assert repo.git("show", "main:one.md") == "x"
    assert (repo.path / ".git/index.lock").exists()
    assert repo.opened.busy_reason() is None
    assert len(index.recover(repo.opened)) == 1
    assert repo.status() == ""
    assert index.recover(repo.opened) == []


def test_a_kill_before_the_branch_moved_is_undone(repo):
    """The index stays as it was."""
    tip = repo.tip()
    killed(repo, "before")
    assert "undone" in index.recover(repo.opened)[0]
    assert (repo.tip(), repo.status()) == (tip, "")
    assert sorted(p.name for p in (repo.path / ".git").glob("index*")) == ["index"]


def test_the_next_commit_recovers_by_itself(repo):
    """No person has to remove a lock of ours."""
    killed(repo, "after")
    repo.write(one="y\n")
    repo.save({"one.md": "y\n"})
    assert repo.status() == ""


def test_recovery_leaves_foreign_and_living_locks(repo):
    """Git's own lock, and one of ours whose process lives."""
    lock = repo.path / ".git/index.lock"
    lock.write_bytes(b"")
    assert index.recover(repo.opened) == []
    lock.unlink()
    with index.following(repo.opened, "main", repo.tip(), repo.tip()):
        assert index.recover(repo.opened) == []
        assert lock.exists()
        assert repo.git("add", "one.md", ok=False) == ""
    assert not lock.exists()


def test_follow_brings_the_index_to_a_tip_somebody_else_moved(repo):
    """A push into the branch that is checked out."""
    old = repo.tip()
    repo.git("switch", "--quiet", "--detach")
    new = repo.commit(one="pushed\n", fresh="f\n")
    repo.git("switch", "--quiet", "main")
    repo.git("update-ref", "refs/heads/main", new)
    repo.write(one="pushed\n", fresh="f\n")
    index.follow(repo.opened, "main", old, new)
    assert repo.status() == ""


@pytest.fixture
def switched(repo):
    """The branch moved to `two` as `git switch` was under way to it: the index has what it had before,
    and the file, too."""
    repo.commit(one="a\nb\nc\none\n")
    one = repo.tip()
    repo.commit(one="a\nb\nc\none\ntwo\n")
    repo.git("read-tree", one)
    repo.write(one="a\nb\nc\none\n")
    return repo


def test_what_a_switch_left_behind_is_not_taken_for_staged(switched):
    """Else a push merges it with what came, and `git checkout -- page` takes out what the tip has."""
    two = switched.tip()
    switched.git("branch", "pushed")
    three = switched.save({"one.md": "three\na\nb\nc\none\ntwo\n"}, branch="pushed")
    switched.git("update-ref", "refs/heads/main", three)
    index.follow(switched.opened, "main", two, three)
    assert switched.git("diff", "--cached") == ""


def test_the_index_catches_up(switched):
    """By itself, with no other commit."""
    index.catch_up(switched.opened, "main", "one.md")
    assert switched.git("diff", "--cached") == ""
    assert "-two" in switched.git("diff")


def test_an_index_that_is_not_behind_is_not_locked(repo):
    """Whoever just called Git calls it again in a moment."""
    repo.save({"one.md": "new\n"})
    (repo.path / ".git/index.lock").touch()
    index.catch_up(repo.opened, "main", "one.md")


def test_what_is_staged_does_not_catch_up(switched, monkeypatch):
    """It is somebody's, also when it is what the branch had some time ago."""
    switched.write(one="mine\n")
    switched.git("add", "one.md")
    index.catch_up(switched.opened, "main", "one.md")
    assert switched.git("show", ":one.md") == "mine"
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2020-01-01T00:00:00Z")
    switched.git("commit", "--quiet", "--amend", "--no-edit", "--only")
    switched.git("read-tree", "HEAD^")
    index.catch_up(switched.opened, "main", "one.md")
    assert "-two" in switched.git("diff", "--cached")


def test_a_branch_that_is_checked_out_as_it_moves(repo):
    """`git switch` was under way: the index that it leaves has the tip of before."""
    repo.git("switch", "--quiet", "--create", "aside")
    before = repo.tip()
    repo.git("branch", "made")
    after = repo.save({"one.md": "moved\n"}, branch="made")
    with index.following(repo.opened, "main", before, after):
        repo.git("switch", "--quiet", "main")
        repo.git("update-ref", "refs/heads/main", after)
    assert repo.git("diff", "--cached") == ""


def test_an_index_that_is_held_then_keeps_no_branch_back(repo, caplog):
    """The branch has moved by then: nobody is told that it has not."""
    caplog.set_level("INFO")
    repo.git("switch", "--quiet", "--create", "aside")
    before = repo.tip()
    with index.following(repo.opened, "main", before, before):
        repo.git("switch", "--quiet", "main")
        (repo.path / ".git/index.lock").touch()
    assert "Git may show files of main as changed" in caplog.text


def test_a_large_file_is_left_for_git_to_look_at(repo, monkeypatch):
    """It is not read here, and what Git says of it is right."""
    monkeypatch.setattr(index_file, "_MOST_READ", 3)
    repo.write(one="new\n")
    repo.save({"one.md": "new\n"})
    assert repo.status() == ""
    repo.write(one="more\n")
    repo.save({"one.md": "other\n"})
    assert repo.status() == " M one.md"


def test_a_block_that_fails_leaves_the_index_alone(repo):
    """The branch could not be moved."""
    new = repo.git("commit-tree", "main^{tree}", "-m", "x")
    with pytest.raises(RuntimeError):
        with index.following(repo.opened, "main", None, new):
            raise RuntimeError
    assert repo.status() == ""
    assert not (repo.path / ".git/index.lock").exists()


def test_an_unmerged_page_is_left_to_its_owner(repo):
    """`git stash pop` can leave a conflict without any merge under way."""
    repo.write(one="stashed\n")
    repo.git("stash")
    old = repo.commit(one="tip\n")
    repo.git("stash", "pop", ok=False)
    assert repo.status().startswith("UU")
    repo.save({"one.md": "live\n"}, expected=old)
    assert repo.status().startswith("UU")


def test_refresh_says_who_holds_the_index(repo):
    """Only the times are missing then; nothing is lost."""
    (repo.path / ".git/index.lock").write_bytes(b"")
    with pytest.raises(Locked):
        index.refresh(repo.opened, "main", "one.md", seconds=0.05)
