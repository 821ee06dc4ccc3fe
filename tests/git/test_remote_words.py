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


def test_two_refs_of_one_name_are_said(repo):
    """With the one that has to go; nobody else can remove it."""
    reach = remote_address.reach(repo.opened, Access("git@forge.example.org:team.git"))
    said = b"error: dst refspec refs/heads/main matches more than one\n"
    error = remote_words.failure(reach, Done(1, b"", said.decode()))
    assert isinstance(error, RemoteUnclear)
    assert "git push REMOTE --delete refs/heads/refs/heads/NAME" in error.hint
