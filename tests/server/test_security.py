"""Traps 17 and 18 from the doors: pushed configuration, links, markup, addresses."""

import contextlib
import io
import time
from urllib.parse import quote

import pypdf
import pytest

from prdgen.builder.errors import BadSiteConfig

from . import team
from .house import HTML, Seen

EVIL_YML = """site_name: !!python/object/apply:os.system ["touch {flag}"]
docs_dir: site
"""
ENV_YML = "site_name: !ENV SECRET_OF_THIS_SERVER\ndocs_dir: site\n"
HOOKS_YML = "site_name: Hooked\ndocs_dir: site\nhooks:\n  - site/hook.py\n"


async def pushed(house, text: str, **files: str) -> None:
    """Someone's push changes mkdocs.yml; index and site follow as far as they can."""
    team.put(house.app.repository.work_tree, {"mkdocs.yml": text, **files}, "Push")
    with contextlib.suppress(BadSiteConfig):
        await house.follow()


@pytest.mark.parametrize("text", [EVIL_YML, HOOKS_YML])
async def test_a_pushed_mkdocs_yml_runs_nothing(own, tmp_path, text):
    """Trap 17: `!!python/…` and hooks are never run, the old site stays, pages stay readable."""
    flag = tmp_path / "flag"
    hook = f"open({str(flag)!r}, 'w')\n"
    await pushed(own, text.replace("{flag}", str(flag)), **{"site/hook.py": hook})
    assert not flag.exists()
    browser = await own.as_("reader")
    assert (await browser.get("/site/")).status_code == 200
    assert (await browser.get("/p/main/site/prds/checkout.md", headers=HTML)).status_code == 200


async def test_a_pushed_env_tag_publishes_no_secret(own, monkeypatch):
    """Trap 17: `!ENV` reads nothing of the server's environment."""
    monkeypatch.setenv("SECRET_OF_THIS_SERVER", "hunter2hunter2")
    await pushed(own, ENV_YML)
    browser = await own.as_("reader")
    for address in ("/site/", "/site/prds/checkout/", "/", "/p/main/site/prds/checkout.md"):
        assert "hunter2" not in (await browser.get(address, headers=HTML)).text


async def test_links_out_of_the_repository_are_followed_nowhere(reader, house):
    """Trap 17: a symbolic link is no page, no file of the site, nothing to edit or export."""
    for path in ("site/odd/leak.md", "site/odd/etc/hostname", "site/odd/etc"):
        for kind in ("p", "edit", "raw", "diff", "export"):
            answer = await reader.get(f"/{kind}/main/{path}", headers=HTML)
            assert 400 <= answer.status_code < 500, (kind, path, answer.text)
    assert (await reader.get("/site/odd/leak/")).status_code == 404
    listed = (await reader.get("/api/pages", params={"q": "leak"})).json()["items"]
    assert listed == []


@pytest.mark.parametrize("address", ["/p/main/site/odd/nasty.md", "/site/odd/nasty/"])
async def test_a_page_runs_no_script(reader, address):
    """Trap 18: raw HTML, SVG, javascript: and data: addresses, in page, preview, site and diagram."""
    page = Seen((await reader.get(address, headers=HTML)).text)
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        for name in ("href", "src", "action", "xlink:href"):
            assert (
                not attributes.get(name, "")
                .strip()
                .lower()
                .startswith(("javascript:", "data:text", "file:", "vbscript:"))
            ), (tag, attributes)
    assert not page.all("iframe", "object", "embed")
    assert all("src" in script or script.get("type") for script in page.all("script"))
    assert "evil.example" not in str(page.all("form", "script", "iframe", "link"))


async def test_remote_images_are_not_fetched(reader, house):
    """Trap 18: no picture from elsewhere that would tell its owner who reads; a link instead."""
    for address in ("/p/main/site/odd/nasty.md", "/site/odd/nasty/"):
        page = Seen((await reader.get(address, headers=HTML)).text)
        assert not [i for i in page.all("img") if "evil.example" in i.get("src", "")]


async def test_the_preview_runs_no_script_either(reader):
    """What is typed is sanitised like what is committed."""
    body = {"text": team.NASTY, "page_path": "site/odd/nasty.md"}
    page = Seen((await reader.send_json("/api/preview", body)).json()["html"])
    assert not page.all("script", "iframe", "style", "form", "button", "object")
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]


async def test_a_difference_runs_no_script(own):
    """Old and new words meet in one page: still nothing that runs."""
    tree = own.app.repository.work_tree
    team.put(tree, {"site/n.md": "# N\n\n&lt;script&gt;alert(1)&lt;/script&gt; old\n"})
    team.put(tree, {"site/n.md": team.NASTY + "\n<scr<ins>ipt>alert(1)</scr</ins>ipt>\n"})
    text = (await (await own.as_("reader")).get("/diff/main/site/n.md", headers=HTML)).text
    page = Seen(text)
    assert all("src" in script for script in page.all("script"))
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]


