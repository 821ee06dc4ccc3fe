"""A refusal names the rule and whom to ask."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from prdgen.flows import roles, whom
from prdgen.store import people
from server import team

PAGE = "site/prds/checkout.md"


def rules(own, text):
    """The rules on main."""
    team.put(own.app.repository.work_tree, {".prdgen/roles.yml": text})


async def config(browser, where):
    """What the editor is told."""
    html = (await browser.get(where)).text
    given = html.split('data-config="', 1)[1].split('"', 1)[0]
    return json.loads(given.replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&"))


async def test_who_lacks_a_role_is_told_whom_to_ask(own):
    """An owner, by name; on pages, in the API and in the editor."""
    await own.person("owner")
    browser, api = await own.as_("commenter"), await own.api("commenter")
    shown = await browser.get("/new", headers={"accept": "text/html"})
    assert shown.status_code == 403
    assert "takes the role editor" in shown.text
    assert "Ask Owner (owner@example.org) for the role editor." in shown.text
    refused = await api.post("/api/drafts", json={"title": "x"})
    assert refused.status_code == 403
    assert refused.json()["hint"] == "Ask Owner (owner@example.org) for the role editor."
    told = await config(browser, f"/edit/main/{PAGE}")
    assert told["readOnlyReason"] == "your role is commenter; ask Owner for the role editor"


async def test_a_folder_s_rule_is_named_with_who_may(own):
    """A role's people by name, or the addresses that the rule has; and the editor says the rule."""
    await own.person("maintainer")
    browser, api = await own.as_("editor"), await own.api("editor")
    body = {"branch": "main", "page_path": PAGE, "message": "x"}
    rules(own, "editor@example.org: editor\nmaintainer@example.org: maintainer\ndefault: reader\n"
               "folders:\n  site/prds/: maintainer\n")  # fmt: skip
    refused = (await api.post("/api/versions", json=body)).json()
    assert "in `site/prds/` writing takes the role maintainer" in refused["detail"]
    assert refused["hint"].startswith("Ask Maintainer (maintainer@example.org).")
    told = await config(browser, f"/edit/main/{PAGE}")
    assert not told["canWrite"]
    assert "in `site/prds/` writing takes the role maintainer" in told["readOnlyReason"]
    rules(own, "default: editor\nfolders:\n  site/prds/: [zoe@example.org]\n")
    refused = (await api.post("/api/versions", json=body)).json()
    assert "writing takes one of zoe@example.org" in refused["detail"]
    assert refused["hint"].startswith("Ask zoe@example.org.")


async def test_who_may_not_merge_is_told_on_the_draft_s_page(own):
    """The rule and the people, above the draft as it is."""
    await own.person("maintainer")
    browser, api = await own.as_("editor"), await own.api("editor")
    answer = await browser.send_form("/drafts", title="Plan")
    where = answer.headers["location"]
    page = {"title": "New", "branch": where.removeprefix("/drafts/"), "template": "feature"}
    assert (await api.post("/api/pages", json=page)).status_code == 201
    rules(
        own, "maintainer@example.org: maintainer\ndefault: editor\nfolders:\n  site/: maintainer\n"
    )
    refused = await browser.send_form(where, do="merge")
    assert refused.status_code == 403
    assert "in `site/` writing takes the role maintainer" in refused.text
    assert "Ask Maintainer (maintainer@example.org)." in refused.text


@pytest.mark.parametrize(
    "written",
    [
        None,
        "default: reader\nEditor@example.org: owner\n",
        "default: maintainer\nmaintainer@example.org: reader\n",
        "commenter@example.org: editor\n",
        "default: owner\n",
        "default: king\n",
        "folders:\n  site/: owner\n",
    ],
)
async def test_whom_to_ask_is_one_question(own, monkeypatch, written):
    """It finds whose role is enough, by name, and does not fetch everybody for it."""
    people_ = sorted([await own.person(role) for role in roles.ROLES], key=lambda each: each.name)
    if written is not None:
        rules(own, written)
    role_of = await roles.of_all(own.app)
    asked = []
    monkeypatch.setattr(people, "list_people", asked.append)
    monkeypatch.setattr(roles, "_table", counted := Counted(roles._table))
    for wanted in roles.ROLES:
        has = [each.id for each in people_ if roles.at_least(role_of(each), wanted)]
        found = await roles.having(own.app, wanted, limit=9)
        assert [each.id for each in found] == has
        assert await roles.having(own.app, wanted, limit=1) == found[:1]
    owner = next(iter(await roles.having(own.app, "owner", limit=1)))
    counted.calls = 0
    told = await whom.reason(own.app, people_[0], "reader", PAGE)
    assert told == f"your role is reader; ask {owner.name} for the role editor"
    assert (asked, counted.calls) == ([], 1)


@pytest.mark.parametrize("written", ["default: king\n", "a: [\n", "- a\n", "default: reader\n"])
async def test_the_rules_are_read_once_for_everybody(own, monkeypatch, written):
    """Also when they cannot be used: with thousands of people that stopped the server for seconds."""
    person = await own.person("editor")
    rules(own, f"{written}# {uuid4()}\n")
    calls, real = [], roles.yaml.safe_load
    monkeypatch.setattr(roles.yaml, "safe_load", lambda data: calls.append(1) or real(data))
    for _ in range(2):
        role_of = await roles.of_all(own.app)
        assert {role_of(person) for _ in range(50)} == {"reader"}
    assert len(calls) == 1


class Counted:
    def __init__(self, real):
        self.real, self.calls = real, 0

    def __call__(self, app):
        self.calls += 1
        return self.real(app)


async def test_a_token_that_only_reads_is_told_as_such(own):
    """Its person has the role: another role would not help."""
    api = await own.api("editor", scope="read")
    refused = await api.post("/api/drafts", json={"title": "Plan"})
    assert refused.status_code == 403
    assert "token may only read" in refused.json()["title"] + refused.json()["detail"]
    assert "/tokens" in str(refused.json())
