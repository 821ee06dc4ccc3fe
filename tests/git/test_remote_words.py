"""What people are told when a remote does not let prdgen in."""

import pytest

from prdgen.git import remote_address, remote_words
from prdgen.git.errors import RemoteDenied, RemoteUnclear
from prdgen.git.process import Done
from prdgen.git.remote_address import Access

_REST = (
    "fatal: Could not read from remote repository.\n\n"
    "Please make sure you have the correct access rights\nand the repository exists.\n"
)


@pytest.mark.parametrize(
    "said", ["git@forge.example.org: Permission denied (publickey)", "Host key verification failed"]
)
def test_what_ssh_says_of_keys_is_told(repo, said):
    """Which key is wrong, the host's or ours, stands only in ssh's line, not in Git's after it."""
    over_ssh = remote_address.reach(repo.opened, Access("git@forge.example.org:team.git"))
    error = remote_words.failure(over_ssh, Done(128, b"", f"{said}.\r\n{_REST}"))
    assert isinstance(error, RemoteDenied)
    assert said in error.message
    assert not error.message.endswith("..")


@pytest.mark.parametrize(
    "said",
    [
        "Checking commits: 2, 1 has no sign-off",
        "Checking files: 3, docs/a.md is too large",
        "Counting words: 7000, 5000 are allowed",
        "Error: 42",
        "Total 3 pages",
    ],
)
def test_what_a_hook_counts_is_told(said):
    """Only what Git itself counts is left out."""
    progress = (
        "remote: Counting objects:  50% (1/2)        \rremote: Counting objects: 100% (2/2), done.        \n"
        "Writing objects: 100% (10/10), 476 bytes | 476.00 KiB/s, done.\n"
        "Enumerating objects: 10, done.\nDelta compression using up to 2 threads\n"
        "remote: Enumerating objects: 7        \rremote: Resolving deltas: 100% (1/1), completed with 1 local object.\n"
        "Total 10 (delta 0), reused 0 (delta 0), pack-reused 0\n"
    )
    assert remote_words.said(f"{progress}remote: {said}        \n{progress}") == said


def test_two_refs_of_one_name_are_said(repo):
    """With the one that has to go; nobody else can remove it."""
    reach = remote_address.reach(repo.opened, Access("git@forge.example.org:team.git"))
    said = b"error: dst refspec refs/heads/main matches more than one\n"
    error = remote_words.failure(reach, Done(1, b"", said.decode()))
    assert isinstance(error, RemoteUnclear)
    assert "git push REMOTE --delete refs/heads/refs/heads/NAME" in error.hint
