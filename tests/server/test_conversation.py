"""What was said of a draft, at its words, through the doors: while it is open and when it is over."""

from __future__ import annotations

import re

from prdgen.git import commits
from prdgen.git.values import Signature

PAGE = "site/prds/checkout.md"
ED = Signature("Ed", "editor@example.org")


def save(own, branch, *edits):
    """A commit on a branch that replaces words of the page."""
    repository = own.app.repository
    tip = repository.tip(branch)
    text = repository.read(tip, PAGE).decode()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    commits.write(
        repository, branch, tip, {PAGE: text.encode()}, message="Edit", author=ED, committer=ED
    )


async def reviewed(own):
    """A draft of the page, with a comment on words, and one on words that somebody takes out then."""
    browser, api = await own.as_("editor"), await own.api("commenter")
    answer = await browser.send_form("/drafts", title="Plan")
    branch = answer.headers["location"].removeprefix("/drafts/")
    save(own, branch, ("a new one in 60", "a new one in 50 or so"))
    at = f"/api/drafts/{branch}/comments"
    for text, quote in (("Why <b>50</b>?", "a new one in 50"), ("Vague", "or so")):
        made = await api.post(
            at, json={"text": text, "page_path": PAGE, "quote": quote, "line": 30}
        )
        assert made.status_code == 201, made.text
    save(own, branch, (" or so", ""))
    return branch


def shown(html):
    """The words that are marked, and the threads beside them, in the order of the page."""
    marks = re.findall(r'<mark class="said" data-threads="(\w+)">(.*?)</mark>', html)
    return marks, re.findall(r'<aside class="beside" data-at="at-(\w+)">', html)


async def test_what_is_said_stands_at_its_words(own):
    """On the draft's page the words are marked and their number leads to the conversation in the same
    block; a comment whose words are gone is in a list of its own, with the words.
    """
    branch = await reviewed(own)
    html = (await (await own.as_("reader")).get(f"/drafts/{branch}")).text
    marks, beside = shown(html)
    assert beside == [marks[0][0]]
    assert "".join(words for _, words in marks) == "a new one in 50"
    entry = html[html.index("A returning shopper pays") :]
    entry = entry[: entry.index("</li>")]
    assert f'<a class="said" id="at-{beside[0]}" href="#{beside[0]}"' in entry
    assert f'id="{beside[0]}" tabindex="-1"' in entry
    assert "Why &lt;b&gt;50&lt;/b&gt;?" in entry
    lost = html[html.index("About words that are gone") :]
    assert "<blockquote>or so</blockquote>" in lost
    assert "Vague" in lost


async def test_the_page_of_a_draft_marks_the_words_too(own):
    """With a number that leads to the conversation."""
    branch = await reviewed(own)
    html = (await (await own.as_("reader")).get(f"/p/{branch}/{PAGE}")).text
    marks, _ = shown(html)
    assert "".join(words for _, words in marks) == "a new one in 50"
    assert f'href="/drafts/{branch}#{marks[0][0]}"' in html
    assert 'class="said"' not in (await (await own.as_("reader")).get(f"/p/main/{PAGE}")).text


async def test_what_was_said_of_a_draft_that_is_over_is_read(own):
    """Merged and closed: on its page, at its words, and by the API; by the filters of the list."""
    for do, state in (("squash", "merged"), ("close", "closed")):
        branch = await reviewed(own)
        browser, api = await own.as_("editor"), await own.api("reader")
        open_ = (await api.get(f"/api/drafts/{branch}/review")).json()
        assert open_["state"] == "open"
        done = await browser.send_form(f"/drafts/{branch}", do=do)
        where = done.headers["location"]
        html = (await browser.get(where)).text
        marks, beside = shown(html)
        assert "".join(words for _, words in marks) == "a new one in 50"
        assert len(beside) == 1
        assert "Why &lt;b&gt;50&lt;/b&gt;?" in html
        assert "<blockquote>or so</blockquote>" in html
        assert 'value="reply"' not in html
        found = await api.get(f"/api{where}/review")
        assert found.status_code == 200
        review = found.json()
        assert review["state"] == state
        assert [each["quote"] for each in review["threads"]] == ["a new one in 50", "or so"]
        assert review["threads"] == open_["threads"]
        listed = (await browser.get(f"/drafts?state={state}")).text
        assert f'href="{where}"' in listed
        items = (await api.get("/api/drafts", params={"state": state})).json()["items"]
        assert [item["id"] for item in items] == [where.rpartition("/")[2]]
        if state == "merged":
            save(own, "main", ("a new one in 50", "a new one in 60"))
    assert (await api.get("/api/drafts/20200101-00000000/review")).status_code == 404
    assert (await api.get("/api/drafts", params={"state": "none"})).status_code == 422


async def test_what_was_said_is_there_without_the_draft_s_commits(own):
    """A clone that has the logs only: nothing is marked, all is read."""
    branch = await reviewed(own)
    browser, api = await own.as_("editor"), await own.api("reader")
    done = await browser.send_form(f"/drafts/{branch}", do="close")
    where = done.headers["location"]
    repository = own.app.repository
    log = f"refs/prdgen/reviews/{where.rpartition('/')[2]}"
    data = (repository.libgit2.references[log].peel().tree / "log.jsonl").data
    away = re.sub(rb'"(tip|commit)":"[0-9a-f]{40}"', rb'"\1":"' + b"1" * 40 + b'"', data)
    assert away != data
    review_logs_write(repository, log, away)
    html = (await browser.get(where)).text
    assert "not in this clone" in html
    assert "<blockquote>a new one in 50</blockquote>" in html
    review = (await api.get(f"/api{where}/review")).json()
    assert [each["place"] for each in review["threads"]] == [None, None]


def review_logs_write(repository, name, data):
    """A log as another server may have made it."""
    git = repository.libgit2
    builder = git.TreeBuilder()
    builder.insert("log.jsonl", git.create_blob(data), 0o100644)
    who = git.references[name].peel().author
    made = git.create_commit(None, who, who, "x", builder.write(), [])
    git.references[name].set_target(made)


async def test_a_refused_comment_is_not_lost(own):
    """Words that are nowhere: it says so, and shows what was written; nothing is said."""
    branch = await reviewed(own)
    browser, api = await own.as_("commenter"), await own.api("reader")
    fields = {
        "page_path": PAGE,
        "quote": "never <written>",
        "line": "3",
        "text": "A long <thought>",
    }
    answer = await browser.send_form(f"/drafts/{branch}", do="comment", **fields)
    assert answer.status_code == 422
    assert "“never &lt;written&gt;” are nowhere in" in answer.text
    assert "A long &lt;thought&gt;" in answer.text
    assert len((await api.get(f"/api/drafts/{branch}/review")).json()["threads"]) == 2


async def test_the_page_says_whose_approval_does_not_count(own):
    """Before one approves, and beside the approval; the API says it, too."""
    branch = await reviewed(own)
    browser, api = await own.as_("editor"), await own.api("editor")
    assert "You started this draft" in (await browser.get(f"/drafts/{branch}")).text
    other = await own.as_("maintainer")
    assert "does not count" not in (await other.get(f"/drafts/{branch}")).text
    approved = await api.post(f"/api/drafts/{branch}/approve", json={})
    assert approved.is_success
    assert (
        "does not count: Editor started this draft" in (await other.get(f"/drafts/{branch}")).text
    )
    (verdict,) = (await api.get(f"/api/drafts/{branch}/review")).json()["approved"]
    assert verdict["not_counted"] == "started this draft"
