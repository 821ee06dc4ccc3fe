"""What a person was told of: the bell, the list, and what is read by opening it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from prdgen.store import notifications

from .house import HTML

BEGAN = datetime(2026, 11, 26, 12, tzinfo=UTC)


async def tell(own, person, *titles, href="/pages?q=a", type_="git.conflict.detected"):
    """So much happened, one after the other."""
    async with own.app.store.transaction() as tx:
        for number, title in enumerate(titles):
            await notifications.notify(
                tx, person.id, uuid4(), type=type_, title=title, href=href,
                at=BEGAN + timedelta(minutes=number),
            )  # fmt: skip


def bell(answer):
    """What the bell in the head says."""
    return re.search(r'href="/notifications" aria-label="([^"]*)"', answer.text)[1]


async def test_the_bell_counts_what_is_not_read(own):
    """On every page, for the person who looks at it only."""
    ann, bob = await own.as_("editor"), await own.as_("reader")
    assert bell(await ann.get("/")) == "Notifications"
    await tell(own, ann.person, "One <b>", "Two")
    for address in ("/", "/pages", "/drafts", "/notifications"):
        assert bell(await ann.get(address)) == "Notifications, 2 unread"
    assert bell(await ann.get("/p/main/none.md", headers=HTML)) == "Notifications, 2 unread"
    assert bell(await bob.get("/")) == "Notifications"
    await tell(own, ann.person, *map(str, range(120)))
    assert bell(await ann.get("/")) == "Notifications, 99+ unread"


async def test_a_notification_is_read_by_opening_it(own):
    """It leads to its place; who is somebody else cannot open it."""
    ann, bob = await own.as_("editor"), await own.as_("reader")
    await tell(own, ann.person, "One <b>", "Two")
    shown = (await ann.get("/notifications")).text
    assert shown.index("Two") < shown.index("One &lt;b&gt;")
    assert shown.count("until then both are kept") == 2
    first = re.findall(r'href="(/notifications/[^"]+)"', shown)[1]
    assert (await bob.get(first)).status_code == 404
    assert bell(await ann.get("/")) == "Notifications, 2 unread"
    gone = await ann.get(first, follow_redirects=False)
    assert (gone.status_code, gone.headers["location"]) == (303, "/pages?q=a")
    assert bell(await ann.get("/")) == "Notifications, 1 unread"
    assert (await ann.get("/notifications")).text.count(">unread<") == 1
    assert (await own.anyone().get(first, headers=HTML)).status_code in {302, 303, 401}
    for odd in ("x", str(uuid4())):
        assert (await ann.get(f"/notifications/{odd}")).status_code == 404


async def test_all_of_it_can_be_read_at_once(own):
    """By one button, of one person."""
    ann, bob = await own.as_("editor"), await own.as_("reader")
    for each in (ann, bob):
        await tell(own, each.person, "One", "Two")
    assert (await ann.send_form("/notifications")).headers["location"] == "/notifications"
    assert bell(await ann.get("/")) == "Notifications"
    assert "Mark all" not in (await ann.get("/notifications")).text
    assert bell(await bob.get("/")) == "Notifications, 2 unread"


async def test_a_long_list_goes_on(own):
    """Each once, also those of one moment."""
    ann = await own.as_("editor")
    assert "Nothing yet" in (await ann.get("/notifications")).text
    for _ in range(2):
        await tell(own, ann.person, *(f"n{number:02}" for number in range(60)))
    found, address = [], "/notifications"
    while address:
        shown = (await ann.get(address)).text
        found += re.findall(r">(n\d\d)<", shown)
        further = re.search(r'href="([^"]*before=[^"]*)"', shown)
        address = further[1] if further else None
    assert found == sorted([f"n{number:02}" for number in range(60)] * 2, reverse=True)


async def test_programs_see_and_read_them(own):
    """The same by the API; a token that only reads marks nothing."""
    await tell(own, (await own.as_("editor")).person, "One", "Two")
    api, looking = await own.api("editor"), await own.api("editor", "read")
    found = (await looking.get("/api/notifications", params={"unread": "1"})).json()
    assert ([each["title"] for each in found["items"]], found["unread"]) == (["Two", "One"], 2)
    assert found["items"][0]["read_at"] is None
    assert found["items"][0]["to_do"].startswith("Open it")
    ids = {"ids": [found["items"][0]["id"]]}
    assert (await looking.post("/api/notifications/read", json=ids)).status_code == 403
    assert (await api.post("/api/notifications/read", json=ids)).json() == {"unread": 1}
    assert [n["title"] for n in (await api.get("/api/notifications?unread=1")).json()["items"]] == [
        "One"
    ]
    for bad in ("x", ["x"], [1], {}, [str(uuid4())] * 201):
        assert (await api.post("/api/notifications/read", json={"ids": bad})).status_code == 422
    assert (await api.post("/api/notifications/read")).json() == {"unread": 0}
    assert len((await api.get("/api/notifications")).json()["items"]) == 2
