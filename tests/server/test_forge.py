"""A forge behind the server's doors: webhooks, the draft's page, and what is told of the exchange."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import subprocess
from dataclasses import replace

import pytest
from anyio import to_thread
from forge import contracts
from forge.hub import Hub
from forge.serving import TOKEN, Fault, served

from prdgen.flows import drafts, forge_wanted, remote_wanted
from prdgen.jobs.worker import Worker
from prdgen.review import log

SECRET = "a secret of the team"
EVENTS = contracts.described("github-webhooks")["events"]


@pytest.fixture
async def both(open_house, example, tmp_path):
    """A server, and a GitHub whose repository is its remote."""
    bare = tmp_path / "hub.git"
    await to_thread.run_sync(
        lambda: subprocess.run(
            ["git", "clone", "-q", "--bare", str(example), str(bare)], check=True
        )
    )
    async with served("github", Hub(bare)) as forge:
        house = await open_house(example)
        house.app.settings = replace(
            house.app.settings, remote=str(bare), remote_webhook_secret=SECRET,
            remote_seconds=3600.0, forge="github", forge_url=forge.address,
            forge_project="team/prds", forge_token=TOKEN, forge_seconds=3600.0,
        )  # fmt: skip
        yield house, forge
        assert not forge.problems, "\n".join(forge.problems)


def signed(body: bytes, event: str, secret: str = SECRET) -> dict:
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"x-hub-signature-256": f"sha256={mac}", "x-github-event": event}


async def deliver(house, event: str, secret: str = SECRET) -> int:
    """One of GitHub's own examples of this event, as GitHub sends it."""
    body = json.dumps(EVENTS[event]).encode()
    headers = signed(body, event, secret)
    return (
        await house.anyone().post("/webhooks/remote", content=body, headers=headers)
    ).status_code


async def waiting(house, task: str) -> int:
    async with house.app.store.transaction() as tx:
        found = await tx.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s AND status = 'todo'",
            [task],
        )
        return (await found.fetchone())[0]


async def work(house) -> None:
    await Worker(house.app.queue).run_until_idle()


async def asked(house, forge):
    """A draft with a change, its review asked for by the page's button."""
    editor = await house.as_("editor")
    draft = await drafts.start(house.app, editor.person, "Plan")
    repo = house.app.repository.work_tree
    git = ["git", "-c", "user.name=Eve", "-c", "user.email=eve@example.org"]

    def commit() -> None:
        work_tree = repo.parent / "draft"
        subprocess.run(["git", "worktree", "add", "-q", str(work_tree), draft.branch], cwd=repo, check=True)  # fmt: skip
        page = next(work_tree.glob("site/**/*.md"))
        page.write_text(page.read_text("utf-8") + "\nOne more line.\n", "utf-8")
        subprocess.run([*git, "commit", "-qam", "More"], cwd=work_tree, check=True)
        subprocess.run(["git", "worktree", "remove", str(work_tree)], cwd=repo, check=True)

    await to_thread.run_sync(commit)
    answer = await editor.send_form(f"/drafts/{draft.branch}", do="ask")
    assert answer.status_code == 303, answer.text
    await work(house)
    await work(house)
    assert forge.hub.pulls, "no pull request was opened"
    return editor, draft.branch


@pytest.mark.parametrize("event", EVENTS)
async def test_a_webhook_has_reviews_looked_at(both, event):
    """Each of GitHub's own examples; sent again it is one look; with a wrong signature none."""
    house, _ = both
    assert await deliver(house, event, "another secret") == 401
    assert await waiting(house, forge_wanted.LOOK) == 0
    for _ in range(3):
        assert await deliver(house, event) == 202
    assert await waiting(house, forge_wanted.LOOK) == 1
    assert await waiting(house, remote_wanted.TASK) == 1


async def test_webhooks_twice_late_and_in_any_order(both):
    """What is said there is here once, whatever the webhooks do."""
    house, forge = both
    _, branch = await asked(house, forge)
    events = ["issue_comment", "pull_request_review_comment", "pull_request_review", "push"]
    total = 0
    for order in itertools.islice(itertools.permutations(events), 0, 24, 6):
        forge.hub.comment(1, "octavia", f"Comment {total}")
        forge.hub.review(1, "zoe", "APPROVED", f"Word {total}")
        total += 1
        for event in (*order, order[0]):
            assert await deliver(house, event) == 202
        await work(house)
        for event in reversed(order):
            await deliver(house, event)
        await work(house)
    found = await to_thread.run_sync(drafts.find, house.app, branch)
    said = [t.comments[0].text for t in found.review.threads.values()]
    assert sorted(said) == sorted(f"{w} {n}" for n in range(total) for w in ("Comment", "Word"))
    entries = log.entries(drafts.log_of(house.app, found.review.id))
    assert len({e.id for e in entries}) == len(entries)


async def test_the_draft_leads_to_its_pull_request(both):
    """With when it was exchanged; the API says it too; merged there, the page of what was says it."""
    house, forge = both
    editor, branch = await asked(house, forge)
    page = (await editor.get(f"/drafts/{branch}")).text
    address = f"{forge.address}/team/prds/pull/1"
    assert f'<a href="{address}" rel="noreferrer">Pull request #1</a>' in page
    assert "exchanged just now" in page
    told = (await editor.get(f"/api/drafts/{branch}")).json()
    assert told["pull_request"] == address
    forge.hub.merge(1, "octavia")
    await deliver(house, "pull_request")
    await work(house)
    over = (await editor.get(f"/drafts/{told['id']}")).text
    assert address in over
    assert "merged" in over


async def test_what_is_wrong_is_told_with_what_to_do(both):
    """On the draft's page, on /remote, in figures, and to who presses Merge; never the token."""
    house, forge = both
    editor, branch = await asked(house, forge)
    forge.hub.protected = True
    await editor.send_form("/remote")
    await work(house)
    forge.faults = [Fault(401, times=99)]
    await editor.send_form("/remote")
    await work(house)
    for address in (f"/drafts/{branch}", "/remote"):
        page = (await editor.get(address)).text
        assert "does not know prdgen&#39;s token" in page
        assert "PRDGEN_FORGE_TOKEN_FILE" in page
        assert TOKEN not in page
    assert "prdgen_forge_failing 1" in (await house.anyone().get("/metrics")).text
    answer = await editor.send_form(f"/drafts/{branch}", do="merge")
    assert answer.status_code == 502
    assert "PRDGEN_FORGE_TOKEN_FILE" in answer.text
    assert "Merge into main" in answer.text
    forge.faults = [Fault(422, "POST /repos/team/prds/issues")]
    await editor.send_form(f"/drafts/{branch}", do="comment", text="Hello")
    await work(house)
    page = (await editor.get(f"/drafts/{branch}")).text
    assert "Not at the forge" in page
    assert "a comment by Editor" in page


async def test_an_address_that_is_no_web_address_is_no_link(both):
    """What a forge says is not trusted with being clicked."""
    house, forge = both
    editor, branch = await asked(house, forge)
    found = await to_thread.run_sync(drafts.find, house.app, branch)
    facts = {"forge": found.review.link.forge, "number": 1, "address": "javascript:alert(1)"}
    entry = log.Entry("linked", "x", "x@example.org", facts)
    await to_thread.run_sync(drafts.say, house.app, found.review.id, entry)
    assert "javascript:" not in (await editor.get(f"/drafts/{branch}")).text
