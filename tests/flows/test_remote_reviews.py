"""Reviews go to the remote and come from there; two servers' threads of one review become one."""

from __future__ import annotations

import pytest

from prdgen.flows import drafts, reviews
from prdgen.git import review_logs
from prdgen.git.values import Signature
from prdgen.review import log as review_log

from .harness import fsck
from .remotes import FAR, clone_of, hub_of, trade


@pytest.fixture
def hub(repo, tmp_path):
    return hub_of(repo, tmp_path / "hub.git")


@pytest.fixture
async def house(houses, repo, hub):
    return await houses(repo, **FAR)


async def test_what_is_said_on_two_servers_of_one_draft(house, repo, hub, tmp_path):
    """Neither knows of the other: afterwards both and the remote have every line, once."""
    ann, bob = house.people["ann"], house.people["bob"]
    draft = await drafts.start(house.app, ann, "Plan")
    await trade(house)
    (id_,) = review_logs.every(repo.opened)
    assert hub.git("rev-parse", f"refs/prdgen/reviews/{id_}")
    far = clone_of(hub, tmp_path / "far")
    far.git("fetch", "-q", "origin", "refs/prdgen/*:refs/prdgen/*")
    said = review_log.Entry("commented", "Zoe", "zoe@example.org", {"text": "From afar"})
    new = review_logs.change(
        far.opened, id_, lambda log: review_log.appended(log, [said]), said_by(said), "x"
    )
    far.git("push", "-q", "origin", f"refs/prdgen/reviews/{id_}")
    await reviews.comment(house.app, draft.branch, bob, "From here")
    await trade(house)
    review = drafts.find_review(house.app, id_)
    assert [t.comments[0].text for t in review.threads.values()] == ["From afar", "From here"]
    assert set(new.splitlines()) < set(review_logs.read(repo.opened, id_).splitlines())
    assert hub.git("rev-parse", f"refs/prdgen/reviews/{id_}") == repo.git(
        "rev-parse", f"refs/prdgen/reviews/{id_}"
    )
    before = repo.git("rev-parse", f"refs/prdgen/reviews/{id_}")
    await trade(house)
    assert repo.git("rev-parse", f"refs/prdgen/reviews/{id_}") == before
    assert (fsck(repo), fsck(hub)) == ("", "")


async def test_reviews_that_only_the_remote_has(house, repo, hub, tmp_path):
    """Of a server that is gone: a clone's drafts have their titles again."""
    far = clone_of(hub, tmp_path / "far")
    said = review_log.Entry("started", "Zoe", "zoe@example.org", {"branch": "x", "title": "Afar"})
    review_logs.change(
        far.opened, "20260101-aa", lambda log: review_log.appended(log, [said]), said_by(said), "x"
    )
    far.git("push", "-q", "origin", "refs/prdgen/reviews/20260101-aa")
    await trade(house)
    assert drafts.find_review(house.app, "20260101-aa").title == "Afar"


async def test_the_commits_of_a_draft_that_is_over_go_along(house, repo, hub, tmp_path):
    """Merged by a squash and its branch gone: a server with another clone still shows what it changed.
    One that ended there is shown here; of two ends of one draft the later stays.
    """
    main = repo.tip()
    last = repo.commit("Last", one="# One\n\nlast\n")
    repo.git("update-ref", "refs/prdgen/drafts/20260101-aa", last)
    repo.git("reset", "-q", "--hard", main)
    await trade(house)
    assert hub.git("rev-parse", "refs/prdgen/drafts/20260101-aa") == last
    far = clone_of(hub, tmp_path / "far")
    theirs = far.commit("Theirs", two="# Two\n")
    later = far.git("commit-tree", f"{last}^{{tree}}", "-p", theirs, "-m", "Later")
    other = far.git("commit-tree", f"{theirs}^{{tree}}", "-m", "Of another history")
    for id_, commit in (("bb", theirs), ("cc", later), ("dd", other)):
        far.git("push", "-q", "origin", f"{commit}:refs/prdgen/drafts/20260101-{id_}")
    repo.git("update-ref", "refs/prdgen/drafts/20260101-dd", last)
    await trade(house)
    kept = dict(
        line.split()[::-1]
        for line in repo.git(
            "for-each-ref", "--format=%(objectname) %(refname:lstrip=3)", "refs/prdgen/drafts"
        ).splitlines()
    )
    assert kept == {
        "20260101-aa": last,
        "20260101-bb": theirs,
        "20260101-cc": later,
        "20260101-dd": last,
    }
    assert hub.git("rev-parse", "refs/prdgen/drafts/20260101-dd") == other
    repo.git("update-ref", "refs/prdgen/drafts/20260101-bb", later)
    await trade(house)
    assert hub.git("rev-parse", "refs/prdgen/drafts/20260101-bb") == later


async def test_a_remote_that_takes_no_such_refs(house, repo, hub):
    """Branches are exchanged all the same."""
    hook = hub.path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncase "$1" in refs/prdgen/*) echo no >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    await drafts.start(house.app, house.people["ann"], "Plan")
    repo.commit("more", one="# One\n\nmore\n")
    await trade(house)
    assert hub.git("rev-parse", "main") == repo.tip()


def said_by(entry):
    return Signature(entry.name, entry.email)
