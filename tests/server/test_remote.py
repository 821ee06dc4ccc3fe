"""The remote's doors: a forge's webhook, the page of how it stands, and the API."""

import base64
import hashlib
import hmac
import json
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from anyio import to_thread

from prdgen.flows import remote_wanted
from prdgen.jobs.worker import Worker

SECRET = "whsec_" + base64.b64encode(b"a secret of the team").decode()
BODY = b'{"ref": "refs/heads/main", "after": "0123"}'


@pytest.fixture
async def house(open_house, example, tmp_path):
    """A house whose remote is a bare repository, looked at when a test says so."""
    hub = tmp_path / "hub.git"
    await to_thread.run_sync(
        lambda: subprocess.run(["git", "clone", "-q", "--bare", str(example), str(hub)], check=True)
    )
    made = await open_house(example)
    made.app.settings = replace(
        made.app.settings, remote=str(hub), remote_webhook_secret=SECRET, remote_seconds=3600.0
    )
    return made


async def waiting(house) -> int:
    """How many exchanges are to be made."""
    async with house.app.store.transaction() as tx:
        found = await tx.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s AND status = 'todo'",
            [remote_wanted.TASK],
        )
        return (await found.fetchone())[0]


def signed(body=BODY, secret=SECRET):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard(moment=None, secret=b"a secret of the team"):
    at = str(int(moment or time.time()))
    mac = hmac.new(secret, f"msg_1.{at}.".encode() + BODY, hashlib.sha256).digest()
    return {"webhook-id": "msg_1", "webhook-timestamp": at,
            "webhook-signature": f"v1,AAAA v1,{base64.b64encode(mac).decode()}"}  # fmt: skip


RIGHT = {
    "GitHub": lambda: {"x-hub-signature-256": f"sha256={signed()}", "x-github-event": "push"},
    "Gitea": lambda: {"x-gitea-signature": signed(), "x-gitea-event": "push"},
    "Forgejo": lambda: {"x-forgejo-signature": signed()},
    "Bitbucket": lambda: {"x-hub-signature": f"sha256={signed()}"},
    "GitLab": lambda: {"x-gitlab-token": SECRET, "x-gitlab-event": "Push Hook"},
    "Standard Webhooks": standard,
}
WRONG = {
    "nothing": dict,
    "another secret": lambda: {"x-hub-signature-256": f"sha256={signed(secret='x')}"},
    "another body": lambda: {"x-hub-signature-256": f"sha256={signed(b'{}')}"},
    "no prefix": lambda: {"x-hub-signature-256": signed()},
    "SHA-1": lambda: {"x-hub-signature": "sha1=" + signed()[:40]},
    "an empty one": lambda: {"x-gitea-signature": "", "x-gitlab-token": ""},
    "no ASCII": lambda: {b"x-gitlab-token": "gehéim".encode()},
    "an old one": lambda: standard(time.time() - 3600),
    "one of the future": lambda: standard(time.time() + 3600),
    "another key": lambda: standard(secret=b"x"),
}


@pytest.mark.parametrize("headers", RIGHT.values(), ids=RIGHT)
async def test_a_webhook_has_the_remote_asked(house, headers):
    """Each forge's way to sign; sent again it is one look."""
    for _ in range(2):
        answer = await house.anyone().post("/webhooks/remote", content=BODY, headers=headers())
        assert answer.status_code == 202, answer.text
    assert await waiting(house) == 1


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
async def test_a_webhook_with_a_wrong_signature_does_nothing(house, headers, caplog):
    """Told in words, and noted; the secret is said to nobody."""
    answer = await house.anyone().post("/webhooks/remote", content=BODY, headers=headers())
    assert answer.status_code == 401
    assert SECRET not in answer.text + caplog.text
    assert "wrong signature" in caplog.text
    assert await waiting(house) == 0


