"""A forge that answers badly, or not at all: each is an error that says what to do, and no secret."""

from __future__ import annotations

import logging

import pytest
from flows.remotes import answering, silent
from git import repos

from prdgen.forge import address, errors, opening
from prdgen.forge import client as client_module

from .hub import Hub
from .serving import TOKEN, Fault, served
from .skins import SKINS


@pytest.fixture(params=SKINS)
async def forge(request, tmp_path):
    """A forge with one pull request."""
    repo = repos.make(tmp_path / "repo", one="# One\n")
    hub = Hub(repo.path)
    repo.git("branch", "idea")
    repo.save({"one.md": "# One\n\nmore\n"}, branch="idea")
    hub.open("idea", "main", "Idea", "", "octavia")
    async with served(request.param, hub) as made:
        yield made
        assert not made.problems


def opened(forge, seconds: float = 5.0, token: str = TOKEN, answers=None):
    at = address.Address(forge.kind, forge.address, forge.hub.project)
    return opening.opened(at, token, seconds, {} if answers is None else answers)


BAD = {
    "401": (Fault(401), errors.ForgeDenied, "PRDGEN_FORGE_TOKEN_FILE"),
    "403": (Fault(403), errors.ForgeForbids, "these rights"),
    "404": (Fault(404), errors.ForgeMissing, "forge_project"),
    "409": (Fault(409), errors.ForgeConflict, "main may have moved"),
    "422": (Fault(422), errors.ForgeRefuses, "by hand"),
    "half a character": (
        Fault(422, body=b'{"message": "half \\ud800 of it"}'), errors.ForgeRefuses, "by hand",
    ),
    "429": (Fault(429, headers={"retry-after": "120"}), errors.ForgeBusy, "when that time is over"),
    "429 without a time": (Fault(429), errors.ForgeBusy, "when that time is over"),
    "403 that is a 429": (
        Fault(403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"}),
        errors.ForgeBusy, "when that time is over",
    ),
    "403 that is a 429 in words": (
        Fault(
            403, headers={"x-ratelimit-remaining": "4999", "x-ratelimit-reset": "4102444800"},
            body=b'{"message": "You have exceeded a secondary rate limit."}',
        ), errors.ForgeBusy, "when that time is over",
    ),
    "500": (Fault(500, times=3), errors.ForgeAway, "tries again by itself"),
    "cut off": (
        Fault(200, headers={"content-length": "500"}, body=b'{"number": 1', times=3),
        errors.ForgeAway, "tries again by itself",
    ),
    "a page to sign in": (Fault(200, body=b"<html>Sign in"), errors.ForgeGarbled, "another program"),
    "something else": (Fault(200, body=b'{"number": "x"}'), errors.ForgeGarbled, "another program"),
    "a list": (Fault(200, body=b"[1]"), errors.ForgeGarbled, "another program"),
    "no end": (Fault(200, body=b"x" * 33_554_433), errors.ForgeGarbled, "another program"),
    "another host": (
        Fault(302, headers={"location": "http://127.0.0.2:9/x"}), errors.ForgeGarbled,
        "another program",
    ),
}  # fmt: skip


def test_half_a_character_is_a_question_mark():
    """JSON can name it; no file, log and database can hold it. Everything else is as it was."""
    content = (
        b'[{"body": "half \\ud800 of it, \\ud83d\\ude00\\u0000 \\\\u0000", "n": [1, null, 2.5]}]'
    )
    found = client_module._read(content)
    assert found == [{"body": "half ? of it, \U0001f600? \\u0000", "n": [1, None, 2.5]}]
    assert client_module._read(b'["\xed\xa0\x80"]') == ["\ufffd" * 3]


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_answer_is_an_error_with_a_cure(forge, name):
    """Whatever it says, what was wanted from whom is said, and what to do."""
    fault, kind, cure = BAD[name]
    forge.faults = [Fault(**{k: getattr(fault, k) for k in ("status", "headers", "body", "times")})]
    async with opened(forge) as client:
        with pytest.raises(kind) as caught:
            await client.pull(1)
        said = f"{caught.value.message} {caught.value.hint}"
        assert "request 1" in said
        assert cure in said
        assert client.key in said
        assert (await client.pull(1)).title == "Idea"


async def test_what_passes_is_tried_again(forge):
    """A read, not something that changes: whether that was done nobody knows."""
    forge.faults = [Fault(500, times=2)]
    async with opened(forge) as client:
        assert (await client.pull(1)).title == "Idea"
        forge.faults = [Fault(429, headers={"retry-after": "0"})]
        assert (await client.pull(1)).title == "Idea"
        asked = len(forge.asked)
        forge.faults = [Fault(500)]
        with pytest.raises(errors.ForgeAway):
            await client.edit(1, title="x")
        assert len(forge.asked) - asked == 1


async def test_the_token_is_said_to_nobody(forge, caplog):
    """Not when it is wrong, nor when the forge itself says it back."""
    caplog.set_level(logging.DEBUG)
    async with opened(forge, token="another-s3cret") as client:
        with pytest.raises(errors.ForgeDenied) as caught:
            await client.pull(1)
    forge.faults = [Fault(422, body=f'{{"message": "no: {TOKEN}"}}'.encode())]
    async with opened(forge) as client:
        with pytest.raises(errors.ForgeRefuses) as echoed:
            await client.pull(1)
    told = f"{caught.value.message}{caught.value.hint}{echoed.value.message}{caplog.text}"
    assert TOKEN not in told
    assert "another-s3cret" not in told


async def test_nothing_new_is_not_sent_again(forge):
    """The answer is known by its ETag, also from one exchange to the next, page by page."""
    for n in range(45):
        forge.hub.comment(1, "octavia", f"comment {n}")
    answers = {}
    async with opened(forge, answers=answers) as client:
        first = await client.talk(await client.pull(1))
    unchanged = forge.unchanged
    async with opened(forge, answers=answers) as client:
        again = await client.talk(await client.pull(1))
    assert [said.text for said in again.said] == [f"comment {n}" for n in range(45)]
    assert again == first
    assert forge.unchanged - unchanged >= 4


async def test_a_full_page_gets_a_next_one(forge):
    """Its own items are the same then, and so is its ETag."""
    answers = {}
    for n in range(21):
        forge.hub.comment(1, "octavia", f"comment {n}")
        if n < 19:
            continue
        async with opened(forge, answers=answers) as client:
            found = await client.talk(await client.pull(1))
        assert len(found.said) == n + 1


async def test_every_comment_on_lines_is_read(forge):
    """Page by page; of reviews Gitea says only how many there are, not where the next ones are."""
    for n in range(45):
        forge.hub.comment(1, "octavia", f"comment {n}", path="one.md", line=3)
    async with opened(forge) as client:
        found = await client.talk(await client.pull(1))
    assert sorted(said.text for said in found.said) == sorted(f"comment {n}" for n in range(45))


async def test_the_one_that_is_open_already_is_not_a_forks(forge):
    """A fork's branch may have the same name, and its pull request be the newer one."""
    fork = forge.hub.open("another", "main", "A fork's", "", "zoe")
    fork.branch, fork.is_foreign = "idea", True
    forge.hub.pulls = {2: fork, 1: forge.hub.pulls[1]}
    async with opened(forge) as client:
        assert (await client.open("Idea", "", "idea", "main")).number == 1


@pytest.mark.parametrize("forge", ["gitlab"], indirect=True)
async def test_an_account_that_may_not_merge_is_no_unknown_token(forge):
    """GitLab says 401 then."""
    async with opened(forge) as client:
        pull = await client.pull(1)
        forge.faults = [Fault(401)]
        with pytest.raises(errors.ForgeForbids) as caught:
            await client.merge(pull, "merge", "Idea", "")
        assert "role Developer" in caught.value.hint


@pytest.mark.parametrize("kind", SKINS)
async def test_a_silent_forge_is_given_up(kind):
    """And one that is not there."""
    async with answering(silent) as where:
        at = address.Address(kind, where.removesuffix("/team.git"), "team/prds")
        async with opening.opened(at, TOKEN, 0.2, {}) as client:
            with pytest.raises(errors.ForgeAway):
                await client.pull(1)
    async with opening.opened(at, TOKEN, 0.2, {}) as client:
        with pytest.raises(errors.ForgeAway):
            await client.open_pulls()
