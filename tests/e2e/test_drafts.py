"""A draft from the first click to the merge, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import PAGE
from .desk import Desk
from .house import House

pytestmark = pytest.mark.browser

Sit = Callable[..., Desk]
MakeHouse = Callable[..., House]
TEXT = "# Plan\n\nOne **shopper** in [three](https://example.org) leaves.\n\nThe end.\n"


def test_a_draft_is_written_reviewed_and_merged(make_house: MakeHouse, sit: Sit) -> None:
    """Ada starts it from a page and writes; Bob marks words and suggests others; Ada takes them, Bob
    approves, Ada merges, and main's open editor has it.
    """
    house = make_house({PAGE: TEXT})
    house.start()
    ada, bob = sit(house), sit(house, "Bob")
    bob.open(PAGE)
    bob.saved()
    ada.page.goto(f"{house.url}/p/main/{PAGE}")
    # A form in a paragraph ends it: the button would stand apart.
    ada.page.locator(".page-bar .actions button", has_text="Start a draft").click()
    ada.page.wait_for_url("**/edit/draft/plan/**")
    ada.page.locator(".cm-content").wait_for(timeout=20_000)
    ada.saved()
    ada.go("Control+End")
    ada.type("\n- [REQ-9] A requirement.")
    ada.save_version("Add a requirement")
    reading = bob.tab()
    reading.goto(f"{house.url}/drafts/draft/plan")
    expect(reading.locator("main")).to_contain_text("REQ-9")
    reading.locator(".change article p", has_text="One shopper").click(click_count=3)
    reading.locator(".pick").click()
    reading.locator("[data-suggest]").last.click()
    suggestion = reading.locator("textarea[name=suggestion]")
    expect(suggestion).to_have_value("One **shopper** in [three](https://example.org) leaves.")
    suggestion.fill("Every third shopper leaves.")
    reading.locator(".change button[value=comment]").last.click()
    expect(reading.locator(".thread ins")).to_have_text("Every third shopper leaves.")
    ada.page.goto(f"{house.url}/drafts/draft/plan")
    ada.page.get_by_role("button", name="Take this suggestion").click()
    expect(ada.page.locator(".thread")).to_contain_text("Taken by Ada")
    reading.reload()
    reading.get_by_role("button", name="Approve").click()
    expect(reading.locator(".verdicts")).to_contain_text("approved")
    bob.page.bring_to_front()
    bob.go("Control+Home")
    ada.page.reload()
    ada.page.get_by_role("button", name="Merge into main").click()
    expect(ada.page.locator("h1").first).to_contain_text("merged")
    bob.sees("Every third shopper leaves.")
    assert bob.settle(PAGE) == (
        "# Plan\n\nEvery third shopper leaves.\n\nThe end.\n\n- [REQ-9] A requirement."
    )
    assert house.git("fsck", "--strict") == ""
    assert "Co-authored-by: Bob" in house.git("log", "--format=%B", "main")


def test_a_draft_is_started_from_the_editor(make_house: MakeHouse, sit: Sit) -> None:
    """By the menu, with what is typed and not committed yet; the branch leads to what it changes."""
    house = make_house({PAGE: TEXT})
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    ada.go("Control+End")
    ada.type("Typed just now.\n")
    ada.saved()
    ada.page.get_by_role("button", name="More").click()
    ada.page.get_by_role("menuitem", name="Start a draft of this page").click()
    ada.page.wait_for_url("**/edit/draft/plan/**")
    ada.page.locator(".cm-content").wait_for(timeout=20_000)
    ada.sees("Typed just now.")
    ada.page.locator("a.branch").click()
    expect(ada.page.locator("h1")).to_have_text("Plan")


def test_what_is_said_stands_beside_its_words(make_house: MakeHouse, sit: Sit) -> None:
    """With room: at their height, in a column of its own; on a telephone: below their block. The number
    at the words leads to the conversation by the keyboard, and back.
    """
    house = make_house({PAGE: TEXT.replace("The end.", "More words.\n\n" * 9 + "The end.")})
    house.start()
    ada = sit(house)
    house.git("branch", "draft/plan")
    ada.page.goto(f"{house.url}/edit/draft/plan/{PAGE}")
    ada.page.locator(".cm-content").wait_for(timeout=20_000)
    ada.go("Control+End")
    ada.type("\nOne more line.")
    ada.save_version("Write")
    page = ada.page
    page.goto(f"{house.url}/drafts/draft/plan")
    for words in ("The end.", "One shopper"):
        page.locator(".change article p", has_text=words).click(click_count=3)
        page.locator(".pick").click()
        page.locator(".change textarea[name=text]").last.fill(f"About {words}")
        page.locator(".change button[value=comment]").last.click()
        expect(page.locator("aside.beside", has_text=f"About {words}")).to_be_visible()
    block, words = page.locator(".change p:has(mark)").first, page.locator("a.said").first
    aside = page.locator("aside.beside", has_text="About One shopper")
    expect(page.locator(".lifted aside.beside", has_text="About One shopper")).to_be_visible()
    beside, at = aside.bounding_box(), block.bounding_box()
    assert beside
    assert at
    assert beside["x"] > at["x"] + at["width"]
    assert abs(beside["y"] - at["y"]) < 60
    words.focus()
    page.keyboard.press("Enter")
    expect(aside.locator("article")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("p a.said:target")).to_have_text("2")
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.locator("article.lifted")).to_have_count(0)
    beside, at = aside.bounding_box(), block.bounding_box()
    assert beside
    assert at
    assert 0 <= beside["y"] - (at["y"] + at["height"]) < 40
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


_PAST_THE_EDGE = """() => [...document.querySelectorAll("main *")].filter((element) => {
  for (let above = element.parentElement; above; above = above.parentElement)
    if (above !== document.body && getComputedStyle(above).overflowX !== "visible" && above !== document.documentElement)
      return false;
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.right > innerWidth + 1;
}).map((element) => element.outerHTML.slice(0, 80))"""


def test_long_names_and_lines_fit_a_telephone(make_house: MakeHouse, sit: Sit) -> None:
    """A draft with names that have no place to break, and who wrote which line: all of it is there at
    360 px, nothing past the edge, and the text has the width of the page.
    """
    house = make_house({PAGE: TEXT})
    house.start()
    ada = sit(house, viewport={"width": 360, "height": 740})
    long = "averylongnamewithoutanyplacetobreakit" * 3
    house.git("checkout", "--quiet", "-b", "draft/plan")
    house.put(f"docs/{long}.md", f"# {long}\n\n- [REQ-1] New.\n")
    house.put(f"docs/{long}.txt", "x\n")
    house.git("add", ".")
    house.git("commit", "--quiet", "--message", f"Add {long}")
    house.git("checkout", "--quiet", "main")
    ada.page.goto(f"{house.url}/drafts/draft/plan")
    expect(ada.page.locator("main")).to_contain_text("REQ-1")
    assert ada.page.evaluate(_PAST_THE_EDGE) == []
    ada.page.goto(f"{house.url}/blame/main/{PAGE}")
    text = ada.page.locator(".blame pre").first.bounding_box()
    assert text
    assert text["width"] > 280
    assert text["x"] + text["width"] <= 360
    assert ada.page.evaluate(_PAST_THE_EDGE) == []


def test_the_last_paragraph_is_marked_by_three_clicks(make_house: MakeHouse, sit: Sit) -> None:
    """The browser's selection reaches behind the page then; the words are those of the page."""
    house = make_house({PAGE: TEXT})
    house.start()
    ada = sit(house)
    house.git("checkout", "--quiet", "-b", "draft/plan")
    house.put(PAGE, TEXT + "\nThe last words.\n")
    house.git("commit", "--quiet", "--all", "--message", "More")
    house.git("checkout", "--quiet", "main")
    page = ada.page
    page.goto(f"{house.url}/drafts/draft/plan")
    page.locator(".change article p", has_text="The last words.").click(click_count=3)
    page.locator(".pick").click()
    expect(page.locator("[data-quote]").first).to_have_text("The last words.")
    page.locator(".change textarea[name=text]").last.fill("Really?")
    page.locator(".change button[value=comment]").last.click()
    expect(page.locator("article.thread").first).to_contain_text("Really?")