async def test_a_webhook_nobody_set_up_is_not_there(house):
    """Without a secret, also an empty one that somebody signs with."""
    house.app.settings = replace(house.app.settings, remote_webhook_secret="")
    headers = {"x-hub-signature-256": f"sha256={signed(secret='')}", "x-gitlab-token": ""}
    answer = await house.anyone().post("/webhooks/remote", content=BODY, headers=headers)
    assert answer.status_code == 404


async def test_a_ping_is_answered(house):
    """GitHub sends one when the webhook is made."""
    headers = {"x-hub-signature-256": f"sha256={signed()}", "x-github-event": "ping"}
    assert (
        await house.anyone().post("/webhooks/remote", content=BODY, headers=headers)
    ).status_code == 202
    assert await waiting(house) == 0


async def test_a_huge_webhook_is_refused(house):
    """It is not kept in memory either: the signature is counted as it comes."""

    async def body():
        for _ in range(27):
            yield b"x" * 1_048_576

    headers = {"x-gitlab-token": SECRET}
    answer = await house.anyone().post("/webhooks/remote", content=body(), headers=headers)
    assert answer.status_code == 413


async def test_the_page_says_how_the_remote_stands(house):
    """Before and after a look, and what is wrong; readers see it, editors have it asked."""
    reader, editor = await house.as_("reader"), await house.as_("editor")
    assert "Last look never" in (await reader.get("/remote")).text
    assert (await reader.send_form("/remote")).status_code == 403
    assert (await editor.send_form("/remote")).status_code == 303
    assert await waiting(house) == 1
    await Worker(house.app.queue).run_until_idle()
    page = (await reader.get("/remote")).text
    assert "the same on both sides" in page
    assert "Last look just now" in page
    house.app.settings = replace(
        house.app.settings, remote="https://bot:pa55word@example.org/x.git"
    )
    for address in ("/remote", "/"):
        page = (await reader.get(address)).text
        assert "it has a password in it" in page
        assert "pa55word" not in page


async def test_a_look_that_somebody_wants_is_shown_until_it_is_over(house):
    """While it is under way, also without scripts; then what came of it, also when it failed."""
    editor = await house.as_("editor")
    await editor.send_form("/remote")
    page = (await editor.get("/remote")).text
    assert "Looking…" in page
    assert 'http-equiv="refresh"' in page
    assert "Look now" not in page
    assert (await editor.get("/api/remote")).json()["looking"]
    asked = house.app.state_dir / "remote-asked.json"
    asked.write_text(json.dumps({"at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat()}))
    assert "it takes longer than usual" in (await editor.get("/remote")).text
    await Worker(house.app.queue).run_until_idle()
    page = (await editor.get("/remote")).text
    assert "Both sides have the same commits" in page
    assert "Look now" in page
    assert 'http-equiv="refresh"' not in page
    assert not (await editor.get("/api/remote")).json()["looking"]
    house.app.settings = replace(house.app.settings, remote=f"{house.app.settings.remote}-gone")
    await editor.send_form("/remote")
    await Worker(house.app.queue).run_until_idle()
    page = (await editor.get("/remote")).text
    assert "and it is as said above" in page


async def test_the_api_says_the_same(house):
    """As JSON; 404 without a remote; and `/readyz` and `/metrics` in a word and in figures."""
    editor = await house.as_("editor")
    assert (await editor.get("/api/remote")).json()["state"] == "new"
    assert (await editor.send_json("/api/remote", {})).status_code == 202
    await Worker(house.app.queue).run_until_idle()
    told = (await editor.get("/api/remote")).json()
    assert told["state"] == "ok"
    (main,) = told["branches"]
    assert (main["name"], main["ahead"], main["behind"], main["decide"]) == ("main", 0, 0, "")
    assert (await house.anyone().get("/readyz")).json()["remote"] == "ok"
    assert "prdgen_remote_failing 0" in (await house.anyone().get("/metrics")).text
    house.app.settings = replace(house.app.settings, remote="")
    assert (await editor.get("/api/remote")).status_code == 404
    assert "no remote is set" in (await editor.get("/remote")).text
    assert "remote" not in (await house.anyone().get("/readyz")).json()
