"""What a person sees and keeps in the editor, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from .stand_in import Server

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
OFFLINE = re.compile(r"Kept on this device — reconnecting \(\d+ (changes?|words?) waiting\)")


def status(page: Page):
    return page.locator(".status-text")


def saved(page: Page) -> None:
    expect(status(page)).to_have_text("Saved", timeout=15_000)


def write(page: Page, text: str, *, at: str = "Control+End") -> None:
    page.locator(".cm-content").focus()
    page.keyboard.press(at)
    page.keyboard.type(text)


def test_saved_means_that_the_server_has_the_text(server: Server, open_page: Open) -> None:
    """The word "Saved" comes only when the server's document holds what was typed."""
    ada = open_page("Ada")
    saved(ada)
    write(ada, "A last line, typed quickly.")
    saved(ada)
    assert server.text.endswith("A last line, typed quickly.")


def test_two_people_typing_at_once_agree_and_lose_nothing(server: Server, open_page: Open) -> None:
    """Both texts arrive whole at the server and on both screens."""
    ada, bob = open_page("Ada"), open_page("Bob")
    saved(ada), saved(bob)
    ada.locator(".cm-content").focus()
    bob.locator(".cm-content").focus()
    ada.keyboard.press("Control+End")
    bob.keyboard.press("Control+Home")
    for letter in "abcdefghijklmnopqrst":
        ada.keyboard.type(letter)
        bob.keyboard.type(letter.upper())
    saved(ada), saved(bob)
    assert server.text.startswith("ABCDEFGHIJKLMNOPQRST---")
    assert server.text.endswith("abcdefghijklmnopqrst")
    ada.keyboard.press("Control+Home")
    expect(ada.locator(".cm-line").first).to_have_text("ABCDEFGHIJKLMNOPQRST---")


def test_undo_takes_back_only_ones_own_edits(server: Server, open_page: Open) -> None:
    """Ada's undo leaves what Bob wrote after her."""
    ada, bob = open_page("Ada"), open_page("Bob")
    write(ada, "ADA")
    saved(ada)
    write(bob, "BOB", at="Control+Home")
    saved(bob)
    expect(ada.locator(".preview-body")).to_contain_text("BOB")
    ada.keyboard.press("Control+z")
    saved(ada)
    assert server.text.startswith("BOB")
    assert "ADA" not in server.text


def test_people_see_each_other_and_where_they_are(open_page: Open) -> None:
    """Name, face, count, cursor and selection come with a person and go with them."""
    ada, bob = open_page("Ada"), open_page("Bob")
    write(bob, "", at="Control+Home")
    expect(ada.locator(".people-count")).to_have_text("2 people")
    expect(ada.locator(".remote-flag")).to_have_attribute("data-name", "Bob")
    bob.keyboard.press("ArrowDown")
    bob.keyboard.press("Shift+End")
    expect(ada.locator(".remote-selection")).to_have_text("title: Checkout")
    bob.close()
    expect(ada.locator(".people-count")).to_have_text("Only you", timeout=15_000)
    expect(ada.locator(".remote-flag, .remote-selection")).to_have_count(0)


def test_who_is_there_moves_nothing_on_a_telephone(server: Server, open_page: Open) -> None:
    """Coming, typing, being followed: words and faces stay in one row, names inside the screen."""
    ada = open_page("Ada", width=360, height=740)
    saved(ada)

    def top() -> float:
        box = ada.locator(".tabs").bounding_box()
        assert box is not None
        return box["y"]

    alone, count = top(), ada.locator(".people-count")
    bob = open_page("Bartholomew Longname", width=360, height=740)
    write(bob, "", at="Control+Home")
    expect(count).to_have_text("2 people")
    assert top() == alone
    bob.keyboard.type("A line that ends where the screen ends\n")
    expect(count).to_have_text("Bartholomew Longname is typing…")
    assert top() == alone
    bob.keyboard.press("ArrowLeft")
    ada.wait_for_function(
        """() => {
          const box = document.querySelector(".remote-flag")?.getBoundingClientRect();
          return box && box.width > 100 && box.right <= 360;
        }"""
    )
    ada.get_by_role("button", name="Go to Bartholomew Longname and follow").click()
    expect(ada.get_by_role("button", name="Stop following Bartholomew Longname")).to_be_visible()
    assert top() == alone
    assert ada.evaluate("document.documentElement.scrollWidth") <= 360
    expect(ada.get_by_role("heading", name="Checkout", level=1).first).to_be_visible()
    ada.keyboard.press("Escape")
    bob.close()
    expect(count).to_have_text("Only you", timeout=15_000)
    server.control("refuse", [1012, ""])
    server.control("cut", {})
    write(ada, "kept here")
    expect(status(ada)).to_contain_text("reconnecting (2 words waiting)")
    assert count.evaluate("(words) => words.scrollWidth <= words.clientWidth + 1")
    assert top() == alone


