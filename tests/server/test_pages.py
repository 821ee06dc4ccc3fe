"""Pages for people: what each one shows, when there is something and when there is nothing."""

import io
import logging
import re
from urllib.parse import quote

import pytest
from PIL import Image

from prdgen.errors import PrdgenError
from prdgen.flows import follow
from prdgen.git import commits
from prdgen.git.values import Signature

from . import team
from .house import HTML, Seen

ODD_NAME = "site/odd/name with spaces & ünïcödé #1?.md"


async def seen(browser, address: str, expected: int = 200, **params) -> Seen:
    answer = await browser.get(address, headers=HTML, params=params or None)
    assert answer.status_code == expected, answer.text[:2000]
    return Seen(answer.text)


async def test_home_shows_recent_pages(reader):
    """The newest pages first, each with a way to read and to edit it."""
    home = await seen(reader, "/")
    assert "Uses & others" in home.words
    assert "/p/main/site/odd/uses.md" in home.links()
    assert "/edit/main/site/odd/uses.md" in home.links()


async def test_empty_states_say_what_to_do(open_house, tmp_path):
    """A repository without pages: every list says so and leads to the first page."""
    folder = tmp_path / "bare"
    folder.mkdir()
    team.git(folder, "init", "--quiet", "--initial-branch=main")
    team.put(folder, {"mkdocs.yml": "site_name: Empty\n"}, "Begin")
    browser = await (await open_house(folder, copied=False)).as_("owner")
    assert "/new" in (await seen(browser, "/")).links()
    assert "/new" in (await seen(browser, "/pages")).links()
    assert "No requirements yet" in (await seen(browser, "/requirements")).words
    assert "Nothing found" in (await seen(browser, "/search", q="anything")).words
    assert "Type words" in (await seen(browser, "/search")).words


@pytest.mark.parametrize("address", ["/", "/pages", "/search?q=shop", "/requirements"])
async def test_lists_say_that_the_index_is_being_made(open_house, tmp_path, address):
    """Between a first start and the first index nothing says that there are no pages."""
    house = await open_house(team.make(tmp_path / "fresh"), copied=False, follow=False)
    browser = await house.as_("owner")
    before = (await seen(browser, address)).words
    assert "being indexed right now" in before
    assert not re.search(r"Nothing found|yet|No page fits", before)
    await house.follow()
    assert "being indexed" not in (await seen(browser, address)).words


@pytest.mark.parametrize(
    ("chosen", "here", "not_here"),
    [
        ({"owner": "Zoë"}, "Uses & others", "Checkout in under a minute"),
        ({"tag": "a&b"}, "Uses & others", "Checkout in under a minute"),
        ({"status": "in review"}, "Checkout in under a minute", "Uses & others"),
        ({"q": "checkout"}, "Checkout in under a minute", "Uses & others"),
    ],
)
async def test_the_page_list_filters(reader, chosen, here, not_here):
    """By status, owner, tag and words of title or path; what was chosen stays chosen."""
    found = await seen(reader, "/pages", **chosen)
    titles = [a for a in found.all("a") if a.get("class") == "row-title"]
    assert titles
    assert here in found.words
    assert not_here not in found.words
    value = next(iter(chosen.values()))
    assert [a for a in found.all("option", "input") if a.get("value") == value]


async def test_the_page_list_without_a_hit(reader):
    """Filters nothing fits lead back to everything."""
    found = await seen(reader, "/pages", q="no such page")
    assert "No page fits" in found.words
    assert "/pages" in found.links()


async def test_another_branch_is_listed_and_stays_chosen(reader):
    """Rows, tags and further filters of a branch stay on that branch."""
    found = await seen(reader, "/pages", branch="draft/idea", q="uses")
    assert "/p/draft/idea/site/odd/uses.md" in found.links()
    tags = [link for link in found.links() if "tag=" in link]
    assert tags
    assert all("branch=draft%2Fidea" in link for link in tags)


