"""What a listener at `/api/events` hears of people in a page: everything once, and not too often."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser

Sit = Callable[..., Desk]
KINDS = ("user.joined", "content.changed", "cursor.moved", "selection.changed", "user.left")
KEYS = 60


class Listener:
    """Reads the event stream beside the test, as this person."""

    def __init__(self, desk: Desk, types: str) -> None:
        cookies = {one["name"]: one["value"] for one in desk.context.cookies()}
        self._client = httpx2.Client(cookies=cookies, timeout=60)
        self._address, self._types = f"{desk.house.url}/api/events", types
        self.events: list[dict[str, Any]] = []
        self.listening = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        assert self.listening.wait(10)

    def _listen(self) -> None:
        try:
            with self._client.stream("GET", self._address, params={"types": self._types}) as answer:
                self.listening.set()
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        self.events.append(json.loads(line[6:]))
        except httpx2.HTTPError:  # the test has ended the stream
            return

    def of(self, page: str) -> list[dict[str, Any]]:
        """What was told of a page so far."""
        return [event for event in list(self.events) if event["data"]["page_path"] == page]

    def newest(self, page: str, kind: str) -> dict[str, Any]:
        """What was told of this last; waits for the first."""
        self.hears(page, kind)
        return [event["data"] for event in self.of(page) if event["type"] == kind][-1]

    def hears(self, page: str, kind: str) -> dict[str, Any]:
        """Wait until this was told of a page; gives the first."""

        def found() -> dict[str, Any] | None:
            return next((event for event in self.of(page) if event["type"] == kind), None)

        event = until(found, what=f"{kind} of {page}")
        assert event is not None
        return event


def test_a_visit_is_told_from_coming_to_going(shared: House, sit: Sit) -> None:
    """All five names, with who and where; sixty keys and moves are a few events."""
    page = shared.add_page("docs/told.md", "# Told\n\nfirst line\n")
    bob = sit(shared, "Bob")
    listener = Listener(sit(shared), ",".join(KINDS))
    bob.open(page)
    bob.saved()
    person = listener.hears(page, "user.joined")["data"]["person_id"]
    bob.go("Control+End")
    # Where the cursor stood as the text was clicked may be told as well.
    until(lambda: listener.newest(page, "cursor.moved")["line"] == 4, what="the cursor's line")
    moved = listener.newest(page, "cursor.moved")
    assert (moved["person_id"], moved["line"], moved["column"]) == (person, 4, 1)
    bob.go("Shift+Control+Home")
    chosen = listener.hears(page, "selection.changed")["data"]
    assert (chosen["person_id"], chosen["from"]["line"], chosen["to"]["line"]) == (person, 1, 4)
    bob.go("Control+End")
    for key in range(KEYS):
        bob.page.keyboard.type("x" if key % 2 else "y")
    bob.saved()
    assert listener.hears(page, "content.changed")["data"]["origin"] == "editor"
    bob.page.close()
    assert listener.hears(page, "user.left")["data"]["person_id"] == person
    told = Counter(event["type"] for event in listener.of(page))
    assert set(told) == set(KINDS)
    assert told["user.joined"] == told["user.left"] == 1
    assert told["cursor.moved"] + told["content.changed"] < KEYS / 2


def test_places_are_told_to_nobody_who_does_not_ask(shared: House, sit: Sit) -> None:
    """A listener to everything hears what happens, not where every cursor goes."""
    page = shared.add_page("docs/asked.md", "# Asked\n")
    bob = sit(shared, "Bob")
    listener = Listener(sit(shared), "")
    bob.open(page)
    bob.go("Control+End")
    bob.type("words\n")
    bob.saved()
    bob.page.close()
    listener.hears(page, "user.left")
    assert not {"cursor.moved", "selection.changed"} & {event["type"] for event in listener.events}