def test_comments_stand_at_their_words_in_the_editor(make_house: MakeHouse, sit: Sit) -> None:
    """Marked while one types around them, with a list beside the text that leads there."""
    house = make_house({PAGE: TEXT})
    house.start()
    ada = sit(house)
    house.git("branch", "draft/plan")
    house.git("checkout", "--quiet", "draft/plan")
    house.put(PAGE, TEXT + "\nMore.\n")
    house.git("commit", "--quiet", "--all", "--message", "More")
    house.git("checkout", "--quiet", "main")
    page = ada.page
    page.goto(f"{house.url}/drafts/draft/plan")
    page.locator(".change article p", has_text="One shopper").click(click_count=3)
    page.locator(".pick").click()
    page.locator(".change textarea[name=text]").last.fill("Only one?")
    page.locator(".change button[value=comment]").last.click()
    expect(page.locator("aside.beside")).to_contain_text("Only one?")
    ada.open(PAGE, "draft/plan")
    ada.saved()
    mark = page.locator(".comment-mark").first
    expect(mark).to_have_attribute("title", "1 · Ada: Only one?")
    ada.go("Control+Home")
    ada.type("Above. ")
    expect(mark).to_contain_text("One")
    page.get_by_role("button", name="1 comment").click()
    page.locator(".panel.comments").get_by_role("button", name="Only one?").click()
    assert ada.cursor > len("Above. # Plan\n")
    other = sit(house)
    other.page.goto(f"{house.url}/drafts/draft/plan")
    answer = other.page.locator("article.thread", has_text="Only one?").first
    answer.locator("details.answer summary").first.click()
    answer.locator("textarea").first.fill("For now.")
    answer.locator("button[value=reply]").first.click()
    expect(other.page.locator("article.thread").first).to_contain_text("For now.")
    expect(page.locator(".panel.comments")).to_contain_text("1 answer", timeout=30_000)
    page.locator(".panel.comments").get_by_role("link", name="Answer").click()
    expect(page.locator("article.thread:target")).to_contain_text("Only one?")
    ada.open(PAGE)
    ada.saved()
    expect(page.locator(".comment-mark")).to_have_count(0)


