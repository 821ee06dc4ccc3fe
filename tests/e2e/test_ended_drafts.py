"""People who are in a draft when it ends: they are told, and what they type on is not lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import PAGE
from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser

Sit = Callable[..., Desk]
MakeHouse = Callable[..., House]
TEXT = "# Plan\n\nThe beginning.\n"
DRAFT = "draft/plan"


def begun(house: House, sit: Sit) -> tuple[Desk, Desk]:
    """Ada starts a draft of the page and Bob is in it, too."""
    ada, bob = sit(house), sit(house, "Bob")
    ada.page.goto(f"{house.url}/p/main/{PAGE}")
    ada.page.locator(".page-bar .actions button", has_text="Start a draft").click()
    ada.page.wait_for_url(f"**/edit/{DRAFT}/**")
    ada.page.locator(".cm-content").wait_for(timeout=20_000)
    ada.go("Control+End")
    ada.type("Written in the draft.\n")
    ada.saved()
    bob.open(PAGE, DRAFT)
    bob.sees("Written in the draft.")
    return ada, bob


def test_who_is_in_a_draft_that_is_merged_is_told_and_types_on(
    make_house: MakeHouse, sit: Sit
) -> None:
    """What became of it, by whom, and a link; the first key says where the words go, and there they
    are when everybody has left.
    """
    house = make_house({PAGE: TEXT}, quiet_seconds=1)
    house.start()
    ada, bob = begun(house, sit)
    ada.page.goto(f"{house.url}/drafts/{DRAFT}")
    ada.page.get_by_role("button", name="Merge into main").click()
    expect(ada.page.locator("h1").first).to_contain_text("merged")
    told = bob.notice("The draft “Plan” was merged into main by Ada.")
    told.wait_for(timeout=20_000)
    assert told.get_by_role("link").get_attribute("href") == f"/p/main/{PAGE}"
    bob.go("Control+End")
    bob.type("Typed after the merge.\n")
    expect(bob.page.locator(".notice-warn")).to_contain_text("kept in the branch")
    bob.saved()
    bob.page.close()
    until(lambda: "Typed after the merge." in house.git("show", f"{DRAFT}:{PAGE}"), 20)
    assert "Typed after" not in house.git("show", f"main:{PAGE}")
    ada.page.goto(f"{house.url}/drafts")
    row = ada.page.locator("li.row", has_text=DRAFT).first
    expect(row).to_contain_text("written on since it was merged")


@pytest.mark.parametrize("role", ["editor", "reader"])
def test_who_is_in_a_draft_whose_branch_is_deleted_is_told(
    make_house: MakeHouse, sit: Sit, role: str
) -> None:
    """Also who only reads; a version saved in it brings the branch back, and the notice goes."""
    house = make_house({PAGE: TEXT}, quiet_seconds=1)
    house.start()
    house.git("branch", "aside")
    ada, bob = sit(house), sit(house, "Bob", role=role)
    for desk in (ada, bob):
        # Once it has asked for comments: they are gone with the branch.
        with desk.page.expect_response("**/api/drafts/aside/review"):
            desk.open(PAGE, "aside")
    bob.sees("The beginning.")
    ada.saved()
    house.git("branch", "-D", "aside")
    words = "The branch aside was deleted; what was committed on it is on main."
    for desk in (bob, ada):
        desk.page.bring_to_front()
        desk.notice(words).wait_for(timeout=20_000)
    ada.go("Control+End")
    ada.type("After it was deleted.\n")
    expect(ada.page.locator(".notice-warn").first).to_contain_text("recovered")
    ada.saved()
    ada.save_version("Go on")
    assert "After it was deleted." in house.git("show", f"aside:{PAGE}")
    expect(bob.page.locator(".notice", has_text="was deleted")).to_have_count(0, timeout=20_000)


def test_a_closed_draft_says_so_until_it_is_opened_again(make_house: MakeHouse, sit: Sit) -> None:
    house = make_house({PAGE: TEXT})
    house.start()
    ada, bob = begun(house, sit)
    ada.page.goto(f"{house.url}/drafts/{DRAFT}")
    ada.page.get_by_role("button", name="Close").click()
    expect(ada.page.locator("h1").first).to_contain_text("closed")
    notice = bob.notice("The draft “Plan” was closed by Ada; it can be opened again.")
    notice.wait_for(timeout=20_000)
    ada.page.get_by_role("button", name="Open it again").click()
    ada.page.wait_for_url(f"**/drafts/{DRAFT}")
    expect(notice).to_have_count(0, timeout=20_000)


def test_who_is_in_a_draft_whose_branch_is_renamed_goes_on_in_it(
    make_house: MakeHouse, sit: Sit
) -> None:
    """`git branch -m` in the terminal: they are told its name, and what they type is in it."""
    house = make_house({PAGE: TEXT})
    house.start()
    _, bob = begun(house, sit)
    house.git("branch", "-m", DRAFT, "plan-b")
    bob.go("Control+End")
    bob.type("Typed after it was renamed.\n")
    bob.notice("The branch of this draft is now called plan-b.").wait_for(timeout=20_000)
    assert bob.page.url == f"{house.url}/edit/plan-b/{PAGE}"
    expect(bob.page.locator(".names .branch")).to_have_text("plan-b")
    expect(bob.notice("was deleted")).to_have_count(0)
    bob.save_version("On and on")
    assert "Typed after it was renamed." in house.git("show", f"plan-b:{PAGE}")
    assert house.git("branch", "--list", DRAFT) == ""
    bob.page.locator(".names .branch").click()
    expect(bob.page.locator("h1").first).to_have_text("Plan")
    expect(bob.page.locator("main")).to_contain_text("Typed after it was renamed.")


def test_comments_stay_in_an_open_editor_when_branch_and_page_are_renamed(
    make_house: MakeHouse, sit: Sit
) -> None:
    """They are asked for where both lie now, and answered there."""
    house = make_house({PAGE: TEXT})
    house.start()
    ada, bob = begun(house, sit)
    ada.save_version("Begin the draft")
    note = {"text": "Which one?", "page_path": PAGE, "quote": "the draft", "line": 4}
    ada.post(f"/api/drafts/{DRAFT}/comments", note)
    marks = bob.page.locator(".comment-mark")
    bob.look_again()
    expect(marks).to_have_text("the draft")
    house.git("branch", "-m", DRAFT, "plan-b")
    bob.notice("The branch of this draft is now called plan-b.").wait_for(timeout=20_000)
    answer = bob.page.locator(".panel.comments").locator("a")
    bob.look_again()
    expect(answer).to_have_attribute("href", re.compile("^/drafts/refs/heads/plan-b#"))
    expect(marks).to_have_text("the draft")
    there = house.repository.parent / "plan-b"
    house.git("worktree", "add", "--quiet", str(there), "plan-b")
    house.run_git(there, "mv", PAGE, "docs/pay.md")
    house.run_git(there, "commit", "--quiet", "--message", "Call it pay")
    bob.notice("This page is now called docs/pay.md.").wait_for(timeout=20_000)
    bob.look_again()
    expect(marks).to_have_text("the draft")
    expect(bob.page.locator(".comment-count")).to_have_text("1 comment")