def test_what_is_typed_without_the_server_outlives_a_reload(
    server: Server, open_page: Open
) -> None:
    """Offline typing is kept on the device, said so, and arrives when the server is back."""
    ada = open_page("Ada")
    saved(ada)
    server.control("refuse", [1012, ""])
    server.control("cut", {})
    write(ada, "Typed offline.")
    expect(status(ada)).to_have_text(OFFLINE)
    ada.reload()
    ada.locator(".cm-content").wait_for()
    expect(status(ada)).to_have_text(OFFLINE)
    assert "Typed offline." not in server.text
    server.control("refuse", None)
    saved(ada)
    assert server.text.endswith("Typed offline.")


def test_a_server_that_cannot_store_is_named(server: Server, open_page: Open) -> None:
    """Postgres away: the page says so, typing goes on and arrives later."""
    ada = open_page("Ada")
    saved(ada)
    server.control("refuse", [4503, "The store is away."])
    server.control("cut", {"code": 4503, "reason": "The store is away."})
    write(ada, "Still typing.")
    expect(status(ada)).to_have_text("Server cannot store right now, typing is kept on this device")
    server.control("refuse", None)
    saved(ada)
    assert server.text.endswith("Still typing.")


def test_a_reader_cannot_type(server: Server, open_page: Open) -> None:
    """Readers follow the text; their keys change nothing, and the reason is said."""
    before = server.text
    reader = open_page("Rita", canWrite=False, readOnlyReason="your role is reader")
    expect(status(reader)).to_have_text("Read only: your role is reader")
    write(reader, "x")
    expect(reader.locator(".save")).to_have_count(0)
    writer = open_page("Ada")
    write(writer, "Y")
    saved(writer)
    assert server.text == before + "Y"


def test_ctrl_s_asks_for_a_message_and_saves_a_version(server: Server, open_page: Open) -> None:
    """The dialog is ours; Ctrl+Enter sends the message with the token."""
    ada = open_page("Ada")
    write(ada, " ")
    ada.keyboard.press("Control+s")
    expect(ada.locator("dialog h2")).to_have_text("Save version")
    ada.keyboard.type("Say what changed")
    ada.keyboard.press("Control+Enter")
    expect(ada.locator(".notice-text")).to_contain_text("Version saved (1234567)")
    call = next(one for one in server.control("calls") if one["path"] == "/api/versions")
    document = call["data"].pop("document")
    assert document.startswith("automerge:")
    assert call["data"] == {
        "branch": "main",
        "page_path": "docs/checkout.md",
        "message": "Say what changed",
    }
    assert call["csrf"] == "token"


def test_what_is_typed_while_a_version_is_saved_is_in_the_text(
    server: Server, open_page: Open
) -> None:
    """A hook takes its time and then refuses: no key goes into the dialog, the message is kept."""
    ada = open_page("Ada")
    saved(ada)
    held: list[Route] = []
    ada.route("**/api/versions", lambda route: held.append(route))  # noqa: PLW0108
    write(ada, "Before. ")
    ada.keyboard.press("Control+s")
    ada.keyboard.type("Say what changed")
    ada.keyboard.press("Control+Enter")
    ada.keyboard.type("While it is saved.")
    saved(ada)
    assert server.text.endswith("Before. While it is saved.")
    notice = ada.locator(".notice", has_text="ersion")
    expect(notice).to_contain_text("Saving the version")
    held.pop().fulfill(json={"commits": [], "refused": "No ticket."})
    expect(notice).to_contain_text("The version is not saved. The repository did not take it: No")
    notice.get_by_role("button", name="Try again").click()
    expect(ada.locator("#version-message")).to_have_value("Say what changed")
    ada.unroute("**/api/versions")
    ada.keyboard.press("Control+Enter")
    expect(notice).to_contain_text("Version saved (1234567)")


