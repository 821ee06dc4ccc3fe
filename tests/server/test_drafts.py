"""Drafts through the doors: pages for people and the API."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from functools import partial
from urllib.parse import quote

import pytest

from prdgen.builder.ledger import Ledger
from prdgen.flows import draft_changes, draft_site, read
from prdgen.git import commits
from prdgen.git.repository import Repository
from prdgen.git.values import Signature
from prdgen.merge.diff import Splice
from prdgen.sync import ports

from . import team

PAGE = "site/prds/checkout.md"


async def start(browser, **fields):
    """A draft begun by the button on a page; the address one lands on."""
    answer = await browser.send_form("/drafts", **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_one_click_on_a_page_starts_a_draft(own):
    """The page's title is the draft's; one lands in the editor of the page in it."""
    browser = await own.as_("editor")
    shown = await browser.get(f"/p/main/{PAGE}", headers={"accept": "text/html"})
    assert 'action="/drafts"' in shown.text
    where = await start(browser, page_path=PAGE)
    assert re.fullmatch(rf"/edit/draft/[a-z0-9-]+/{PAGE}", where)
    assert (await browser.get(where)).status_code == 200
    branch = where.removeprefix("/edit/").removesuffix(f"/{PAGE}")
    listing = await browser.get("/drafts")
    assert f'href="/drafts/{branch}"' in listing.text
    assert f'href="/drafts/{branch}"' in (await browser.get(f"/p/{branch}/{PAGE}")).text
    empty = await browser.get(f"/drafts/{branch}")
    assert "Nothing is changed yet" in empty.text


async def test_a_draft_is_described_merged_and_looked_up(own):
    """By the buttons of its page; afterwards its id leads to what became of it."""
    browser = await own.as_("editor")
    where = await start(browser, title="One <step>")
    branch = where.removeprefix("/drafts/")
    api = await own.api("editor")
    made = await api.post(
        "/api/pages", json={"title": "In the draft", "branch": branch, "template": "feature"}
    )
    assert made.status_code == 201, made.text
    await browser.send_form(where, do="describe", title="Two steps", description="<b>Why</b>")
    shown = (await browser.get(where)).text
    assert "Two steps" in shown
    assert "&lt;b&gt;Why&lt;/b&gt;" in shown
    assert "In the draft" in shown
    done = await browser.send_form(where, do="merge")
    assert done.status_code == 303, done.text
    over = await browser.get(done.headers["location"])
    assert "merged" in over.text
    assert "One &lt;step&gt;" not in over.text
    assert own.app.repository.tip(branch) is None
    led = await browser.get(where)
    assert (led.status_code, led.headers["location"]) == (302, done.headers["location"])
    again = await browser.send_form(where, do="merge")
    assert again.status_code == 409
    assert "is merged already" in again.text
    (item,) = (await api.get("/api/drafts", params={"state": "all"})).json()["items"]
    assert (item["state"], item["title"]) == ("merged", "Two steps")


async def test_a_draft_is_merged_commit_by_commit(own):
    """By the page's button and by the API: no merge commit, and it is over."""
    browser, api = await own.as_("editor"), await own.api("editor")
    for number, by in enumerate(("button", "api")):
        where = await start(browser, title=f"By {by}")
        branch = where.removeprefix("/drafts/")
        made = await api.post(
            "/api/pages", json={"title": f"Page {number}", "branch": branch, "template": "feature"}
        )
        assert made.status_code == 201, made.text
        assert 'value="rebase"' in (await browser.get(where)).text
        if by == "button":
            done = await browser.send_form(where, do="rebase")
            assert "merged" in (await browser.get(done.headers["location"])).text
        else:
            done = await api.post(f"/api{where}/merge", json={"how": "rebase"})
            assert done.json()["state"] == "merged"
        assert own.app.repository.tip(branch) is None
        tip = own.app.repository.commit_info(own.app.repository.tip("main"))
        assert (len(tip.parents), tip.author.name) == (1, "Editor")
    refused = await api.post(f"/api{where}/merge", json={"how": "force"})
    assert refused.status_code == 422
    assert "merge, squash or rebase" in refused.json()["detail"]


async def test_what_cannot_be_done_is_said_on_the_page(own):
    """With the draft as it is below it."""
    browser = await own.as_("editor")
    where = await start(browser, title="Empty")
    answer = await browser.send_form(where, do="merge")
    assert answer.status_code == 409
    assert "Main has everything" in answer.text
    assert "<h1>Empty</h1>" in answer.text
    assert (await browser.send_form(where, do="explode")).status_code in {409, 422}
    closed = await browser.send_form(where, do="close")
    over = closed.headers["location"]
    assert "Open it again" in (await browser.get(over)).text
    assert (await browser.send_form(over, do="reopen")).headers["location"] == where
    assert "Empty" in (await browser.get(where)).text


async def test_readers_look_and_do_nothing(own):
    """No buttons, and a refusal for those who post anyway; also below `/api`."""
    editor, reader = await own.as_("editor"), await own.as_("reader")
    where = await start(editor, title="Plan")
    assert "Merge into" not in (await reader.get(where)).text
    assert "Start a draft" not in (await reader.get(f"/p/main/{PAGE}")).text
    assert (await reader.send_form("/drafts", title="x")).status_code == 403
    for do in ("merge", "squash", "close", "update", "describe"):
        assert (await reader.send_form(where, do=do, title="x")).status_code == 403
    api = await own.api("reader")
    branch = where.removeprefix("/drafts/")
    assert (await api.post(f"/api/drafts/{branch}/merge", json={})).status_code == 403
    assert (await api.get(f"/api/drafts/{branch}")).json()["branch"] == branch


