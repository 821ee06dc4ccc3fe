"""Who is on the team, and what they may do: changed by owners, on the page and by the API."""

from . import team


async def test_owners_change_what_people_may_do(own):
    """At once, for sessions and programs; others may not, and one owner stays."""
    owner, editor = await own.as_("owner"), await own.as_("editor")
    program = await own.api("editor")
    listed = await owner.send_form("/people", of=str(editor.person.id), role="commenter")
    assert "Editor is commenter now." in listed.text
    assert (await program.get("/api/me")).json()["role"] == "commenter"
    refused = await editor.send_form("/people", of=str(editor.person.id), role="owner")
    assert refused.status_code == 403
    last = await owner.send_form("/people", of=str(owner.person.id), role="editor")
    assert (last.status_code, "is the last owner" in last.text) == (422, True)
    assert (await owner.send_form("/people", of="x", role="editor")).status_code == 422
    assert (
        await owner.send_form("/people", of=str(editor.person.id), role="king")
    ).status_code == 422
    answer = await owner.send_json(f"/api/people/{editor.person.id}", {"role": "editor"}, "PATCH")
    assert (answer.status_code, answer.json()["role"]) == (200, "editor")


async def test_who_is_signed_out_everywhere_stays_out(own):
    """Sessions, tokens and links that were not used; what they wrote stays, and a new link lets them in."""
    owner, editor, program = (
        await own.as_("owner"),
        await own.as_("editor"),
        await own.api("editor"),
    )
    invited = await owner.send_json(
        "/api/people", {"name": "Editor", "email": "editor@example.org"}
    )
    link = invited.json()["link"]
    out = await owner.send_form("/people", out=str(editor.person.id))
    assert "Editor is signed out everywhere." in out.text
    assert (await program.get("/api/me")).status_code == 401
    assert (await editor.get("/api/me")).status_code == 401
    assert (await own.anyone().get(link)).status_code >= 400
    assert (await owner.send_form("/people", out=str(owner.person.id))).status_code == 422
    again = await owner.send_json("/api/people", {"name": "Editor", "email": "editor@example.org"})
    assert (await own.anyone().get(again.json()["link"])).status_code == 200


async def test_the_roles_file_decides_where_there_is_one(open_house, example, tmp_path):
    """A change that would not count is refused, and says where to make it."""
    folder = team.copy(example, tmp_path / "ruled")
    team.put(folder, {".prdgen/roles.yml": "default: commenter\neditor@example.org: maintainer\n"})
    house = await open_house(folder, copied=False)
    owner, editor = await house.as_("owner"), await house.as_("editor")
    address = f"/api/people/{editor.person.id}"
    refused = await owner.send_json(address, {"role": "reader"}, "PATCH")
    assert (refused.status_code, refused.json()["code"]) == (409, "role-decided-by-file")
    assert "stays maintainer" in refused.text
    assert (await editor.get("/api/me")).json()["role"] == "maintainer"
    assert (await owner.send_json(address, {"role": "owner"}, "PATCH")).status_code == 200
    assert (await editor.get("/api/me")).json()["role"] == "owner"
