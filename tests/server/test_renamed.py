"""An editor that has a page open goes on when the page is renamed."""

import asyncio
import json
import subprocess

from .house import HTML, Seen

OLD, NEW = "site/prds/checkout.md", "site/legal/till.md"


async def opened(house):
    """Someone opens the page, it is renamed in Git, and the document went along; its name."""
    browser = await house.as_("editor")
    page = Seen((await browser.get(f"/edit/main/{OLD}", headers=HTML)).text)
    config = next(json.loads(a["data-config"]) for a in page.all("div") if "data-config" in a)
    await house.app.keeper.get("main", OLD)
    return config["documentUrl"]


async def renamed(house, rules=""):
    """Rename and commit as `git mv` does, and wait until the document is there."""
    tree = house.app.repository.work_tree
    git = lambda *words: subprocess.run(["git", "-C", tree, *words], check=True)  # noqa: E731
    (tree / "site/legal").mkdir(exist_ok=True)
    if rules:
        (tree / ".prdgen").mkdir(exist_ok=True)
        (tree / ".prdgen/roles.yml").write_text(rules)
        git("add", ".prdgen")
    git("mv", OLD, NEW)
    git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "rename")


async def asked(browser, document):
    """The document's state under the old path, as soon as it went along."""
    async with asyncio.timeout(30):
        while True:
            answer = await browser.get(f"/api/documents/main/{OLD}", params={"document": document})
            if answer.status_code == 200 and answer.json()["page_path"] == NEW:
                return answer.json()
            await asyncio.sleep(0.1)


async def test_a_renamed_page_is_saved_where_it_lies_now(own):
    """State and `Save version` under the old path reach the page by its document."""
    document = await opened(own)
    await renamed(own)
    api = await own.api("editor")
    assert (await asked(api, document))["document"] == document
    body = {"branch": "main", "page_path": OLD}
    assert (await api.post("/api/versions", json=body)).status_code == 404
    answer = await api.post("/api/versions", json=body | {"document": document})
    assert answer.status_code == 201, answer.text
    assert answer.json()["page_path"] == NEW
    bad = await api.post("/api/versions", json=body | {"document": "no such"})
    assert 400 <= bad.status_code < 500


async def test_the_rules_of_the_new_place_hold(own):
    """A page moved to a folder of owners is not saved by an editor who had it open."""
    document = await opened(own)
    await renamed(own, "folders:\n  site/legal/: owner\n")
    api = await own.api("editor")
    await asked(api, document)
    body = {"branch": "main", "page_path": OLD, "document": document}
    assert (await api.post("/api/versions", json=body)).status_code == 403
    assert (await (await own.api("owner")).post("/api/versions", json=body)).status_code == 201