async def test_nobody_merges_into_protected_places(own):
    """Whoever made the commits: what main gets by a merge follows the rules for who merges."""
    repository = own.app.repository
    where = await start(await own.as_("owner"), title="Plan")
    branch = where.removeprefix("/drafts/")
    who = Signature("Olga", "owner@example.org")
    commits.write(repository, branch, repository.tip(branch), {"mkdocs.yml": b"site_name: x\n"},
                  message="x", author=who, committer=who)  # fmt: skip
    api = await own.api("editor")
    answer = await api.post(f"/api/drafts/{branch}/merge", json={})
    assert answer.status_code == 403
    assert "mkdocs.yml" in answer.json()["detail"]
    assert (await (await own.api("owner")).post(f"/api/drafts/{branch}/merge", json={})).is_success


async def test_the_page_names_what_one_deleted_and_the_other_edited(own):
    """Before main is taken in and afterwards; there is no button that merges meanwhile."""
    browser, repository = await own.as_("editor"), own.app.repository
    where = await start(browser, title="Plan")
    branch = where.removeprefix("/drafts/")
    who = Signature("Olga", "owner@example.org")
    for name, data in ((branch, None), ("main", b"# Checkout\n\nOther words.\n")):
        commits.write(repository, name, repository.tip(name), {PAGE: data}, message="x",
                      author=who, committer=who)  # fmt: skip
    shown = (await browser.get(where)).text
    assert f"{PAGE} (deleted in the draft, edited in main)" in shown
    assert 'value="merge"' not in shown
    refused = await browser.send_form(where, do="merge")
    assert (refused.status_code, "deleted in the draft" in refused.text) == (409, True)
    done = await browser.send_form(where, do="update")
    after = (await browser.get(done.headers["location"])).text
    assert "The draft has the edited version" in after
    assert f'href="/edit/{branch}/{PAGE}"' in after


async def test_the_api_shows_and_updates(own):
    """The whole of a draft, its place beside main, and what an update met."""
    api = await own.api("editor")
    made = (await api.post("/api/drafts", json={"title": "Plan", "page_path": PAGE})).json()
    assert made["edit"] == f"/edit/{made['branch']}/{PAGE}"
    await api.post("/api/pages", json={"title": "On main", "template": "feature"})
    found = (await api.get(f"/api/drafts/{made['branch']}")).json()
    assert len(found["behind"]) == 1
    updated = await api.post(f"/api/drafts/{made['branch']}/update")
    assert updated.json()["conflicts"] == []
    assert (await api.get(f"/api/drafts/{made['branch']}")).json()["behind"] == []
    put = await api.put(f"/api/drafts/{made['branch']}", json={"title": "New", "description": None})
    assert put.json()["title"] == "New"
    closed = (await api.post(f"/api/drafts/{made['branch']}/close")).json()
    assert closed["state"] == "closed"
    assert (await api.post(f"/api/drafts/{closed['id']}/reopen")).json()["state"] == "open"


async def test_odd_names_are_no_drafts(own):
    """Whatever is asked for: 404, never 500."""
    browser = await own.as_("editor")
    for name in ("main", "none", "-c", "%2e%2e", "a..b", "%00", "x" * 3000, "@{u}", "*"):
        answer = await browser.get(f"/drafts/{name}")
        assert answer.status_code == 404, name
        assert (await browser.send_form(f"/drafts/{name}", do="close")).status_code == 404, name


async def reviewed(own):
    """A draft that changes a page, and where it is."""
    repository = own.app.repository
    where = await start(await own.as_("editor"), title="Plan")
    branch = where.removeprefix("/drafts/")
    text = repository.read(repository.tip(branch), PAGE).decode()
    who = Signature("Ed", "editor@example.org")
    commits.write(
        repository, branch, repository.tip(branch),
        {PAGE: text.replace("a new one in 60", "a new one in 50").encode()},
        message="Faster", author=who, committer=who,
    )  # fmt: skip
    return where, branch