@pytest.mark.parametrize("address", ["/pages", "/requirements", "/requirements/REQ-001", "/search"])
@pytest.mark.parametrize(
    "branch", ["nonsense", "draft", "-x", "a..b", "\0", "x" * 5000, "main:site"]
)
async def test_a_list_of_a_branch_that_is_not_there(reader, address, branch):
    """It says so and leads to main's pages; it is no empty list."""
    asked = {"branch": branch, "q": "checkout"}
    found = await seen(reader, address, 404, **asked)
    assert f"There is no branch {branch[:20]}".strip("\0 ") in found.words
    assert found.links().count("/pages") == 2  # in the head, and here
    uses = "/uses" if "REQ" in address else ""
    told = await reader.get(f"/api{address}{uses}", params=asked)
    assert (told.status_code, told.json()["code"]) == (404, "no-such-branch")


async def test_a_page_is_shown_whole(reader):
    """Title, facts, outline, diagram, formats, and what links here."""
    page = await seen(reader, "/p/main/site/prds/checkout.md")
    for words in ("Checkout in under a minute", "Ada Moreau", "On this page", "Links to this page"):
        assert words in page.words
    links = page.links()
    base = "main/site/prds/checkout.md"
    for address in (
        f"/edit/{base}",
        f"/history/{base}",
        f"/raw/{base}",
        f"/export/{base}?format=pdf",
    ):
        assert address in links
    assert page.all("svg")
    anchors = {link[1:] for link in links if link.startswith("#") and link != "#main"}
    assert anchors <= {a["id"] for _, a in page.elements if "id" in a}


async def test_requirements_used_elsewhere_are_listed(reader):
    """A page that defines a requirement names the pages that point to it."""
    page = await seen(reader, "/p/main/site/odd/uses.md")
    assert "Requirements used elsewhere" in page.words
    assert "/requirements/REQ-900" in page.links()
    assert "/p/main/site/odd/strict.md" in page.links()


async def test_an_old_version_is_named_as_such(reader, house):
    """The version of a commit, with a way to the newest."""
    first = (await reader.get("/api/history/main/site/odd/uses.md")).json()["items"][-1]["commit"]
    page = await seen(reader, "/p/main/site/odd/uses.md", commit=first)
    assert "This is the version of commit" in page.words
    assert "One more line." not in page.words


async def test_odd_names_work_everywhere(reader):
    """Spaces, umlauts, `#`, `?` and `&` in a page's name survive every link."""
    address = quote(ODD_NAME)
    for kind in ("p", "edit", "history", "diff", "raw"):
        assert (await reader.get(f"/{kind}/main/{address}", headers=HTML)).status_code == 200, kind
    linking = await seen(reader, "/p/main/site/odd/uses.md")
    assert f"/p/main/{address}" in linking.links()


async def test_the_editor_gets_what_it_needs(house):
    """The shell carries document, person, role and addresses in one attribute."""
    import json

    for role, may in (("editor", True), ("reader", False), ("commenter", False)):
        shell = await seen(await house.as_(role), "/edit/main/site/prds/checkout.md")
        config = json.loads(shell.all("div")[0]["data-config"])
        assert config["documentUrl"].startswith("automerge:")
        assert config["canWrite"] is may
        assert config["person"]["name"] == role.capitalize()
        why = config["readOnlyReason"]
        assert why is None if may else why.startswith(f"your role is {role}")


async def test_history_lists_versions_with_ways_on(reader):
    """Who, when, what; each version can be seen and compared."""
    page = await seen(reader, "/history/main/site/odd/uses.md")
    assert "Edit uses" in page.words
    assert "Add odd pages" in page.words
    assert "Eve" in page.words
    assert [link for link in page.links() if "?commit=" in link]
    assert len([a for a in page.all("input") if a.get("name") == "from"]) == 2


async def test_the_difference_is_rendered(reader):
    """What came is marked in the rendered page; the source's difference stands below."""
    page = await seen(reader, "/diff/main/site/odd/uses.md")
    assert [each["id"] for each in page.all("ins") if "id" in each] == ["first-change"]
    assert "#first-change" in page.links()
    assert "+One more line." in page.words


async def test_the_first_version_has_a_difference_too(reader):
    """Everything is new in it."""
    versions = (await reader.get("/api/history/main/site/odd/uses.md")).json()["items"]
    page = await seen(reader, "/diff/main/site/odd/uses.md", to=versions[-1]["commit"])
    assert "first version" in page.words
    assert "One more line." not in page.words


