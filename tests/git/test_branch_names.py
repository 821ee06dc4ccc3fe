"""Which branch was called what, until when; as Git's own log of branches says it."""

from datetime import UTC, datetime, timedelta

from prdgen.git import branch_names

from .repos import BOB

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


def now_called(repo, old, since=LONG_AGO):
    found = branch_names.now_called(repo.opened, old, since)
    return found and found.now


def test_a_branch_that_was_renamed_twice_is_known_by_all_its_names(repo):
    """The newest name first; by whom, and when, is known."""
    repo.git("branch", "one")
    repo.git("branch", "-m", "one", "two")
    repo.git("branch", "-m", "two", "three")
    found = branch_names.formerly(repo.opened, "three")
    assert [(each.old, each.now, each.by.name) for each in found] == [
        ("two", "three", "Eve"), ("one", "three", "Eve"),
    ]  # fmt: skip
    assert (now_called(repo, "one"), now_called(repo, "two")) == ("three", "three")
    assert now_called(repo, "three") is None


def test_a_name_is_followed_only_by_what_had_it_before(repo):
    """Given away and used again, what begins later is of the second; each goes its own way."""
    repo.git("branch", "name")
    repo.git("branch", "-m", "name", "first")
    at = branch_names.formerly(repo.opened, "first")[0].at
    assert now_called(repo, "name", at) == "first"
    assert now_called(repo, "name", at + timedelta(seconds=1)) is None
    log = repo.path / ".git/logs/refs/heads/first"
    log.write_text(log.read_text().replace(f"{at.timestamp():.0f}", "1000000000"))
    repo.git("branch", "name")
    repo.git("branch", "-m", "name", "second")
    assert now_called(repo, "name") == "first"
    assert now_called(repo, "name", at) == "second"


def test_a_copy_and_a_rename_and_back_were_called_nothing_else(repo):
    """`git branch -c` copies the log; who has the old name again is no other branch."""
    repo.git("branch", "one")
    repo.git("branch", "-m", "one", "two")
    repo.git("branch", "-c", "two", "copy")
    assert branch_names.formerly(repo.opened, "copy") == []
    assert now_called(repo, "one") == "two"
    repo.git("branch", "-m", "two", "one")
    assert [each.old for each in branch_names.formerly(repo.opened, "one")] == ["two"]


def test_a_rename_that_is_noted_reads_like_git_s_own(repo):
    """Git goes on with the log; a branch without one has none afterwards."""
    repo.git("branch", "plan")
    odd = type(BOB)("Bob <b>\n", "")
    branch_names.note(repo.opened, "draft/x", "plan", odd)
    (found,) = branch_names.formerly(repo.opened, "plan")
    assert (found.old, found.by.name, found.by.email) == ("draft/x", "Bob b", "unknown")
    repo.git("branch", "-m", "plan", "other")
    assert [each.old for each in branch_names.formerly(repo.opened, "other")] == ["plan", "draft/x"]
    assert "renamed refs/heads/draft/x" in repo.git("reflog", "show", "other")
    log = repo.path / ".git/logs/refs/heads/other"
    log.unlink()
    branch_names.note(repo.opened, "draft/x", "other", BOB)
    assert not log.exists()