async def test_a_review_by_the_page(own):
    """Comment, answer, settle, ask for changes, approve, take a suggestion, merge: each by its form."""
    where, branch = await reviewed(own)
    editor, commenter = await own.as_("editor"), await own.as_("commenter")
    said = {"do": "comment", "page_path": PAGE, "quote": "a new one in 50", "line": "30"}
    assert (await commenter.send_form(where, **said, text="<i>Why</i> 50?")).status_code == 303
    review = (await (await own.api("reader")).get(f"/api/drafts/{branch}/review")).json()
    (thread,) = review["threads"]
    assert (thread["quote"], thread["place"]["how"]) == ("a new one in 50", "same")
    shown = (await editor.get(where)).text
    assert "&lt;i&gt;Why&lt;/i&gt; 50?" in shown
    fields = {"thread": thread["id"], "at": thread["id"]}
    answer = await editor.send_form(where, do="reply", text="Measured", **fields)
    assert answer.headers["location"].endswith(f"#{thread['id']}")
    await editor.send_form(where, do="resolve", **fields)
    await editor.send_form(where, do="ask")
    await editor.send_form(
        where, **said | {"quote": "in 50"}, text="", suggest="1", suggestion="in 45"
    )
    refused = await editor.send_form(where, do="changes_requested", text="")
    assert refused.status_code == 422
    await editor.send_form(where, do="changes_requested", text="Not yet")
    shown = (await editor.get(where)).text
    for words in ("Measured", "in review", "asks for changes", "Not yet", "Merging waits", "in 45"):
        assert words in shown
    assert "You asked for a look at it." in shown
    assert "Editor asks you to look at it." in (await commenter.get(where)).text
    review = (await (await own.api("reader")).get(f"/api/drafts/{branch}/review")).json()
    suggested = next(each for each in review["threads"] if each["suggestion"])
    taken = await editor.send_form(where, do="take", thread=suggested["id"])
    assert taken.status_code == 303, taken.text
    assert (
        "a new one in 45" in own.app.repository.read(own.app.repository.tip(branch), PAGE).decode()
    )
    seen = re.search('name="seen" value="([0-9a-f]{40})"', (await editor.get(where)).text)
    unseen = await editor.send_form(where, do="approved", text="Good", seen="0" * 40)
    assert unseen.status_code == 409
    assert "another last commit" in unseen.text
    await editor.send_form(where, do="approved", text="Good", seen=seen[1])
    assert (await editor.send_form(where, do="merge")).status_code == 303


ACTIONS = (
    "describe", "update", "merge", "squash", "rebase", "close", "reopen", "ask", "withdraw",
    "approved", "changes_requested", "comment", "reply", "resolve", "unresolve", "take",
)  # fmt: skip


async def test_a_review_whose_branch_was_deleted(own):
    """It is listed, nothing can be done with it, and it is whole when the branch is there again."""
    _, branch = await reviewed(own)
    browser, api, at = await own.as_("editor"), await own.api("editor"), f"/api/drafts/{branch}"
    said = await api.post(f"{at}/comments", json={"text": "Why so late?"})
    assert said.status_code == 201
    id_ = (await api.get(at)).json()["id"]
    tip = own.app.repository.tip(branch)
    assert own.app.repository.remove_branch(branch, tip)
    listed = (await browser.get("/drafts")).text
    assert f'href="/drafts/{id_}"' in listed
    assert "branch gone" in listed
    items = (await api.get("/api/drafts", params={"state": "all"})).json()["items"]
    assert {item["state"] for item in items if item["id"] == id_} == {"gone"}
    assert "branch gone" in (await browser.get(f"/drafts/{id_}")).text
    found = (await api.get(f"/api/drafts/{id_}")).json()
    assert (found["state"], found["id"]) == ("gone", id_)
    refused = await api.post(f"/api/drafts/{id_}/comments", json={"text": "More"})
    assert refused.status_code == 404
    assert "is not here any more" in refused.json()["title"] + refused.json()["detail"]
    led = await browser.get(f"/drafts/{branch}")
    assert (led.status_code, led.headers["location"]) == (302, f"/drafts/{id_}")
    told = await browser.send_form(f"/drafts/{branch}", do="comment", text="Typed in an old tab.")
    assert "There is no draft" in told.text
    assert re.search("<textarea[^>]*data-wrote>Typed in an old tab.</textarea>", told.text)
    for kind in ("p", "edit", "history"):
        asked = await browser.get(f"/{kind}/{branch}/{PAGE}", headers={"accept": "text/html"})
        assert asked.status_code == 404
        assert "its branch was deleted" in asked.text
        assert f'href="/drafts/{id_}"' in asked.text
    for name in (branch, id_):
        for do in ACTIONS:
            answer = await browser.send_form(f"/drafts/{name}", do=do, text="x", title="x")
            assert 400 <= answer.status_code < 500, (name, do, answer.status_code)
        for words in ("merge", "close", "approve", "ask"):
            assert (await api.post(f"/api/drafts/{name}/{words}", json={})).status_code == 404
    own.app.repository.create_branch(branch, tip)
    again = await browser.get(f"/drafts/{id_}")
    assert (again.status_code, again.headers["location"]) == (303, f"/drafts/{branch}")
    assert "Why so late?" in (await browser.get(f"/drafts/{branch}")).text


async def test_a_draft_is_found_by_the_name_its_branch_had(own):
    """From the moment that Git renames it, by who has its page open and by an address that was kept."""
    _, branch = await reviewed(own)
    browser, api = await own.as_("editor"), await own.api("editor")
    id_ = (await api.get(f"/api/drafts/{branch}")).json()["id"]
    for name in ("plan-b", "plan-c"):
        old = branch if name == "plan-b" else "plan-b"
        team.git(own.app.repository.work_tree, "branch", "-m", old, name)
        assert (await api.get(f"/api/drafts/{branch}/review")).status_code == 200
        led = await browser.get(f"/drafts/{branch}")
        assert (led.status_code, led.headers["location"]) == (302, f"/drafts/{name}")
        said = await browser.send_form(f"/drafts/{branch}", do="comment", text=f"Said as {name}.")
        assert said.status_code == 303
        assert (
            f"Said as {name}." in (await browser.get(f"/drafts/{id_}", follow_redirects=True)).text
        )
    team.git(own.app.repository.work_tree, "branch", branch, "main")
    assert (await browser.get(f"/drafts/{branch}")).status_code == 200