async def test_images_have_their_size_here_as_on_the_site(reader):
    """The preview and the page keep the room of an image of the repository."""
    asked = {
        "branch": "main",
        "page_path": "site/odd/uses.md",
        "text": "![a](dot.png) ![b](none.png)\n",
    }
    shown = (await reader.send_json("/api/preview", asked)).json()["html"]
    (tag,) = re.findall(r"<img[^>]*>", shown)
    with Image.open(io.BytesIO(team.PNG)) as image:
        assert f'width="{image.width}" height="{image.height}"' in tag


async def test_raw_gives_the_bytes(reader):
    """Markdown as text with every byte as Git has it, images as images."""
    text = await reader.get("/raw/main/site/odd/crlf.md")
    assert text.content == team.ODD["crlf.md"]
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    image = await reader.get("/raw/main/site/odd/dot.png")
    assert image.headers["content-type"] == "image/png"
    assert (await reader.get("/raw/main/nothing.png")).status_code == 404


@pytest.mark.parametrize(
    ("kind", "begins"), [("pdf", b"%PDF"), ("docx", b"PK"), ("md", b"---"), ("json", b"{")]
)
async def test_export_by_ending_and_by_query(reader, kind, begins):
    """Both addresses give the same file, as a download."""
    one = await reader.get(f"/export/main/site/prds/checkout.{kind}")
    two = await reader.get("/export/main/site/prds/checkout.md", params={"format": kind})
    assert one.content.startswith(begins)
    assert one.content == two.content
    assert one.headers["content-disposition"] == f'attachment; filename="checkout.{kind}"'


@pytest.mark.parametrize("kind", ["json", "md", "pdf"])
async def test_only_word_has_comments(reader, kind):
    """Whoever asks for them in another format is told so, not given a file without them."""
    asked = {"format": kind, "comments": "1"}
    answer = await reader.get("/export/main/site/prds/checkout.md", params=asked)
    assert (answer.status_code, "the format docx" in answer.text) == (422, True)


async def test_a_new_page_is_made_and_opened(own):
    """From a template, in one commit under the person's name; the editor opens."""
    browser = await own.as_("editor")
    assert "Feature" in (await seen(browser, "/new")).words
    done = await browser.send_form("/new", title="Gift cards & more", template="feature", folder="")
    assert done.headers["location"] == "/edit/main/site/prds/gift-cards-more.md"
    assert (await browser.get(done.headers["location"], headers=HTML)).status_code == 200
    folder = own.app.repository.work_tree
    assert team.git(folder, "log", "-1", "--format=%an: %s") == "Editor: Add Gift cards & more"
    assert team.git(folder, "status", "--porcelain") == ""
    assert (folder / "site/prds/gift-cards-more.md").read_text().startswith("---\n")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": "Checkout"}, "exists already"),
        ({"title": "CHECKOUT"}, "exists already"),
        ({"title": "x", "folder": "../.."}, "not a page path"),
        ({"title": "x", "folder": ".git/hooks"}, "not a page path"),
        ({"title": "x", "template": "../mkdocs"}, "template"),
        ({"title": ""}, "title"),
        ({"title": "x" * 3000}, "title"),
        ({"title": "two\nlines\n\nCo-authored-by: Mallory <m@example.org>"}, "title"),
    ],
)
async def test_a_new_page_that_cannot_be(own, fields, said):
    """The form comes back with what was typed, what is wrong and what to do."""
    browser = await own.as_("editor")
    before = own.app.repository.tip("main")
    answer = await browser.send_form("/new", **({"template": "feature", "folder": ""} | fields))
    assert answer.status_code == 422, answer.text
    page = Seen(answer.text)
    assert [a for a in page.all("div") if a.get("role") == "alert"]
    assert said in page.words
    assert [
        a for a in page.all("input") if a.get("name") == "title" and a["value"] == fields["title"]
    ]
    assert own.app.repository.tip("main") == before


async def test_search_marks_the_words(reader):
    """Hits best first, the words marked, nothing of the page's markup let through."""
    page = await seen(reader, "/search", q="platypus")
    assert page.all("mark")
    assert "/p/main/site/odd/uses.md" in page.links()
    assert not page.all("b")


async def test_search_without_a_hit_says_so(reader):
    """What was looked for is shown, as text."""
    page = await seen(reader, "/search", q="<b>zzzzqqqq</b>")
    assert "Nothing found for <b>zzzzqqqq</b>" in page.words


async def test_search_forgives_a_slip(reader):
    """A mistyped word finds what was meant, and the page says so."""
    page = await seen(reader, "/search", q="platipus")
    assert "/p/main/site/odd/uses.md" in page.links()