def test_a_draft_that_others_go_on_with_says_so_and_stays_as_it_is(
    make_house: MakeHouse, sit: Sit
) -> None:
    """Not for one's own words; a comment that is being written stays, and a link shows what is new."""
    house = make_house({PAGE: TEXT})
    house.start()
    house.git("branch", "draft/plan")
    ada, bob = sit(house), sit(house, "Bob")
    for desk in (ada, bob):
        desk.page.goto(f"{house.url}/drafts/draft/plan")
    page, news = ada.page, ada.page.locator(".news")
    page.locator("details.answer summary", has_text="Comment on the draft").first.click()
    mine = page.locator("form:has(button[value=comment]) textarea").first
    mine.fill("What about shops?")
    page.wait_for_timeout(11_000)
    expect(news).to_be_empty()
    bob.page.locator("details.answer summary", has_text="Comment on the draft").first.click()
    bob.page.locator("form:has(button[value=comment]) textarea").first.fill("Good so.")
    bob.page.locator("button[value=comment]").first.click()
    expect(bob.page.locator("article.thread").first).to_contain_text("Good so.")
    expect(news).to_contain_text("something new", timeout=20_000)
    expect(mine).to_have_value("What about shops?")
    bob.page.wait_for_timeout(11_000)
    expect(bob.page.locator(".news")).to_be_empty()
    news.get_by_role("link", name="Show it").click()
    expect(page.locator("article.thread").first).to_contain_text("Good so.")
    bob.page.get_by_role("button", name="Close", exact=True).click()
    expect(news).to_contain_text("something new", timeout=20_000)


def test_a_role_that_is_taken_away_in_the_middle(make_house: MakeHouse, sit: Sit) -> None:
    """Bob types in his draft when he becomes a reader: what he typed before is in it, what he types then is
    sent to nobody, and he is told so; when he may write again it is there.
    """
    house = make_house({PAGE: TEXT})
    house.start()
    ada, bob = sit(house), sit(house, "Bob")
    house.git("branch", "draft/plan")
    bob.open(PAGE, "draft/plan")
    bob.go("Control+End")
    bob.type("Before. ")
    bob.saved()

    def becomes(role: str) -> None:
        ada.page.goto(f"{house.url}/people")
        row = ada.page.locator("li.row", has_text="bob@example.org")
        row.locator("select").select_option(role)
        row.get_by_role("button", name="Change").click()
        expect(ada.page.locator(".notice.good")).to_contain_text(role)

    becomes("reader")
    told = bob.notice("You may not write here any more: your role is reader")
    told.wait_for(timeout=20_000)
    bob.type("After. ")
    becomes("editor")
    expect(told).to_have_count(0, timeout=20_000)
    bob.saved()
    assert bob.text.endswith("Before. After. ")
    bob.save_version("Both")
    assert "Before. After." in house.git("show", f"draft/plan:{PAGE}")