async def test_nothing_is_done_to_a_draft_that_is_only_guessed(own):
    """A branch was deleted, and somebody else's has its commits and more: who has the first one's page open
    may be led there, and what they send from it is not done there.
    """
    where, branch = await reviewed(own)
    owner, repository, tree = (
        await own.as_("owner"),
        own.app.repository,
        own.app.repository.work_tree,
    )
    said = {"do": "comment", "text": "Why?", "page_path": PAGE, "line": "1"}
    assert (await owner.send_form(where, **said)).status_code == 303
    await owner.send_form(where, do="approved", seen=repository.tip(branch))
    team.git(tree, "checkout", "--quiet", "-b", "bobs", branch)
    tip = team.put(tree, {"site/prds/bob.md": "# Bob, not ready\n"})
    team.git(tree, "checkout", "--quiet", "main")
    team.git(tree, "branch", "-D", branch)
    led = await owner.get(where)
    assert (led.status_code, led.headers["location"]) == (303, "/drafts/bobs")
    for _ in range(2):
        for do in ("squash", "close", "comment", "update"):
            sent = await owner.send_form(where, do=do, text="Typed in an old tab.")
            assert sent.status_code == 404, do
            assert re.search("<textarea[^>]*data-wrote>Typed in an old tab.</textarea>", sent.text)
            assert 'href="/drafts/bobs"' in sent.text
        assert repository.tip("bobs") == tip
        assert repository.read(repository.tip("main"), "site/prds/bob.md") is None
        # What is said of the other one itself notes the guess.
        assert (await owner.send_form("/drafts/bobs", do="comment", text="x")).status_code == 303
    team.git(tree, "branch", "-m", "bobs", "bobby")
    led = await owner.get("/drafts/bobs")
    assert (led.status_code, led.headers["location"]) == (302, "/drafts/bobby")


async def test_a_name_that_two_drafts_had_leads_to_none(own):
    """Whoever has the page of one open does not end the other one."""
    editor, repository = await own.as_("editor"), own.app.repository
    for name in ("first", "second"):
        where = await start(editor, title="Plan")
        team.git(repository.work_tree, "branch", "-m", where.removeprefix("/drafts/"), name)
        assert (
            await editor.send_form(f"/drafts/{name}", do="comment", text="x")
        ).status_code == 303
        if name == "first":
            assert (await editor.get(where)).headers["location"] == "/drafts/first"
    assert (await editor.get(where)).status_code == 404
    sent = await editor.send_form(where, do="close", text="Typed")
    assert sent.status_code == 404
    assert "data-wrote>Typed</textarea>" in sent.text
    assert repository.tip("first")
    assert repository.tip("second")


async def test_a_former_name_leads_to_the_draft_that_is_over(own):
    """As its last name does; what an old tab sends comes back to be copied."""
    where, branch = await reviewed(own)
    editor = await own.as_("editor")
    team.git(own.app.repository.work_tree, "branch", "-m", branch, "plan-b")
    over = (await editor.send_form(where, do="close")).headers["location"]
    for name in (branch, "plan-b"):
        led = await editor.get(f"/drafts/{name}")
        assert (led.status_code, led.headers["location"]) == (302, over)
        sent = await editor.send_form(f"/drafts/{name}", do="comment", text="Typed in an old tab.")
        assert sent.status_code == 409
        assert "data-wrote>Typed in an old tab.</textarea>" in sent.text


async def test_a_draft_whose_branch_is_the_main_branch_now_leads_to_no_circle(own):
    """Somebody set `main_branch` to it."""
    where, branch = await reviewed(own)
    editor = await own.as_("editor")
    await editor.send_form(where, do="comment", text="Said before")
    id_ = (await (await own.api("editor")).get(f"/api/drafts/{branch}")).json()["id"]
    own.app.main_branch = branch
    led = await editor.get(where)
    assert (led.status_code, led.headers["location"]) == (302, f"/drafts/{id_}")
    shown = await editor.get(f"/drafts/{id_}")
    assert shown.status_code == 200
    assert "is the main branch now" in shown.text
    assert "Said before" in shown.text