def test_a_conflict_shows_both_versions_and_three_choices(server: Server, open_page: Open) -> None:
    """Keeping the second is an ordinary edit, and the server is told."""
    ada = open_page("Ada")
    write(ada, "Ours here.\nTheirs here.\n")
    saved(ada)
    conflict = {"id": "c1", "ours": {"text": "Ours here.\n"}, "theirs": {"text": "Theirs here.\n"}}
    server.control("conflicts", [conflict])
    server.control(
        "emit",
        {
            "type": "git.conflict.detected",
            "data": {"branch": "main", "page_path": "docs/checkout.md"},
        },
    )
    expect(ada.locator(".conflict-bar")).to_contain_text("Two people wrote different things here.")
    ada.get_by_role("button", name="Keep second").click()
    expect(ada.locator(".conflict-bar")).to_have_count(0)
    saved(ada)
    assert server.text.endswith("Theirs here.\n")
    assert "Ours here." not in server.text
    calls = server.control("calls")
    assert [one["data"] for one in calls if one["path"] == "/api/conflicts/c1/resolve"] == [
        {"kept": "second"}
    ]


def test_the_editor_follows_a_retired_document_to_its_successor(
    server: Server, open_page: Open
) -> None:
    """Typing goes on in the new document; undo still knows what was typed in the old one."""
    ada = open_page("Ada")
    write(ada, "Written earlier, ")
    saved(ada)
    server.control("retire")
    server.control("edit", {"at": 0, "insert": "NEW "})
    ada.keyboard.press("Control+Home")
    expect(ada.locator(".cm-line").first).to_have_text("NEW ---")
    write(ada, "after")
    saved(ada)
    assert server.text.endswith("Written earlier, after")
    for _ in range(3):
        ada.keyboard.press("Control+z")
    saved(ada)
    assert "Written earlier" not in server.text


def test_text_of_a_document_that_was_replaced_meanwhile_is_sent_late(
    server: Server, open_page: Open
) -> None:
    """What was typed offline into a document the server gave up arrives as bytes, once."""
    ada = open_page("Ada")
    saved(ada)
    server.control("refuse", [1012, ""])
    server.control("cut", {})
    write(ada, "Typed too late.")
    expect(status(ada)).to_have_text(OFFLINE)
    server.control("replace")
    server.control("refuse", None)
    ada.reload()
    expect(ada.locator(".notice-text")).to_contain_text("Text you typed before")
    late = [one for one in server.control("calls") if one["path"].endswith("/late")]
    assert len(late) == 1
    assert late[0]["size"] > 100
    assert "page_path=docs%2Fcheckout.md" in late[0]["query"]
    ada.reload()
    saved(ada)
    assert len([one for one in server.control("calls") if one["path"].endswith("/late")]) == 1


def test_the_preview_follows_the_text(open_page: Open) -> None:
    """Typing shows in the preview; problems stand on their line and in the list."""
    ada = open_page("Ada")
    write(ada, "\n## A new part\n")
    expect(ada.locator(".preview-body h2").last).to_have_text("A new part")
    expect(ada.locator(".cm-lint-marker-warning")).to_have_count(1)
    ada.get_by_role("button", name="1 problem").click()
    expect(ada.locator(".problems")).to_contain_text("No page research.md.")
    expect(ada.locator(".outline li").last).to_have_text("A new part")


def test_the_slash_menu_puts_things_in(server: Server, open_page: Open) -> None:
    """`/req` and Enter begin the next requirement."""
    ada = open_page("Ada")
    write(ada, "\n/req")
    expect(ada.locator(".cm-tooltip-autocomplete")).to_contain_text("Requirement")
    ada.wait_for_timeout(100)  # the list takes no key in its first moment, by design
    ada.keyboard.press("Enter")
    ada.keyboard.type("Pay by wallet.")
    saved(ada)
    assert server.text.endswith("\n- [REQ-003] Pay by wallet.")


def test_a_click_ticks_a_task(server: Server, open_page: Open) -> None:
    """The box in the text is the text."""
    ada = open_page("Ada")
    ada.get_by_role("checkbox", name="Talk to the payments team").click()
    saved(ada)
    assert "- [x] Talk to the payments team" in server.text


def test_the_narrow_page_shows_one_pane_and_the_state(open_page: Open) -> None:
    """At 360 px nothing scrolls sideways, and saving can be read."""
    ada = open_page("Ada", width=360, height=740)
    saved(ada)
    wide = ada.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 360
    box = status(ada).bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 360
    ada.get_by_role("button", name="Preview", exact=True).click()
    expect(ada.locator(".preview-body h1")).to_be_visible()
    expect(ada.locator(".cm-content")).to_be_hidden()
