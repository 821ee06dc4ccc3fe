"""Ways in: one-time links, sessions, form tokens, API tokens, roles."""

import pytest

from prdgen.flows import roles, write_rules
from prdgen.server import auth
from prdgen.store import access, people

from . import team
from .house import BASE, HTML, Seen


async def link(house, role: str = "editor", seconds: float = 600.0) -> str:
    person = await house.person(role)
    async with house.app.store.transaction() as tx:
        return f"/sign-in/{await access.make_link(tx, person.id, seconds)}"


async def test_a_link_shows_a_button_and_signs_in_once(own):
    """GET only shows a button, POST signs in, a second POST is refused: previews use nothing up."""
    browser, address = own.anyone(), await link(own)
    shown = await browser.get(address, headers=HTML)
    assert shown.status_code == 200
    assert Seen(shown.text).all("button")
    assert (await browser.head(address)).status_code == 200
    done = await browser.post(address)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert (await browser.get("/api/me")).json()["name"] == "Editor"
    assert (await own.anyone().post(address)).status_code == 410
    assert (await own.anyone().get(address, headers=HTML)).status_code == 410


async def test_the_session_cookie_is_out_of_reach(own):
    """No script reads it, no other site sends it, and over https it never goes in the clear."""
    cookie = (await own.anyone().post(await link(own))).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    secure = own.anyone()
    secure.base_url = BASE.replace("http:", "https:")
    assert "secure" in (await secure.post(await link(own))).headers["set-cookie"].lower()


async def test_two_servers_on_one_machine_keep_their_sessions(own):
    """Browsers send a cookie to every port of a host: each repository's has a name of its own."""
    cookie = (await own.anyone().post(await link(own))).headers["set-cookie"]
    assert cookie.startswith(f"prdgen_session_{own.app.repository_id.hex[:8]}=")


async def test_an_old_link_says_so(own):
    """A link that ran out is refused with what to do."""
    answer = await own.anyone().get(await link(own, seconds=-1.0), headers=HTML)
    assert answer.status_code == 410
    assert "too old" in answer.text
    assert (await own.anyone().get("/sign-in/nonsense", headers=HTML)).status_code == 410


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "x"],
)
async def test_sign_in_leads_only_to_this_server(own, wanted):
    """No open redirect: another site's address leads home."""
    done = await own.anyone().post(await link(own), params={"next": wanted})
    assert done.headers["location"] == "/"


async def test_sign_in_leads_back(own):
    """Who was sent to sign in comes back to the page they asked for, query included."""
    sent = await own.anyone().get("/pages", params={"tag": "a&b"}, headers=HTML)
    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in?next=%2Fpages%3Ftag%3Da%2526b"
    done = await own.anyone().post(await link(own), params={"next": "/pages?tag=a%26b"})
    assert done.headers["location"] == "/pages?tag=a%26b"


async def test_sign_out_ends_the_session(own):
    """After signing out the old cookie is worth nothing."""
    browser = await own.as_("editor")
    secret = browser.cookies[auth.cookie_name(own.app)]
    assert (await browser.send_form("/sign-out")).status_code == 303
    again = own.anyone(cookies={auth.cookie_name(own.app): secret})
    assert (await again.get("/api/me")).status_code == 401


async def test_a_change_needs_the_form_token(own):
    """Another site's page could send the cookie, but not the token of a page of ours."""
    browser = await own.as_("owner")
    fields = {"name": "Mallory", "email": "m@example.org", "role": "owner"}
    assert (await browser.post("/people", data=fields)).status_code == 403
    assert (await browser.post("/people", data=fields | {"csrf": "0" * 32})).status_code == 403
    assert (await browser.post("/new", data={"title": "x"})).status_code == 403
    assert (await browser.post("/sign-out")).status_code == 403
    assert (await browser.post("/api/pages", json={"title": "x"})).status_code == 403
    assert (await browser.send_form("/people", **fields)).status_code == 200


async def test_signing_out_without_a_session(own):
    """Nobody is signed in: an answer, not a crash."""
    assert (await own.anyone().post("/sign-out")).status_code == 401


WRITES = [
    ("/api/pages", {"title": "x"}),
    ("/api/versions", {"branch": "main", "page_path": "site/prds/checkout.md"}),
    ("/api/conflicts/0c0e0b5a-0000-4000-8000-000000000000/resolve", {}),
]


@pytest.mark.parametrize("role", ["reader", "commenter"])
async def test_who_only_reads_changes_nothing(own, role):
    """Readers and commenters are refused every change, with the role it takes."""
    program, browser = await own.api(role), await own.as_(role)
    for address, body in WRITES:
        answer = await program.post(address, json=body)
        assert answer.status_code == 403, address
        assert "editor" in answer.json()["detail"]
    assert (await browser.get("/new", headers=HTML)).status_code == 403
    fields = {"name": "M", "email": "m@example.org", "role": "owner"}
    assert (await browser.send_form("/people", **fields)).status_code == 403
    late = await program.post("/api/documents/x/late", content=b"x")
    assert late.status_code == 403


async def test_only_owners_invite(own):
    """A maintainer may not make sign-in links for others: that would be every role."""
    program = await own.api("maintainer")
    answer = await program.post("/api/people", json={"name": "M", "email": "m@example.org"})
    assert answer.status_code == 403