@pytest.mark.parametrize(
    "name",
    ["--upload-pack=touch PWNED", "-c core.pager=touch", "--output=PWNED", "a..b", "@{-1}", "HEAD~1",
     "x:y", "../../etc", "a b", "refs/prdgen/reviews/x", "-", "\\x", "a%00b"],
)  # fmt: skip
async def test_options_in_the_clothes_of_branches_and_pages(own, name):
    """Each address that takes one refuses it, or knows none of that name; nothing runs."""
    browser, api = await own.as_("editor"), await own.api("editor")
    folder = own.app.repository.work_tree
    before = sorted(path.name for path in folder.iterdir())
    quoted = quote(name, safe="%")
    for where in (f"{quoted}/{PAGE}", f"main/{quoted}.md", f"main/{quoted}"):
        for kind in ("p", "edit", "history", "blame", "export", "diff", "raw", "draft-site"):
            answer = await browser.get(f"/{kind}/{where}", params={"format": "docx"})
            assert 400 <= answer.status_code < 500, (kind, where, answer.status_code)
        for kind in ("pages", "links", "history", "diff", "blame", "export", "documents"):
            answer = await api.get(f"/api/{kind}/{where}", params={"format": "docx"})
            assert 400 <= answer.status_code < 500 or answer.json() == {"items": []}, (kind, where)
    for revision in ({"from": name}, {"to": name}, {"from": name, "to": name}, {"commit": name}):
        for kind in ("/diff/main", "/api/diff/main", "/raw/main", "/export/main"):
            answer = await api.get(f"{kind}/{PAGE}", params={"format": "docx", **revision})
            assert answer.status_code < 500, (kind, revision, answer.status_code)
    for asked in ({"branch": name, "page_path": PAGE}, {"branch": "main", "page_path": name}):
        saved = await api.post("/api/versions", json={**asked, "message": "x"})
        assert 400 <= saved.status_code < 500, saved.text
        conflicts = await api.get("/api/conflicts", params=asked)
        assert conflicts.status_code < 500, conflicts.text
    made = await api.post("/api/pages", json={"title": "T", "branch": name, "template": "feature"})
    assert 400 <= made.status_code < 500, made.text
    assert sorted(path.name for path in folder.iterdir()) == before


async def test_a_review_by_the_api(own):
    """The same without a page; commenters comment, and do no more."""
    _, branch = await reviewed(own)
    api, commenter = await own.api("editor"), await own.api("commenter")
    at = f"/api/drafts/{branch}"
    asked = {"page_path": PAGE, "quote": "in 50", "line": "1"}
    assert (await api.get(f"{at}/source", params=asked)).json()["source"] == "in 50"
    body = {"text": "Why?", "page_path": PAGE, "quote": "in 50", "line": 30, "suggestion": "in 45"}
    made = await commenter.post(f"{at}/comments", json=body)
    thread = made.json()["thread"]
    assert made.status_code == 201
    replied = await commenter.post(f"{at}/comments/{thread}/replies", json={"text": "Because"})
    assert replied.status_code == 201
    assert (await commenter.post(f"{at}/comments/{thread}/take")).status_code == 403
    assert (await commenter.post(f"{at}/approve", json={})).status_code == 403
    assert (await api.post(f"{at}/comments/{thread}/resolve")).json()["resolved"]
    assert not (await api.post(f"{at}/comments/{thread}/unresolve")).json()["resolved"]
    assert (await api.post(f"{at}/ask")).json()["asked_by"] == "Editor"
    assert (await api.post(f"{at}/withdraw")).json()["asked_by"] is None
    no = await api.post(f"{at}/request-changes", json={"text": "No"})
    assert no.json()["verdicts"][0]["word"] == "changes_requested"
    refused = await api.post(f"{at}/merge", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "not-approved")
    assert (await api.post(f"{at}/comments/{thread}/take")).json()["taken"]
    assert (await api.post(f"{at}/approve", json={"text": None})).is_success
    assert (await api.post(f"{at}/merge", json={"how": "squash"})).json()["state"] == "merged"
    for bad in ({"text": "x", "line": "3"}, {"text": "x", "line": -1}, {"text": 5}, {}):
        assert (await api.post(f"{at}/comments", json=bad)).status_code in {404, 422}


async def test_word_of_a_draft_carries_its_comments_when_asked(own):
    """A tick on the page of a draft with open comments; off unless asked for; never in another format;
    what is settled since is in no new file.
    """
    where, branch = await reviewed(own)
    reader, commenter = await own.as_("reader"), await own.as_("commenter")
    page, file = f"/p/{branch}/{PAGE}", f"/export/{branch}/{PAGE}?format=docx"
    assert 'name="comments"' not in (await reader.get(page)).text
    said = {"do": "comment", "page_path": PAGE, "quote": "a new one in 50", "line": "30"}
    assert (await commenter.send_form(where, **said, text="Why 50?")).status_code == 303
    assert 'name="comments"' in (await reader.get(page)).text

    async def comments(address):
        answer = await reader.get(address)
        assert answer.status_code == 200
        with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
            return package.read("word/comments.xml").decode()

    assert "Why 50?" not in await comments(file)
    assert "Why 50?" in await comments(f"{file}&comments=1")
    assert "Why 50?" in await comments(f"/api{file}&comments=1")
    assert "Why 50?" not in await comments(file)
    assert (await reader.get(f"/export/{branch}/{PAGE}?format=pdf&comments=1")).status_code == 422
    (thread,) = (await (await own.api("reader")).get(f"/api/drafts/{branch}/review")).json()[
        "threads"
    ]
    api = await own.api("editor")
    done = await api.post(f"/api/drafts/{branch}/comments/{thread['id']}/resolve")
    assert done.is_success, done.text
    assert "Why 50?" not in await comments(f"{file}&comments=1")


