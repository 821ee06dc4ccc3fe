"""Settings and the remote's address → the forge and its project."""

from __future__ import annotations

import pytest

from prdgen.forge import address
from prdgen.forge.errors import BadForge

KNOWN = {
    "git@github.com:team/prds.git": ("github", "https://github.com", "team/prds"),
    "https://github.com/team/prds": ("github", "https://github.com", "team/prds"),
    "ssh://git@gitlab.com/group/sub/prds.git": ("gitlab", "https://gitlab.com", "group/sub/prds"),
    "https://codeberg.org/team/prds.git/": ("gitea", "https://codeberg.org", "team/prds"),
}


@pytest.mark.parametrize("remote", KNOWN)
def test_known_hosts_need_no_more_than_the_remote(remote):
    found = address.of("", "", "", remote)
    assert (found.kind, found.url, found.project) == KNOWN[remote]


def test_other_hosts_are_said():
    """With a port, and below a path; Forgejo is asked as Gitea."""
    assert address.of("", "", "", "https://git.example.org/team/prds.git") is None
    found = address.of("forgejo", "", "", "https://git.example.org:3000/team/prds.git")
    assert (found.kind, found.api) == ("gitea", "https://git.example.org:3000/api/v1")
    found = address.of(
        "gitlab", "https://example.org/git/", "", "https://example.org/git/a/b/c.git"
    )
    assert (found.project, found.api) == ("a/b/c", "https://example.org/git/api/v4")
    found = address.of("github", "https://ghe.example.org", "a/b", "/srv/git/x.git")
    assert (found.api, found.key) == ("https://ghe.example.org/api/v3", "ghe.example.org/a/b")


def test_github_itself_has_a_host_for_programs():
    assert address.of("", "", "", "git@github.com:a/b.git").api == "https://api.github.com"


BAD = {
    "no host": ("github", "", "", "/srv/git/prds.git"),
    "no project": ("github", "", "", "https://github.com/"),
    "a project with more parts": ("github", "", "a/b/c", "https://github.com/x/y"),
    "a project that is a way out": ("gitlab", "https://x.example", "../../admin?x", ""),
}


@pytest.mark.parametrize("given", BAD.values(), ids=BAD)
def test_what_cannot_be_is_refused(given):
    with pytest.raises(BadForge):
        address.of(*given)
