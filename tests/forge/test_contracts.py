"""The forge of the tests keeps to what the forges publish, so that keeping to it means something."""

from __future__ import annotations

import asyncio

import gitlab
import pytest
from git import repos
from gitlab.v4.objects import (
    ProjectCommitStatusManager,
    ProjectMergeRequestDiscussionManager,
    ProjectMergeRequestDiscussionNoteManager,
    ProjectMergeRequestManager,
)

from . import contracts
from .contracts.gitlab import OPERATIONS
from .hub import Hub
from .serving import TOKEN, served

ONE = "/projects/{id}/merge_requests/{iid}"
PUBLISHED = {
    "post /projects/{id}/merge_requests": ProjectMergeRequestManager._create_attrs,
    f"put {ONE}": ProjectMergeRequestManager._update_attrs,
    f"post {ONE}/discussions": ProjectMergeRequestDiscussionManager._create_attrs,
    f"put {ONE}/discussions/{{discussion_id}}": ProjectMergeRequestDiscussionManager._update_attrs,
    f"post {ONE}/discussions/{{discussion_id}}/notes":
        ProjectMergeRequestDiscussionNoteManager._create_attrs,
    "post /projects/{id}/statuses/{sha}": ProjectCommitStatusManager._create_attrs,
}  # fmt: skip
BEYOND = {"commit_id", "squash"}
"""GitLab's documentation names them, python-gitlab does not."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_gitlab_as_python_gitlab_knows_it(name: str):
    """The same fields are needed, and no others are known."""
    known, ours = PUBLISHED[name], OPERATIONS[name]
    assert set(ours["properties"]) - BEYOND <= {*known.required, *known.optional}
    assert set(known.required) == set(ours["required"])


async def test_python_gitlab_reads_the_tests_gitlab(tmp_path):
    """A client that others wrote does a review there: opens, talks, settles, merges."""
    repo = repos.make(tmp_path / "repo", one="# One\n\nline\n")
    repo.git("branch", "idea")
    repo.save({"one.md": "# One\n\nline\n\nmore\n"}, branch="idea")
    hub = Hub(repo.path)

    def review(address: str) -> None:
        project = gitlab.Gitlab(address, private_token=TOKEN).projects.get("team/prds", lazy=True)
        facts = {"source_branch": "idea", "target_branch": "main", "title": "Idea",
                 "description": "Why"}  # fmt: skip
        mr = project.mergerequests.create(facts)
        assert project.mergerequests.list(state="opened", get_all=True)[0].iid == mr.iid
        base, head = mr.diff_refs["base_sha"], mr.diff_refs["head_sha"]
        position = {"position_type": "text", "base_sha": base, "start_sha": base, "head_sha": head,
                    "new_path": "one.md", "old_path": "one.md", "new_line": 5}  # fmt: skip
        talk = mr.discussions.create({"body": "Why?", "position": position})
        talk.notes.create({"body": "Because"})
        talk.resolved = True
        talk.save()
        found = mr.discussions.list(get_all=True)[0]
        assert [note["body"] for note in found.attributes["notes"]] == ["Why?", "Because"]
        assert found.attributes["notes"][0]["resolved"]
        assert mr.approvals.get().approved_by == []
        project.commits.get(head, lazy=True).statuses.create({"state": "success", "name": "prdgen"})
        assert project.branches.get("main").can_push

    async with served("gitlab", hub) as forge:
        await asyncio.to_thread(review, forge.address)
        assert not forge.problems, "\n".join(forge.problems)


@pytest.mark.parametrize(
    "body",
    [
        {"title": "x", "head": "x"},
        {"title": "x", "head": "x", "base": "main", "descripton": "x"},
        {"title": 5, "head": "x", "base": "main"},
    ],
)
def test_a_wrong_request_is_seen(body: dict):
    """Something missing, mistyped, of another kind: at each forge."""
    assert contracts.check_request("github", "post /repos/{owner}/{repo}/pulls", body)
    name = "post /repos/{owner}/{repo}/pulls"
    assert contracts.check_request("gitea", name, {**body, "nonsense": 1})
    assert contracts.check_request("gitlab", "post /projects/{id}/merge_requests", body)


def test_a_wrong_query_is_seen():
    """An unknown field, and a deprecated one."""
    query = 'query($n: Int!) { repository(owner: "a", name: "b") { %s } }'
    for wrong in ("pullRequest(number: $n) { nonsense }", "issue(number: $n) { id }"):
        assert contracts.check_graphql({"query": query % wrong, "variables": {"n": 1}})
