"""A review from the first word to the merge, with one person here and one who works at the forge."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from forge.hub import Hub
from forge.serving import TOKEN, Served, served
from playwright.sync_api import expect

from .conftest import PAGE
from .desk import Desk
from .house import House, until
from .test_remotes import SECRET, hub_of

pytestmark = pytest.mark.browser
TEXT = "# Plan\n\nOne shopper in three leaves.\n\nThe end.\n"


@contextmanager
def standing(kind: str, hub: Hub) -> Iterator[Served]:
    """The forge in a thread: while Playwright runs, this one's loop is taken."""
    loop, found, over = asyncio.new_event_loop(), list[Served](), threading.Event()
    ready = threading.Event()

    async def serve() -> None:
        async with served(kind, hub) as forge:
            found.append(forge)
            ready.set()
            while not over.is_set():
                await asyncio.sleep(0.05)

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    assert ready.wait(10)
    try:
        yield found[0]
    finally:
        over.set()
        thread.join(10)
        loop.close()


def ring(house: House) -> None:
    """What every forge says when something happened; only that it is signed matters."""
    mac = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()
    headers = {"x-gitea-signature": mac}
    assert httpx2.post(f"{house.url}/webhooks/remote", content=b"{}", headers=headers).is_success


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
def test_a_review_here_and_there(
    make_house: Callable[..., House], sit: Callable[..., Desk], tmp_path: Path, kind: str
) -> None:
    """Ada writes and asks; Octavia comments at the forge; Ada answers, and the server is killed; the
    answer is there once; Octavia approves and merges, and main's open editor has it.
    """
    hub = Hub(tmp_path / "hub.git")
    with standing(kind, hub) as forge:
        house = make_house(
            {PAGE: TEXT}, remote="origin", remote_webhook_secret=SECRET, remote_seconds=3600,
            forge=kind, forge_url=forge.address, forge_project="team/prds", forge_token=TOKEN,
            forge_seconds=3600,
        )  # fmt: skip
        hub_of(house, tmp_path)
        house.start()
        ada, reader = sit(house), sit(house, "Bob")
        reader.open(PAGE)
        reader.saved()
        ada.page.goto(f"{house.url}/p/main/{PAGE}")
        ada.page.locator(".page-bar .actions button", has_text="Start a draft").click()
        ada.page.wait_for_url("**/edit/draft/plan/**")
        ada.page.locator(".cm-content").wait_for(timeout=20_000)
        ada.saved()
        ada.go("Control+End")
        ada.type("\nOne more line.")
        ada.saved()
        ada.page.goto(f"{house.url}/drafts/draft/plan")
        ada.page.get_by_role("button", name="Ask for a review").click()
        pull = until(lambda: hub.pulls.get(1), 20, what="a pull request")
        assert "One more line." in hub.git("show", f"{pull.branch}:{PAGE}")
        line = hub.git("show", f"{pull.branch}:{PAGE}").splitlines().index("One more line.") + 1
        note = hub.comment(1, "octavia", "Which line?", path=PAGE, line=line)
        ring(house)

        def shown(words: str) -> bool:
            ada.page.goto(f"{house.url}/drafts/draft/plan")
            return words in ada.page.locator("main").inner_text()

        until(lambda: shown("Which line?"), 20, what="the comment")
        thread = ada.page.locator(".thread", has_text="Which line?")
        thread.locator("summary", has_text="Answer").click()
        thread.locator("textarea[name=text]").fill("This one.")
        thread.get_by_role("button", name="Answer").click()
        house.kill()
        house.start()
        until(lambda: [n for n in pull.notes if "This one." in n.text], 20, what="the answer")
        hub.review(1, "octavia", "APPROVED")
        ring(house)
        until(lambda: shown("octavia"), 20)
        until(lambda: shown("approved"), 20, what="the approval")
        assert [n.thread for n in pull.notes if "This one." in n.text] == [note.id]
        made = hub.merge(1, "octavia")
        ring(house)
        expect(reader.page.locator(".cm-content")).to_contain_text("One more line.", timeout=20_000)
        until(lambda: house.git("rev-parse", "main") == made, 20, what="main")
        assert not forge.problems, "\n".join(forge.problems)