async def test_a_draft_says_on_its_site_what_it_changed(own):
    """A page that differs says so and leads to the difference, its changed blocks are marked and no
    others; the draft's home lists what is new, changed and removed; the published site says nothing.
    """
    editor, folder = await own.as_("editor"), own.app.repository.work_tree
    team.git(folder, "checkout", "-q", "-b", "draft/marks")
    text = (folder / "site/prds/checkout.md").read_text("utf-8")
    extra = "---\nstatus: draft\nowner: Ann\n---\nNo heading of its own.\n"
    team.put(folder, {"site/prds/checkout.md": f"{text}\nA sentence of the draft.\n",
                      "site/prds/fresh & new.md": extra})  # fmt: skip
    gone = next(p for p in sorted((folder / "site/prds").glob("*.md")) if p.name < "checkout")
    team.git(folder, "rm", "-q", str(gone))
    team.git(folder, "commit", "-qm", "Take one away")
    team.git(folder, "checkout", "-q", "main")
    page = (await editor.get("/draft-site/draft/marks/prds/checkout/")).text
    assert page.count("prd-bar--new") == 1
    assert re.search(
        r'prd-bar--new"><span class="prd-bar-said">New: </span>A sentence of the', page
    )
    assert page.index("</h1>") < page.index('class="prd-badges"') < page.index("prd-bar--new")
    said = re.search(
        r'this page is <a [^>]*href="([^"#]+)#([^"]+)">changed in this draft</a>', page
    )
    assert f'id="{said[2]}"' in (await editor.get(said[1])).text
    home = (await editor.get("/draft-site/draft/marks/")).text
    assert "This draft changes 3 pages" in home
    panel = re.search(r"<details[^>]*>(?=<summary>This draft)", home)
    assert panel
    assert "background" not in panel[0]
    listed = re.findall(r'<li>(\w+): <a [^>]*href="([^"]+)"', home)
    assert [kind for kind, _ in listed] == ["Removed", "Changed", "New"]
    for kind, address in listed:
        answer = await editor.get(address.replace("&amp;", "&"))
        assert answer.status_code == 200
        assert ("new in this draft" in answer.text) == (kind == "New")
    same = (await editor.get("/draft-site/draft/marks/pages/")).text
    assert "not published" in same
    assert "changed in this draft" not in same
    for path in ("/site/", "/site/prds/checkout/"):
        assert "prd-bar--" not in (await editor.get(path)).text


def counting(monkeypatch, owner, name):
    """Note every call of a function, which is called as before."""
    calls, real = [], getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *a, **more: (calls.append(a), real(*a, **more))[1])
    return calls


async def test_a_large_draft_is_looked_at_quickly(own, monkeypatch):
    """What a draft changed is found once for each of its commits, a page of its site is found without
    the others, and the list at its home is bounded.
    """
    editor, folder = await own.as_("editor"), own.app.repository.work_tree
    team.git(folder, "checkout", "-q", "-b", "draft/large")
    text = (folder / "site/prds/checkout.md").read_text("utf-8")
    team.put(folder, {f"site/many/p{n:03}.md": f"# Page {n}\n" for n in range(202)})
    team.put(folder, {"site/prds/checkout.md": f"{text}\nA sentence of the draft.\n"})
    gone = [p for p in sorted((folder / "site/prds").glob("*.md")) if p.name < "checkout"]
    team.git(folder, "rm", "-q", str(gone[0]))
    team.git(folder, "commit", "-qm", "Change a lot")
    team.git(folder, "checkout", "-q", "main")
    at = "/draft-site/draft/large"
    assert (await editor.get(f"{at}/prds/checkout/")).text.count("prd-bar--new") == 1
    changed = counting(monkeypatch, Repository, "changed")
    loaded = counting(monkeypatch, Ledger, "load")
    around = counting(monkeypatch, read, "render_context")
    texts = counting(monkeypatch, Repository, "read")
    assert (await editor.get(f"{at}/prds/checkout/")).text.count("prd-bar--new") == 1
    assert (len(changed), len(loaded), len(around)) == (0, 0, 1)
    for path, words in (("many/p007/", "new in this draft"), ("pages/", "not published")):
        assert words in (await editor.get(f"{at}/{path}")).text
    texts.clear()
    home = (await editor.get(f"{at}/")).text
    assert (len(changed), len(loaded), len(around)) == (0, 0, 1)
    assert len([path for _, _, path in texts if path.startswith("site/")]) <= 1
    shown = re.search(
        r"<summary>This draft changes 204 pages</summary>(.*?)</details>", home, re.DOTALL
    )
    assert shown[1].count("<li>") == 201
    assert "New: " in shown[1]
    assert "Page 99</a>" in shown[1]
    more = re.search(r'<li>and <a [^>]*href="([^"]+)">4 more</a>', shown[1])
    assert "many/p201.md" in (await editor.get(more[1])).text


async def test_a_draft_has_a_site_of_its_own(own):
    """Signed-in readers only; what the draft changes is in it and not in the public site; what makes
    the frame comes from main.
    """
    where, branch = await reviewed(own)
    reader = await own.as_("reader")
    at = f"/draft-site/{branch}"
    assert (await reader.get(at)).headers["location"] == f"{at}/"
    page = await reader.get(f"{at}/prds/checkout/")
    assert page.status_code == 200, page.text
    assert "a new one in 50" in page.text
    assert f'href="{where}"' in page.text
    assert page.headers["x-robots-tag"] == "noindex"
    assert "a new one in 60" in (await reader.get("/site/prds/checkout/")).text
    style = re.search(r'href="([^"]+\.css)"', page.text)
    assert style
    assert (await reader.get(f"{at}/prds/checkout/{style[1]}")).status_code in {200, 307}
    assert (await own.anyone().get(f"{at}/prds/checkout/")).status_code == 401
    assert (await reader.get(f"{at}/prds/nothing/")).status_code == 404
    assert (await reader.get("/draft-site/main/")).status_code == 404
    assert (await reader.get("/draft-site/none/")).status_code == 404
    api = await own.api("editor")
    await api.post("/api/pages", json={"title": "Another", "branch": branch, "template": "feature"})
    assert (await reader.get(f"{at}/prds/another/")).status_code == 200
    await api.post(f"/api/drafts/{branch}/close")
    assert draft_site.tidy(own.app) == 1
    assert (await reader.get(f"{at}/prds/checkout/")).status_code == 404