async def test_a_role_taken_away_is_gone_at_once(own):
    """.prdgen/roles.yml on main decides; the next request is judged by it."""
    program = await own.api("editor")
    assert (await program.post("/api/pages", json={"title": "One"})).status_code == 201
    folder = own.app.repository.work_tree
    team.put(folder, {".prdgen/roles.yml": "editor@example.org: reader\n"}, "Take a role away")
    assert (await program.post("/api/pages", json={"title": "Two"})).status_code == 403
    team.put(folder, {".prdgen/roles.yml": "editor@example.org: [broken\n"}, "Break the roles")
    assert (await program.post("/api/pages", json={"title": "Three"})).status_code == 403


async def test_who_may_write_stays_so_while_there_is_no_main_branch(own):
    """It was renamed under a running server: what stood on it does not stop to hold, and makes nobody an editor."""
    folder = own.app.repository.work_tree
    rules = "default: reader\neditor@example.org: editor\nfolders:\n  legal: maintainer\n"
    team.put(folder, {".prdgen/roles.yml": rules}, "Roles")
    program, other = await own.api("editor"), await own.api("commenter")
    asked = {"json": {"title": "One"}}
    assert (await program.post("/api/pages", **asked)).status_code == 201
    team.git(folder, "branch", "-m", "main", "trunk")
    for each in (program, other):
        assert (await each.post("/api/pages", **asked)).status_code == 403
    with pytest.raises(roles.NoMainBranch) as caught:
        write_rules.load(own.app)
    assert "stop the server" in caught.value.hint
    team.git(folder, "branch", "-m", "trunk", "main")
    assert (await program.post("/api/pages", json={"title": "Two"})).status_code == 201
    assert (await other.post("/api/pages", json={"title": "Three"})).status_code == 403


async def test_invited_people_must_have_a_name_and_an_address(own):
    """The page says what is missing and makes nobody."""
    browser = await own.as_("owner")
    for fields in ({"name": "", "email": "a@example.org"}, {"name": "A", "email": "nowhere"}):
        answer = await browser.send_form("/people", role="editor", **fields)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    async with own.app.store.transaction() as tx:
        assert {person.name for person in await people.list_people(tx)} == {"Owner"}


async def test_an_invited_person_signs_in_with_the_shown_link(own):
    """What the owner's page shows once is all the new person needs."""
    browser = await own.as_("owner")
    answer = await browser.send_form("/people", name="Grace", email="g@example.org", role="reader")
    shown = next(a["value"] for a in Seen(answer.text).all("input") if "data-copy" in a)
    guest = own.anyone()
    assert (await guest.post(shown.removeprefix(BASE))).status_code == 303
    assert (await guest.get("/api/me")).json()["role"] == "reader"


async def test_tokens_are_made_used_listed_and_revoked(own):
    """An API token works without cookie or form token until it is revoked."""
    browser = await own.as_("editor")
    made = (await browser.send_json("/api/tokens", {"name": "laptop"})).json()
    program = own.anyone(headers={"authorization": f"Bearer {made['token']}"})
    assert (await program.post("/api/pages", json={"title": "By a program"})).status_code == 201
    listed = (await browser.get("/api/tokens")).json()["items"]
    assert [(item["name"], item["scope"]) for item in listed] == [("laptop", "write")]
    assert made["token"] not in str(listed)
    gone = await browser.send_json(f"/api/tokens/{listed[0]['id']}", None, "DELETE")
    assert gone.status_code == 200
    assert (await program.get("/api/me")).status_code == 401


async def test_git_brings_the_token_as_its_password(own):
    """Basic authentication with the token as password is the same person."""
    program = await own.api("editor")
    token = program.headers["authorization"].removeprefix("Bearer ")
    answer = await own.anyone(auth=("git", token)).get("/api/me")
    assert answer.json()["name"] == "Editor"
    assert (await own.anyone(auth=("git", "wrong")).get("/api/me")).status_code == 401


async def test_a_token_for_reading_only_reads(own):
    """A read token may not write, nor make itself a better one."""
    program = await own.api("owner", scope="read")
    assert (await program.get("/api/pages")).status_code == 200
    assert (await program.post("/api/pages", json={"title": "x"})).status_code == 403
    assert (await program.post("/api/tokens", json={"name": "x"})).status_code == 403


async def test_tokens_of_others_are_out_of_reach(own):
    """Nobody revokes another person's token."""
    mine, other = await own.as_("editor"), await own.as_("maintainer")
    await mine.send_json("/api/tokens", {"name": "mine"})
    token = (await mine.get("/api/tokens")).json()["items"][0]["id"]
    assert (await other.send_json(f"/api/tokens/{token}", None, "DELETE")).status_code == 404
    assert (await other.send_json("/api/tokens/nonsense", None, "DELETE")).status_code == 404


async def test_the_page_of_tokens(own):
    """A person makes and revokes tokens in the browser; the secret is shown this once."""
    browser = await own.as_("editor")
    made = await browser.send_form("/tokens", name="laptop", scope="read")
    secret = next(a["value"] for a in Seen(made.text).all("input") if "data-copy" in a)
    assert secret.startswith("prdgen_")
    later = await browser.get("/tokens", headers=HTML)
    assert "laptop" in later.text
    assert secret not in later.text
    wanted = next(a["value"] for a in Seen(later.text).all("input") if a.get("name") == "revoke")
    assert "laptop" not in (await browser.send_form("/tokens", revoke=wanted)).text