async def test_requirements_are_listed_and_shown(reader):
    """Both notations; each one with where it is defined and used."""
    assert {"/requirements/REQ-900", "/requirements/REQ-901"} <= set(
        (await seen(reader, "/requirements")).links()
    )
    one = await seen(reader, "/requirements/REQ-900")
    assert "Platypus <b>first</b>." in one.words or "Platypus first." in one.words
    assert "/p/main/site/odd/uses.md#REQ-900" in one.links()
    assert "/p/main/site/odd/strict.md" in one.links()
    assert "Nothing points to it yet" in (await seen(reader, "/requirements/REQ-901")).words
    await seen(reader, "/requirements/REQ-99999", 404)


async def test_requirements_of_a_branch_stay_on_it(reader):
    """From the list of a draft to the requirement there."""
    listed = await seen(reader, "/requirements", branch="draft/idea")
    assert "/requirements/REQ-900?branch=draft%2Fidea" in listed.links()
    one = await seen(reader, "/requirements/REQ-900", branch="draft/idea")
    assert "/p/draft/idea/site/odd/uses.md#REQ-900" in one.links()


async def test_people_are_listed_and_only_owners_invite(house):
    """Everyone sees who is there; the form is for owners."""
    owner, reader = await house.as_("owner"), await house.as_("reader")
    assert "Invite someone" in (await seen(owner, "/people")).words
    listed = await seen(reader, "/people")
    assert "owner@example.org" in listed.words
    assert "Invite someone" not in listed.words


async def test_sign_in_says_how(house):
    """Without a link a person learns where to get one."""
    assert "prdgen user link" in (await seen(house.anyone(), "/sign-in")).words


async def test_the_site_is_served(reader):
    """The published pages, by directory address, compressed when the browser takes it."""
    index = await reader.get("/site/", headers=HTML)
    assert index.status_code == 200
    assert "Product requirements" in index.text
    page = await reader.get("/site/prds/checkout", headers=HTML)
    assert page.headers["location"] == "/site/prds/checkout/"
    assert "Checkout in under a minute" in (await reader.get("/site/prds/checkout/")).text
    missing = await reader.get("/site/nowhere/", headers=HTML)
    assert missing.status_code == 404
    assert "text/html" in missing.headers["content-type"]
    etag = index.headers["etag"]
    assert (await reader.get("/site/", headers={"if-none-match": etag})).status_code == 304


async def test_hidden_pages_are_not_published(reader, house):
    """A page marked draft is for the team: in the server's lists, in no artifact of the site."""
    assert "nobodyshouldseethis" in (await seen(reader, "/p/main/site/odd/hidden.md")).words
    assert (await reader.get("/site/odd/hidden/")).status_code == 404
    public = house.app.repository.work_tree / "public"
    files = [f for f in public.rglob("*") if f.is_file() and f.suffix not in {".br", ".gz", ".zst"}]
    assert files
    for file in files:
        assert b"nobodyshouldseethis" not in file.read_bytes(), file


async def test_the_site_that_is_not_built_yet(open_house, example):
    """The first moments: an answer that says to wait, not an error."""
    house = await open_house(example, follow=False)
    answer = await (await house.as_("reader")).get("/site/")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_a_failed_build_is_told_where_people_are(own):
    """They learn that the site is older, why, and what to do; the next good build takes it away."""
    tree, reader = own.app.repository.work_tree, await own.as_("reader")
    published = own.app.repository.tip("main")
    team.put(tree, {"mkdocs.yml": "site_name: Shop\ndocs_dir: ../nowhere\n"}, "Break the site")
    tip = own.app.repository.tip("main")
    with pytest.raises(PrdgenError):
        await follow.publish_tip(own.app, tip)
    for address in ("/", "/pages", "/p/main/site/prds/checkout.md"):
        words = (await seen(reader, address)).words
        assert "The newest commit of main is not on the site:" in words, address
        assert "nowhere" in words
        assert published[:10] in words
        assert tip[:10] in words
    assert (await reader.get("/site/")).status_code == 200
    team.put(tree, {"mkdocs.yml": "site_name: Shop\n"}, "Mend it")
    await own.follow()
    assert "not on the site" not in (await seen(reader, "/")).words


