"""Which remotes are reached, by which protocol, and that no secret is seen."""

import pytest

from prdgen.git import remote_address
from prdgen.git.errors import BadRemote
from prdgen.git.remote_address import Access

from . import repos


@pytest.fixture
def repo(tmp_path):
    return repos.make(tmp_path / "repo", one="# One\n")


def reach(repo, remote, **options):
    return remote_address.reach(repo.opened, Access(remote, **options))


@pytest.mark.parametrize(
    ("address", "protocol"),
    [
        ("https://example.org/team.git", "https"),
        ("http://127.0.0.1:3000/team.git", "http"),
        ("ssh://git@example.org:22/team.git", "ssh"),
        ("git@example.org:team/prds.git", "ssh"),
        ("/srv/git/team.git", "file"),
        ("file:///srv/git/team.git", "file"),
    ],
)
def test_addresses_are_reached_by_their_own_protocol_only(repo, address, protocol):
    """Git may use no other one, whatever a redirect or a configuration says."""
    found = reach(repo, address)
    assert found.protocol == protocol
    allowed = found.variables["GIT_ALLOW_PROTOCOL"].split(":")
    assert set(allowed) == {protocol} | ({"https"} if protocol == "http" else set())


@pytest.mark.parametrize(
    "address",
    [
        "--upload-pack=touch /tmp/x", "-oProxyCommand=x", "ext::sh -c touch% /tmp/x", "file::/x",
        "ssh://-oProxyCommand=x/team.git", "-oProxyCommand=x:team.git", "git://example.org/x.git",
        "ftp://example.org/x", "https:///x", "https://user:secret@example.org/x.git", "upstream",
        "../elsewhere", "https://example.org:port/x", "https://example.org/\n--x", "",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(repo, address):
    """With a reason, and without repeating a password."""
    with pytest.raises(BadRemote) as refused:
        reach(repo, address)
    assert "secret" not in refused.value.message


def test_a_named_remote_is_judged_by_what_git_makes_of_it(repo):
    """Also when its address, its push address or a rewriting rule is the bad one."""
    repo.git("remote", "add", "origin", "https://example.org/x.git")
    assert reach(repo, "origin").name == "origin"
    repo.git("config", "remote.origin.pushurl", "ext::sh -c x")
    with pytest.raises(BadRemote):
        reach(repo, "origin")
    repo.git("config", "--unset", "remote.origin.pushurl")
    repo.git("config", "url.ext::sh.insteadOf", "https://example.org/")
    with pytest.raises(BadRemote):
        reach(repo, "origin")


def test_a_named_remote_may_be_a_folder_beside(repo):
    """As `git remote add origin ../team.git` has it: Git goes there from the top of the repository."""
    repo.git("remote", "add", "origin", "../team.git")
    assert reach(repo, "origin").protocol == "file"


def test_a_token_is_seen_nowhere(repo):
    """Not on the command line, not when shown, not in Git's words; and only its host gets it."""
    found = reach(repo, "https://bot@example.org:8443/x.git", token="s3cret-token")
    assert "s3cret-token" not in repr(found) + " ".join(found.options)
    assert found.address == "https://example.org:8443/x.git"
    helper = next(each for each in found.options if "!f" in each)
    assert helper.startswith("credential.https://example.org:8443.helper=")
    assert found.variables["PRDGEN_GIT_USER"] == "bot"
    said = found.without_secrets("cannot read https://bot:s3cret-token@example.org/ s3cret-token")
    assert "s3cret" not in said
    assert "bot" not in said


def test_a_token_is_for_https_only(repo):
    """A server over SSH, or a folder's hooks, never get it."""
    for address in ("git@example.org:x.git", "/srv/x.git"):
        found = reach(repo, address, token="s3cret-token")
        assert "s3cret-token" not in "".join(found.variables.values())


def test_ssh_never_asks(repo):
    """The system's ssh, or the one Git is configured for, with a key of its own if one is named."""
    repo.git("config", "core.sshCommand", "ssh -p 2222")
    command = reach(repo, "git@example.org:x.git", ssh_key="/run/a key").variables[
        "GIT_SSH_COMMAND"
    ]
    assert command.startswith("ssh -p 2222 -i '/run/a key' -o IdentitiesOnly=yes -o BatchMode=yes")
