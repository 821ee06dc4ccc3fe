"""The JSON API does what its OpenAPI description says."""

import re
from urllib.parse import quote

import jsonschema
import openapi_spec_validator
import pytest

from prdgen.server import routes
from prdgen.server.api import openapi

from . import team

PAGE = "main/site/prds/checkout.md"
CALLS: dict[str, dict] = {
    "list_pages": {"query": {"branch": "main", "limit": "3", "status": "draft", "order": "path"}},
    "get_page": {"path": {"address": PAGE}},
    "search_pages": {"query": {"q": "checkout", "limit": "5"}},
    "list_requirements": {"query": {"branch": "main"}},
    "requirement_uses": {"path": {"id": "REQ-112"}},
    "links_to": {"path": {"address": PAGE}},
    "page_history": {"path": {"address": PAGE}, "query": {"limit": "5", "skip": "0"}},
    "page_difference": {"path": {"address": PAGE}},
    "list_branches": {},
    "export_page": {"path": {"address": PAGE}, "query": {"format": "md"}},
    "start_export": {"body": {"format": "pdf", "pages": ["site/prds/checkout.md"]}},
    "get_export": {"path": {"id": "none"}, "status": 404},
    "get_export_file": {"path": {"id": "none"}, "status": 404},
    "cancel_export": {"path": {"id": "none"}, "status": 404},
    "list_templates": {},
    "create_page": {"body": {"title": "Made by the API", "template": "feature"}},
    "preview_page": {"body": {"text": "# Hello\n\n- [REQ-1] x", "page_path": "site/prds/x.md"}},
    "save_version": {"body": {"branch": "main", "page_path": "site/prds/checkout.md"}},
    "restore_version": {
        "body": {"branch": "main", "page_path": "site/prds/checkout.md", "commit": "HEAD"},
        "status": 404,
    },
    "page_blame": {"path": {"address": PAGE}},
    "list_conflicts": {"query": {"branch": "main", "page_path": "site/prds/checkout.md"}},
    "resolve_conflict": {"path": {"id": "0c0e0b5a-0000-4000-8000-000000000000"}, "status": 404},
    "list_writers": {
        "path": {"id": "4NMNnkMhL8jXrdJ9jamS58PAVdXu"}, "query": {"actors": "00ff,01"},
    },
    "document_status": {"path": {"address": PAGE}},
    "late_changes": {
        "path": {"id": "x"}, "content": b"no document", "status": 404,
        "query": {"branch": "main", "page_path": "site/prds/checkout.md"},
    },
    "list_drafts": {"query": {"state": "all"}},
    "start_draft": {"body": {"title": "One step", "page_path": "site/prds/checkout.md"}},
    "get_draft": {"path": {"name": "plans"}, "status": 404},
    "describe_draft": {"path": {"name": "plans"}, "body": {"title": "P", "description": "d"},
                       "status": 404},
    "update_draft": {"path": {"name": "plans"}, "status": 404},
    "commit_draft": {"path": {"name": "plans"}, "status": 404},
    "merge_draft": {"path": {"name": "none"}, "body": {"how": "squash"}, "status": 404},
    "close_draft": {"path": {"name": "none"}, "status": 404},
    "reopen_draft": {"path": {"name": "20260101-00000000"}, "status": 404},
    "deliver_changes": {"path": {"id": "x"}, "content": b"no document", "status": 404},
    "get_remote": {"status": 404},
    "ask_remote": {"status": 404},
    "get_review": {"path": {"name": "plans"}, "status": 404},
    "get_edition": {"path": {"name": "plans"}, "status": 404},
    "get_source": {"path": {"name": "plans"}, "query": {"page_path": "a.md", "quote": "x",
                                                         "line": "3"}, "status": 404},
    "comment_on_draft": {"path": {"name": "plans"}, "body": {"text": "x", "line": 1}, "status": 404},
    "reply_to_comment": {"path": {"name": "plans", "thread": "1"}, "status": 404, "body": {"text": "x"}},
    "resolve_comment": {"path": {"name": "plans", "thread": "1"}, "status": 404},
    "unresolve_comment": {"path": {"name": "plans", "thread": "1"}, "status": 404},
    "take_suggestion": {"path": {"name": "plans", "thread": "1"}, "status": 404},
    "approve_draft": {"path": {"name": "plans"}, "body": {"text": None}, "status": 404},
    "request_changes": {"path": {"name": "plans"}, "body": {"text": "x"}, "status": 404},
    "ask_for_review": {"path": {"name": "plans"}, "status": 404},
    "withdraw_review": {"path": {"name": "plans"}, "status": 404},
    "list_notifications": {"query": {"unread": "1", "limit": "5",
                                     "before": "0c0e0b5a-0000-4000-8000-000000000000"}},
    "read_notifications": {"body": {"ids": ["0c0e0b5a-0000-4000-8000-000000000000"]}},
    "who_am_i": {},
    "list_people": {},
    "invite_person": {"body": {"name": "Grace", "email": "grace@example.org", "role": "reader"}},
    "change_person": {"path": {"id": "0c0e0b5a-0000-4000-8000-000000000000"}, "body": {"role": "reader"},
                      "status": 404},
    "shut_out_person": {"path": {"id": "0c0e0b5a-0000-4000-8000-000000000000"}, "status": 404},
    "list_tokens": {},
    "create_token": {"body": {"name": "nightly", "scope": "read"}},
    "revoke_token": {"path": {"id": "0c0e0b5a-0000-4000-8000-000000000000"}, "status": 404},
}  # fmt: skip
OPERATIONS = {operation.name: operation for operation in routes.OPERATIONS}
DESCRIPTION = openapi.describe(routes.OPERATIONS)


