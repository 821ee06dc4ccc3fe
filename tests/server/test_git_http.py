"""`/git/`: who gets in and with what, and what Git clients ask for (protocol 2, shallow, partial)."""

import base64
import os
import subprocess

import pytest
from flows import pushing

from . import team


@pytest.fixture
async def server(own, tmp_path):
    async with pushing.serving(own, tmp_path / "clones") as found:
        yield found


def basic(secret: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'git:{secret}'.encode()).decode()}"}


REFS = "/git/info/refs?service=git-upload-pack"


async def test_nobody_gets_in_without_a_token(house):
    """Git is asked for one; a wrong one, and a browser's cookie, are none."""
    for browser in (house.anyone(), house.anyone(headers=basic("wrong")), await house.as_("owner")):
        answer = await browser.get(REFS)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert "token" in answer.text


async def test_a_token_as_password_or_bearer_opens(house):
    """Git sends Basic; programs may send Bearer."""
    token = (await house.api("reader")).headers["authorization"].removeprefix("Bearer ")
    for headers in (basic(token), {"authorization": f"Bearer {token}"}):
        answer = await house.anyone(headers=headers).get(REFS)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-git-upload-pack-advertisement"
        assert answer.headers["cache-control"].startswith("no-cache")


async def test_readers_hear_why_they_may_not_push(house):
    """As plain text, which Git shows."""
    program = await house.api("reader")
    for answer in (
        await program.get("/git/info/refs?service=git-receive-pack"),
        await program.post("/git/git-receive-pack", content=b"0000"),
    ):
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/plain")
        assert "may not push" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "", "HEAD", "config", "objects/info/packs", "info/refs", "info/refs?service=git-upload-archive",
        "info/refs?service=--upload-pack", "../config", "%2e%2e/config", "a.git/../../info/refs",
        "git-upload-pack", "prdgen/servers.lock",
    ],
)  # fmt: skip
async def test_only_the_two_services_are_answered(house, path):
    """No file of the repository is served, whatever it is called."""
    answer = await (await house.api("owner")).get(f"/git/{path}")
    assert answer.status_code == 404


async def test_other_sites_cannot_push(house):
    """Git sends no Origin; a page that does is refused, and other host names are not answered."""
    program = await house.api("owner")
    for headers, status in (
        ({"origin": "https://evil.example"}, 403),
        ({"host": "evil.example"}, 421),
    ):
        answer = await program.post("/git/git-receive-pack", content=b"0000", headers=headers)
        assert answer.status_code == status


async def test_clones_of_every_kind(server, own):
    """Whole, shallow, partial, one branch; deepened and filled up later; protocol 2."""
    team.git(own.app.repository.work_tree, "branch", "draft/x")
    address = await server.address("rita")
    for number, options in enumerate(
        (
            ["--depth", "1"],
            ["--filter=blob:none", "--no-checkout"],
            ["--single-branch"],
            ["--mirror"],
        )
    ):
        done = await pushing.git(server.folder, "clone", *options, address, f"c{number}")
        assert done.ok, done.said
    assert (await pushing.git(server.folder / "c0", "fetch", "--unshallow")).ok
    assert (await pushing.git(server.folder / "c1", "checkout")).ok
    traced = await pushing.git(
        server.folder,
        "-c",
        "protocol.version=2",
        "-c",
        "http.extraHeader=X: y",
        "ls-remote",
        address,
    )
    assert "refs/heads/draft/x" in traced.said
    named = await pushing.git(server.folder, "clone", address + "team.git")
    assert named.ok, named.said
    assert (server.folder / "team").is_dir()


async def test_protocol_two_is_spoken(server):
    """The client asks for it by a header, and gets it."""
    address = await server.address("rita")
    environment = {**os.environ, "GIT_TRACE_PACKET": str(server.folder / "trace")}

    def work():
        return subprocess.run(["git", "ls-remote", address], env=environment, capture_output=True)

    assert (await pushing.asyncio.to_thread(work)).returncode == 0
    assert "version 2" in (server.folder / "trace").read_text()


async def test_a_push_from_a_shallow_clone(server, own):
    """Its history is cut off, the push is complete all the same."""
    clone = await server.clone("eve", "--depth", "1")
    clone.commit("Edit", new="# New\n")
    assert (done := await clone.push()).ok, done.said
    assert own.app.repository.tip("main") == clone.git("rev-parse", "HEAD")


async def test_folders_hold_in_the_browser_too(open_house, example, tmp_path):
    """Who may not push into a folder may not write there by the API or the editor either."""
    folder = team.copy(example, tmp_path / "ruled")
    where = "site/prds"
    team.put(folder, {".prdgen/roles.yml": f"default: editor\nfolders:\n  {where}/: maintainer\n"})
    house = await open_house(folder, copied=False)
    page = next(p.relative_to(folder) for p in (folder / where).rglob("*.md"))
    browser = await house.as_("editor")
    assert "&#34;canWrite&#34;: false" in (await browser.get(f"/edit/main/{page}")).text
    for address, body in (
        ("/api/pages", {"title": "Mine", "folder": where}),
        ("/api/versions", {"branch": "main", "page_path": str(page)}),
    ):
        answer = await browser.send_json(address, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "may-not-write")