async def test_a_draft_of_many_pages_is_drawn_in_parts(own, monkeypatch):
    """Thirty at a time, each at an address of its own; only the texts of these are read, once."""
    tree = own.app.repository.work_tree
    paths = [f"site/prds/many/p{number:02}.md" for number in range(1, 66)]
    team.git(tree, "checkout", "-q", "-b", "many")
    team.put(tree, {each: f"# Page {number}\n\n- [MANY-{number:02}] Rule.\n"
                    for number, each in enumerate(paths, 1)})  # fmt: skip
    team.git(tree, "checkout", "-q", "main")
    browser = await own.as_("commenter")
    for query, first, last in (("", 1, 30), ("?from=31", 31, 60), ("?from=9999", 61, 65)):
        shown = (await browser.get(f"/drafts/many{query}")).text
        assert re.findall(r'id="page\.(\d+)"', shown) == [*map(str, range(first, last + 1))]
        assert f"{first} to {last} of 65 pages" in shown
        assert re.findall(r"<td><code[^>]*>(MANY-\d+)", shown) == sorted(
            f"MANY-{number:02}" for number in range(first, last + 1)
        )
        assert "65 added" in shown
        assert shown.count('href="/drafts/many?from=31#page.31"') == 1
    read_ = counting(monkeypatch, Repository, "read")
    await browser.get("/drafts/many?from=31")
    assert {path for _, _, path in read_ if "/many/" in path} == {*paths[30:60]}
    said = await browser.send_form(
        "/drafts/many?from=31", do="comment", page_path=paths[39], text="Fine?"
    )
    assert said.headers["location"] == "/drafts/many?from=31"
    far, near = [(await browser.get(f"/drafts/many{query}")).text for query in ("", "?from=31")]
    assert "1 comment on pages in other parts" in far
    assert "Fine?" in far
    assert "in other parts" not in near
    api = await own.api("reader")
    pages = (await api.get("/api/drafts/many?from=31")).json()["pages"]
    assert [number for number, page in enumerate(pages, 1) if page["html"]] == [*range(31, 61)]
    assert (await api.get("/api/drafts/many?from=x")).status_code == 422


async def test_every_page_of_a_draft_is_named(own, monkeypatch):
    """A long list says which part of it is there, and leads to the others."""
    monkeypatch.setattr(draft_changes, "LISTED", 30)
    tree = own.app.repository.work_tree
    team.git(tree, "checkout", "-q", "-b", "many")
    team.put(tree, {f"site/prds/many/p{number:02}.md": f"# Page {number}\n"
                    for number in range(1, 66)})  # fmt: skip
    team.git(tree, "checkout", "-q", "main")
    browser = await own.as_("reader")
    named, address = [], "/drafts/many"
    while address:
        shown = (await browser.get(address)).text
        listed = shown[shown.index('id="all"') : shown.index("</details>", shown.index('id="all"'))]
        numbers = [*map(int, re.findall(r'#page\.(\d+)">', listed))]
        assert f"Pages {numbers[0]} to {numbers[-1]} of the 65 it changes" in listed
        assert f'<ol class="listed" start="{numbers[0]}">' in listed
        named += numbers
        further = re.search(r'href="([^"#]*)#all">Those after', listed)
        address = further[1] if further else None
    assert named == [*range(1, 66)]
    assert 'href="/drafts/many?from=60#all">Those before these' in listed


async def test_a_branch_that_stays_after_the_end_leads_to_what_became_of_it(own, tmp_path):
    """It is checked out: its page and its buttons begin no other draft; what is committed to it since does,
    and says of what it is the rest.
    """
    browser = await own.as_("editor")
    where = await start(browser, title="Plan")
    branch = where.removeprefix("/drafts/")
    git = partial(subprocess.run, check=True, cwd=own.app.repository.work_tree)
    git(["git", "worktree", "add", "-q", str(tmp_path / "plan"), branch])
    done = await browser.send_form(where, do="close")
    led = await browser.get(where)
    assert (led.status_code, led.headers["location"]) == (302, done.headers["location"])
    late = await browser.send_form(where, do="comment", text="Too late?")
    assert late.status_code == 409
    assert "is closed already" in late.text
    assert "Too late?" in late.text
    who = ["-c", "user.name=Eve", "-c", "user.email=eve@example.org"]
    words = ["commit", "-q", "--allow-empty", "-m", "More"]
    git(["git", *who, *words], cwd=tmp_path / "plan")
    shown = (await browser.get(where)).text
    assert f'<a href="{done.headers["location"]}">Plan</a> was closed' in shown