def described(name: str) -> dict:
    """The operation as the description has it."""
    operation = OPERATIONS[name]
    path = re.sub(r"\{(\w+):\w+\}", r"{\1}", operation.path)
    return DESCRIPTION["paths"][path][operation.method.lower()]


async def call(program, name: str):
    """The operation called as CALLS says."""
    operation, wanted = OPERATIONS[name], CALLS[name]
    address = re.sub(
        r"\{(\w+)(?::\w+)?\}", lambda match: quote(wanted["path"][match[1]]), operation.path
    )
    return await program.request(
        operation.method, address, params=wanted.get("query"), json=wanted.get("body"),
        content=wanted.get("content"),
    )  # fmt: skip


def test_the_description_is_valid_openapi():
    """OpenAPI 3.1, as its own schema wants it."""
    openapi_spec_validator.validate(DESCRIPTION)
    assert DESCRIPTION["openapi"].startswith("3.1")


def test_every_operation_is_called_here():
    """A new operation needs a call in these tests; the event stream has its own."""
    assert set(CALLS) | {"stream_events"} == set(OPERATIONS)


async def test_the_description_is_served(house):
    """To anyone: it holds no secrets."""
    assert (await house.anyone().get("/api/openapi.json")).json() == DESCRIPTION


@pytest.mark.parametrize("name", CALLS)
async def test_answers_are_as_described(own, name):
    """Status, content type and the whole answer follow the description."""
    answer = await call(await own.api("owner"), name)
    wanted, how = CALLS[name], described(name)
    expected = wanted.get("status", OPERATIONS[name].status)
    assert answer.status_code == expected, answer.text
    told = how["responses"].get(str(answer.status_code), how["responses"]["default"])
    kind = answer.headers["content-type"].partition(";")[0]
    (media, content), *_ = told["content"].items()
    if media == "application/octet-stream":
        return
    assert kind == media
    schema = content["schema"] | {"components": DESCRIPTION["components"]}
    jsonschema.validate(answer.json(), schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", sorted(CALLS))
async def test_what_is_asked_is_described(name):
    """Every query parameter and body used here is in the description, and fits it."""
    wanted, how = CALLS[name], described(name)
    known = {parameter["name"]: parameter for parameter in how["parameters"]}
    assert set(wanted.get("query", ())) <= {n for n, p in known.items() if p["in"] == "query"}
    assert {n for n, p in known.items() if p["in"] == "path"} == set(wanted.get("path", ()))
    if "body" in wanted:
        schema = how["requestBody"]["content"]["application/json"]["schema"]
        assert set(wanted["body"]) <= set(schema["properties"])
        jsonschema.validate(wanted["body"], schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", sorted(CALLS))
async def test_nobody_is_refused(house, name):
    """Without a session or token every operation answers 401, before it looks at anything."""
    answer = await call(house.anyone(), name)
    assert answer.status_code == 401
    jsonschema.validate(answer.json(), openapi.PROBLEM)


BODIES = [
    ("/api/pages", {"title": 5}), ("/api/pages", {"title": "x", "folder": 5}),
    ("/api/pages", {"title": "x", "branch": ["main"]}), ("/api/pages", {"title": "x", "template": {}}),
    ("/api/pages", {"title": "x", "branch": "nowhere"}), ("/api/pages", {"title": "\0"}),
    ("/api/preview", {"text": "x", "page_path": "../x"}), ("/api/preview", {"text": "x", "page_path": 1}),
    ("/api/preview", {"text": "x", "page_path": "a.md", "branch": 7}),
    ("/api/versions", {"branch": "main", "page_path": "site/prds/no.md"}),
    ("/api/versions", {"branch": "main", "page_path": "site/prds/checkout.md", "message": 7}),
    ("/api/people", {"name": "A", "email": "a@b", "role": "king"}),
    ("/api/people", {"name": "A", "email": "a@b", "role": ["owner"]}),
    ("/api/people", {"name": "A <x>", "email": "a@b"}), ("/api/people", {"name": "A", "email": "a\nb@c"}),
    ("/api/tokens", {"name": ""}), ("/api/tokens", {"name": "x", "scope": "all"}),
    ("/api/tokens", {"name": "x", "scope": []}), ("/api/tokens", None), ("/api/tokens", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("address", "body"), BODIES)
async def test_bad_bodies_are_problems(own, address, body):
    """A wrong type or value is the caller's error, named, and nothing is changed."""
    before = own.app.repository.tip("main")
    answer = await (await own.api("owner")).post(address, json=body)
    assert 400 <= answer.status_code < 500, answer.text
    jsonschema.validate(answer.json(), openapi.PROBLEM)
    assert own.app.repository.tip("main") == before


async def test_search_ranks_and_highlights(reader):
    """A title's hit stands before one in the text; hits are marked, markup is not."""
    found = (await reader.get("/api/search", params={"q": "platypus"})).json()
    assert found["total"] == 2
    assert [item["rank"] for item in found["items"]] == sorted(
        (item["rank"] for item in found["items"]), reverse=True
    )
    assert all("<mark>" in item["snippet"] for item in found["items"])
    assert not any("<b>" in item["snippet"] for item in found["items"])
    by_title = (await reader.get("/api/search", params={"q": "returns"})).json()
    assert by_title["items"][0]["page_path"] == "site/prds/returns.md"


async def test_search_finds_a_requirement_by_its_id(reader):
    """The page that defines it comes first."""
    found = (await reader.get("/api/search", params={"q": "req-900"})).json()["items"]
    assert found[0]["page_path"] == "site/odd/uses.md"
    assert "site/odd/strict.md" in [item["page_path"] for item in found]


async def test_search_reads_umlauts_and_signs(reader):
    """Whatever is typed is words to look for, never a query that fails."""
    for words in ("Zoë", "'; DROP TABLE pages; --", '"', "a:b | c & !", "%", "\\", "(((", "-"):
        answer = await reader.get("/api/search", params={"q": words})
        assert answer.status_code == 200, words


@pytest.mark.parametrize(
    "chosen",
    [{"owner": "Zoë"}, {"tag": "a&b"}, {"status": "draft", "q": "platypus"}, {"q": "odd/uses"}],
)
async def test_lists_filter(reader, chosen):
    """Owner, tag, status and words, alone and together."""
    items = (await reader.get("/api/pages", params=chosen)).json()["items"]
    assert [item["page_path"] for item in items] == ["site/odd/uses.md"]


@pytest.mark.parametrize("order", ["path", "recent"])
async def test_lists_are_paged_without_gaps(reader, order):
    """`after` of one part gives the next; together they are the list, each page once."""
    everything = (await reader.get("/api/pages", params={"order": order})).json()["items"]
    seen, after = [], None
    while True:
        params = {"limit": "4", "order": order} | ({"after": after} if after else {})
        part = (await reader.get("/api/pages", params=params)).json()
        seen += part["items"]
        after = part["after"]
        if after is None:
            break
    assert seen == everything
    assert len(seen) > 12


async def test_links_and_uses(reader):
    """What links to a page, and where a requirement is used."""
    links = (await reader.get("/api/links/main/site/odd/nasty.md")).json()["items"]
    assert [link["page_path"] for link in links] == [
        "site/odd/name with spaces & ünïcödé #1?.md"
    ]  # fmt: skip
    uses = (await reader.get("/api/requirements/REQ-900/uses")).json()["items"]
    assert "site/odd/strict.md" in {use["page_path"] for use in uses}
    one = (await reader.get("/api/requirements", params={"id": "REQ-901"})).json()["items"]
    assert [(r["page_path"], r["status"]) for r in one] == [("site/odd/strict.md", "approved")]


async def test_a_page_is_not_sent_twice(reader):
    """An unchanged page answers 304 to its ETag."""
    first = await reader.get(f"/api/pages/{PAGE}")
    again = await reader.get(f"/api/pages/{PAGE}", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["etag"] == first.headers["etag"]


async def test_a_branch_has_pages_of_its_own(open_house, example):
    """`branch` chooses whose pages are listed, found and shown; slashes in its name are fine."""
    folder = example
    house = await open_house(folder, follow=False)
    tree = house.app.repository.work_tree
    team.git(tree, "switch", "--quiet", "--create", "draft/idea")
    team.put(tree, {"site/prds/idea.md": "# Zeppelin\n"})
    team.git(tree, "switch", "--quiet", "main")
    await house.follow()
    reader = await house.as_("reader")
    for branch, total in (("main", 0), ("draft/idea", 1)):
        found = (await reader.get("/api/search", params={"q": "zeppelin", "branch": branch})).json()
        assert found["total"] == total
    assert (await reader.get("/api/pages/draft/idea/site/prds/idea.md")).json()[
        "title"
    ] == "Zeppelin"
    assert (await reader.get("/api/pages/main/site/prds/idea.md")).status_code == 404
    assert (await reader.get("/api/pages", params={"branch": "nowhere"})).status_code == 404


async def test_a_typed_text_is_previewed_as_the_site_shows_it(reader):
    """Links, ids and diagrams are those of the page's place; problems name their line."""
    body = {
        "text": "# T\n\n[c](checkout.md) REQ-900\n\n[no](no.md)\n",
        "page_path": "site/prds/x.md",
    }
    found = (await reader.send_json("/api/preview", body)).json()
    assert 'href="/p/main/site/prds/checkout.md"' in found["html"]
    assert "/p/main/site/odd/uses.md#REQ-900" in found["html"]
    assert [problem["line"] for problem in found["problems"]] == [5]