async def test_whoever_leaves_while_sending_leaves_no_traceback(own, caplog):
    """A tab closed during a preview is nothing to report."""
    browser = await own.api("editor")
    headers = [(k.encode(), v.encode()) for k, v in browser.headers.items()]
    scope = {
        "type": "http", "method": "POST", "path": "/api/preview", "raw_path": b"/api/preview",
        "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1",
        "headers": [*headers, (b"host", b"127.0.0.1:8400")], "client": ("127.0.0.1", 1),
    }  # fmt: skip
    parts = iter([{"type": "http.request", "body": b'{"text', "more_body": True}])
    sent = []

    async def receive():
        return next(parts, {"type": "http.disconnect"})

    async def send(message):
        sent.append(message)

    await own.served(scope, receive, send)
    assert sent[0]["status"] == 400
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


async def test_versions_and_passages_come_back_by_a_button(own):
    """From the history and from a comparison; readers see no button and are refused."""
    page = "site/prds/checkout.md"
    repository = own.app.repository
    first = repository.tip("main")
    text = repository.read(first, page).decode()
    who = Signature("Ed", "ed@example.org")
    changed = text.replace("in 20 seconds", "in 19 seconds").replace("Gift cards", "Cards")
    second = commits.write(
        repository, "main", first, {page: changed.encode()}, message="Faster", author=who,
        committer=who,
    )  # fmt: skip
    (repository.work_tree / page).write_text(changed)
    editor, reader = await own.as_("editor"), await own.as_("reader")
    shown = (await editor.get(f"/diff/main/{page}?to={second}")).text
    assert shown.count("Bring this back") == 2
    fields = {"from": first, "to": second, "passage": "0"}
    assert (await reader.send_form(f"/diff/main/{page}", **fields)).status_code == 403
    assert (await editor.send_form(f"/diff/main/{page}", **fields)).status_code == 303
    now = repository.read(repository.tip("main"), page).decode()
    assert "in 20 seconds" in now
    assert "Gift cards" not in now
    assert "Restore" in (await editor.get(f"/history/main/{page}")).text
    assert "Restore" not in (await reader.get(f"/history/main/{page}")).text
    assert (await reader.send_form(f"/history/main/{page}", commit=first)).status_code == 403
    asked = (await editor.get(f"/history/main/{page}?restore={first}")).text
    assert "Restore the version" in asked
    assert "<ins" in asked
    assert (await reader.get(f"/history/main/{page}?restore={first}")).status_code == 403
    assert (await editor.get(f"/history/main/{page}?restore=nonsense")).status_code in {404, 422}
    done = await editor.send_form(f"/history/main/{page}", commit=first)
    assert done.status_code == 303
    assert repository.read(repository.tip("main"), page).decode() == text
    shown = (await editor.get(done.headers["location"])).text
    back = dict(re.findall(r'name="(before|after)" value="([0-9a-f]{40})"', shown))
    assert ">Undo</button>" in shown
    assert ">Undo</button>" not in (await reader.get(done.headers["location"])).text
    undone = await editor.send_form(f"/history/main/{page}", do="undo", **back)
    assert undone.status_code == 303
    assert "Gift cards" not in repository.read(repository.tip("main"), page).decode()
    await editor.send_form(f"/history/main/{page}", commit=first)
    again = await editor.send_form(f"/history/main/{page}", commit=first)
    assert "nothing has changed" in (await editor.get(again.headers["location"])).text
    for odd in ("", "nonsense", "-c", "0" * 40):
        assert (await editor.send_form(f"/history/main/{page}", commit=odd)).status_code in {
            404,
            422,
        }
    for odd in ({}, {"passage": "-1"}, {**fields, "passage": "99"}):
        assert (await editor.send_form(f"/diff/main/{page}", **odd)).status_code in {404, 422}
    blamed = (await reader.get(f"/blame/main/{page}")).text
    assert "Who wrote it" in blamed
    assert "in 20 seconds" in blamed
    api = await own.api("editor")
    body = {"branch": "main", "page_path": page, "commit": second}
    assert (await api.post("/api/versions/restore", json=body)).status_code == 201
    back = body | {"from": first, "passage": 1}
    assert (await api.post("/api/versions/restore", json=back)).status_code == 201
    assert "Gift cards" in repository.read(repository.tip("main"), page).decode()
    assert (await api.post("/api/versions/restore", json=body | {"from": first})).status_code == 422