async def test_an_uploaded_svg_is_only_an_image(reader):
    """Trap 18: opened by itself it is sandboxed; its script and handlers have nowhere to run."""
    answer = await reader.get("/raw/main/site/odd/evil.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await reader.get("/site/odd/evil.svg")).status_code == 404
    plain = await reader.get("/site/overrides/assets/logo.svg")
    plain = plain if plain.status_code == 200 else await reader.get("/site/assets/logo.svg")
    assert plain.status_code == 200
    assert "sandbox" in plain.headers["content-security-policy"]


async def test_html_in_the_repository_is_shown_as_text(own):
    """A file named .html is never a page of this server."""
    team.put(own.app.repository.work_tree, {"site/x.html": "<script>alert(1)</script>"})
    answer = await (await own.as_("reader")).get("/raw/main/site/x.html")
    assert answer.headers["content-type"].startswith("text/plain")
    published = await (await own.as_("reader")).get("/site/x.html")
    assert (
        published.status_code == 404
        or "unsafe-inline"
        not in (
            published.headers["content-security-policy"]
            .partition("script-src")[2]
            .partition(";")[0]
        )
    )


async def test_brackets_cost_nothing(reader):
    """Trap 18: 30 kB of brackets are shown within a moment, not after seconds."""
    began = time.perf_counter()
    assert (await reader.get("/p/main/site/odd/brackets.md", headers=HTML)).status_code == 200
    body = {"text": "[" * 30_000, "page_path": "site/x.md"}
    assert (await reader.send_json("/api/preview", body)).status_code == 200
    assert time.perf_counter() - began < 2.0


async def test_a_pdf_and_a_word_file_hold_only_the_repository(reader):
    """Trap 17: `file:` and remote addresses in a page bring nothing into its exports."""
    from pathlib import Path

    name = Path("/etc/hostname").read_text().strip()
    pdf = (await reader.get("/export/main/site/odd/nasty.md?format=pdf")).content
    opened = pypdf.PdfReader(io.BytesIO(pdf))
    assert not dict(opened.attachments)
    assert name not in "".join(page.extract_text() for page in opened.pages)
    assert (await reader.get("/export/main/site/odd/nasty.md?format=docx")).content[:2] == b"PK"


CLIMBS = [
    "../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5cetc%5cpasswd", "%252e%252e%252fetc%252fpasswd", "site/../../etc/passwd",
    "/etc/passwd", "//etc/passwd", ".git/config", "site/.git/config", ".GIT/config", "%2e/mkdocs.yml", "%2e%2e",
    "site//prds/checkout.md", "site/prds/checkout.md%00.png", "site/prds/checkout.md/", "",
    "%ff%fe", "a" * 3000, "site/prds/checkout.md%0aSet-Cookie:%20x=y",
]  # fmt: skip
PLACES = [
    "/p/main/", "/edit/main/", "/history/main/", "/diff/main/", "/raw/main/", "/export/main/",
    "/api/pages/main/", "/api/links/main/", "/api/history/main/", "/api/diff/main/",
    "/api/export/main/", "/api/documents/main/", "/site/", "/static/", "/p/", "/raw/",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
async def test_no_address_climbs_out(reader, place):
    """`..` in any writing, absolute paths, `.git`, NUL: nothing outside of the pages is served."""
    for climb in CLIMBS:
        answer = await reader.get(place + climb)
        assert answer.status_code < 500, (climb, answer.text)
        if place in {"/site/", "/api/links/main/"} and not climb:
            continue
        for secret in ("root:", "[core]", "repositoryformatversion"):
            assert secret not in answer.text, (place, climb)
        assert "set-cookie" not in answer.headers
        if answer.status_code == 200:
            assert place in {"/api/links/main/", "/site/"}, (place, climb)


async def test_names_differ_by_case(reader):
    """A name that exists in another case is another name, and there is no such page."""
    for address in ("/p/main/site/prds/CHECKOUT.md", "/raw/main/SITE/prds/checkout.md",
                    "/edit/main/site/prds/Checkout.md"):  # fmt: skip
        assert (await reader.get(address, headers=HTML)).status_code == 404, address


@pytest.mark.parametrize(
    "name", ["ünïcödé", "🦆 duck", "a b+c%d", "<b>&quot;", "'; --", "\u202eevil"]
)
async def test_addresses_that_are_not_there_are_shown_as_text(reader, name):
    """What a person mistyped comes back as text, whatever it looks like."""
    answer = await reader.get(f"/p/main/{quote(name)}.md", headers=HTML)
    assert answer.status_code in {400, 404}
    assert not Seen(answer.text).all("b")


@pytest.mark.parametrize(
    "path", [".prdgen/roles.yml", "mkdocs.yml", ".gitattributes", "hooks/pre-commit"]
)
async def test_only_pages_are_edited_live(own, path):
    """An editor who could open the roles would be an owner a moment later."""
    team.put(
        own.app.repository.work_tree, {".prdgen/roles.yml": "a@b.c: editor\n", path: "x: reader\n"}
    )
    browser, program = await own.as_("editor"), await own.api("editor")
    refused = {403, 404}
    assert (await browser.get(f"/edit/main/{path}", headers=HTML)).status_code in refused
    assert (await program.get(f"/api/documents/main/{path}")).status_code in refused
    body = {"branch": "main", "page_path": path}
    assert (await program.post("/api/versions", json=body)).status_code in refused


@pytest.mark.parametrize("path", [".prdgen/roles.yml", "site/../.prdgen/roles.yml"])
async def test_a_claim_makes_no_document_of_what_is_no_page(own, path):
    """The socket rebuilds a lost document only of a page."""
    from prdgen import ids
    from prdgen.flows import house
    from prdgen.flows.open import Claim

    commit = team.put(own.app.repository.work_tree, {".prdgen/roles.yml": "a@b.c: editor\n"})
    claim = Claim("main", path, commit, 0)
    document_id = ids.document_id(own.app.repository_id, *("main", path, commit, 0))
    with contextlib.suppress(ids.BadPagePath):
        assert await house.opener(own.app, document_id, claim) is None


@pytest.mark.parametrize("folder", [".prdgen", "hooks", "site/overrides/../../x", "elsewhere"])
async def test_new_pages_are_pages(own, folder):
    """A page is only made where pages are."""
    answer = await (await own.api("editor")).post(
        "/api/pages", json={"title": "x", "folder": folder}
    )
    assert answer.status_code in {400, 403, 422}, answer.text
