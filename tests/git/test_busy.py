"""When files must be left alone (trap 7), in words."""

import os
import time

import pytest

LINE = "one\nTWO\nthree\n"


@pytest.fixture
def diverged(repo):
    """main and draft, which changed the same line."""
    repo.git("switch", "--quiet", "-c", "draft")
    repo.commit("draft", one="one\ndraft\nthree\n")
    repo.git("switch", "--quiet", "main")
    repo.commit("main", one="one\nmain\nthree\n")
    return repo


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("merge draft", "merge"),
        ("rebase draft", "rebase"),
        ("cherry-pick draft", "cherry-pick"),
        ("revert --no-edit HEAD~1", "revert"),
    ],
)
def test_work_under_way_is_named_until_it_ends(diverged, command, word):
    """A conflict left standing has markers in the files; they must not reach the documents."""
    if word == "revert":
        diverged.commit("again", one="one\nagain\nthree\n")
    assert diverged.opened.busy_reason() is None
    diverged.git(*command.split(), ok=False)
    assert word in diverged.opened.busy_reason("main")
    diverged.git(command.split()[0], "--abort")
    assert diverged.opened.busy_reason("main") is None


def test_a_merge_that_has_put_text_away_is_named_before_it_merges(diverged, tmp_path):
    """What is written into the file then is in the way when Git brings back what it put away."""
    (diverged.path / "one.md").write_text("one\nmain\nthree\ntyped\n")
    seen = tmp_path / "seen"
    diverged.hook("post-merge", f"ls .git >{seen}")
    diverged.git("merge", "--autostash", "-s", "ours", "--no-edit", "draft")
    assert "MERGE_AUTOSTASH" in seen.read_text().split()
    assert diverged.opened.busy_reason("main") is None
    (diverged.path / ".git" / "MERGE_AUTOSTASH").write_text("")
    assert "put away" in diverged.opened.busy_reason("main")


def test_a_branch_in_a_rebase_keeps_its_work_tree(diverged):
    """HEAD is detached meanwhile; a commit straight to the ref would break the rebase's end."""
    diverged.git("rebase", "draft", ok=False)
    assert diverged.opened.head_branch() is None
    assert diverged.opened.work_tree_of("main") == diverged.path


def test_a_bisect_is_named(repo):
    """The files are those of some old commit."""
    repo.git("bisect", "start")
    assert "bisect" in repo.opened.busy_reason("main")
    assert repo.opened.work_tree_of("main") == repo.path
    repo.git("bisect", "reset")
    assert repo.opened.busy_reason() is None


def test_a_foreign_index_lock_is_named(repo):
    """Some Git command is at work."""
    lock = repo.path / ".git" / "index.lock"
    lock.write_bytes(b"")
    assert "index.lock" in repo.opened.busy_reason()


def test_an_old_index_lock_is_named_with_its_file(repo):
    """Left by a Git that was killed: the person can remove it."""
    lock = repo.path / ".git" / "index.lock"
    lock.write_bytes(b"")
    long_ago = time.time() - 600
    os.utime(lock, (long_ago, long_ago))
    assert str(lock) in repo.opened.busy_reason()


def test_only_the_branchs_own_work_tree_counts(diverged, tmp_path):
    """A rebase in one work tree does not stop another."""
    diverged.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    diverged.git("merge", "draft", ok=False)
    assert diverged.opened.busy_reason("side") is None
    assert diverged.opened.busy_reason("main")
    assert diverged.opened.busy_reason("nowhere") is None