async def test_the_list_of_pages_of_a_draft_that_is_over(own):
    """It says what became of the draft and leads to it."""
    editor = await own.as_("editor")
    branch = (await start(editor, title="Short")).removeprefix("/drafts/")
    assert (await editor.get("/pages", params={"branch": branch})).status_code == 200
    await (await own.api("editor")).post(f"/api/drafts/{branch}/close")
    over = await editor.get("/pages", params={"branch": branch}, headers={"accept": "text/html"})
    assert over.status_code == 404
    assert f"The draft Short ({branch}) is over: closed." in over.text
    assert re.search('<a class="button primary" href="/drafts/[^"]+">The draft</a>', over.text)


@pytest.mark.parametrize(
    ("named", "known"),
    [("@team/lawyers", False), ("reader@example.org", False), ("editor@example.org", True)],
)
async def test_an_owner_whom_nobody_here_is_called_is_said_to_be_none(own, named, known):
    """Else everybody waits for an approval that nobody can give."""
    team.put(own.app.repository.work_tree, {"CODEOWNERS": f"* {named}\n"})
    owner = await own.as_("owner")
    where = await start(owner, title="Owned")
    branch = where.removeprefix("/drafts/")
    live = await own.app.keeper.get(branch, PAGE)
    at_end = [Splice(len(live.room.text), 0, "\nMore.\n")]
    await live.room.edit(lambda doc: doc.edit(at_end), origin=ports.PEER, person_id=owner.person.id)
    for role in ("editor", "reader"):
        await own.as_(role)
    await owner.send_form(where, do="commit")
    shown = (await owner.get(where)).text
    assert "needs approval" in shown
    assert ("nobody who may approve here" in shown) is not known


async def test_what_is_typed_is_shown_before_it_is_approved(own):
    """The page says what is not in it; shown by one button and approved, it is merged without asking again."""
    team.put(own.app.repository.work_tree, {"CODEOWNERS": "* editor@example.org\n"})
    owner, editor, reader = [await own.as_(role) for role in ("owner", "editor", "reader")]
    where = await start(owner, title="Typed")
    branch = where.removeprefix("/drafts/")
    live = await own.app.keeper.get(branch, PAGE)
    at_end = [Splice(len(live.room.text), 0, "\nTyped just now.\n")]
    await live.room.edit(lambda doc: doc.edit(at_end), origin=ports.PEER, person_id=owner.person.id)
    assert "Show it here" not in (await reader.get(where)).text
    assert (await reader.send_form(where, do="commit")).status_code == 403
    shown = (await editor.get(where)).text
    assert "An approval is of what is shown" not in shown, "nothing is committed that has owners"
    assert "Show it here" in shown
    assert "Typed just now." not in shown
    assert (await editor.send_form(where, do="commit")).status_code == 303
    shown = (await editor.get(where)).text
    assert "Typed just now." in shown
    assert "Show it here" not in shown
    tip = own.app.repository.tip(branch)
    assert own.app.repository.commit_info(tip).author.email == "owner@example.org"
    api = await own.api("editor")
    assert (await api.post(f"/api/drafts/{branch}/approve")).status_code == 200, "without a body"
    assert (await editor.send_form(where, do="merge")).status_code == 303
    assert b"Typed just now." in own.app.repository.read(own.app.repository.tip("main"), PAGE)


HALF = "half \ud800 of it"


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("POST", "/api/drafts/{draft}/comments", {"text": HALF}),
        ("POST", "/api/drafts/{draft}/comments", {"text": "x", "suggestion": HALF}),
        ("POST", "/api/drafts/{draft}/comments", {"text": "x", "page_path": "../../etc/passwd"}),
        ("POST", "/api/drafts/{draft}/comments", {"text": "x", "page_path": "site/../../x.md"}),
        ("POST", "/api/drafts/{draft}/comments", {"text": "x", "page_path": "a\0b.md"}),
        ("POST", "/api/drafts/{draft}/approve", {"text": HALF}),
        ("POST", "/api/drafts/{draft}/request-changes", {"text": HALF}),
        ("PUT", "/api/drafts/{draft}", {"description": HALF}),
        ("POST", "/api/preview", {"branch": "main", "page_path": PAGE, "text": HALF}),
        ("POST", "/api/versions", {"branch": "main", "page_path": PAGE, "message": HALF}),
        ("POST", "/api/versions", {"branch": "main", "page_path": PAGE, "message": "a\0b"}),
    ],
)
async def test_what_nothing_can_hold_is_refused_before_anything_is_done(own, method, address, body):
    """Halves of characters, NUL, and paths that lead out: said with what to do, by no word of Git or of a folder."""
    olga = await own.api("owner")
    made = await olga.post("/api/drafts", json={"title": "Plan", "page_path": PAGE})
    draft = made.json()["branch"].removeprefix("draft/")
    tips = own.app.repository.branches()
    written = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    for content in (json.dumps(body).encode(), written, json.dumps(body).encode("utf-16")):
        answer = await olga.request(
            method, address.format(draft=draft), content=content,
            headers={"content-type": "application/json"},
        )  # fmt: skip
        assert 400 <= answer.status_code < 500, answer.text
        assert "fatal" not in answer.text
        assert str(own.app.repository.work_tree) not in answer.text
    assert own.app.repository.branches() == tips
