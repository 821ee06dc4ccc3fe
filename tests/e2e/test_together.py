"""Two browsers and a terminal on one page: everyone sees everything, once, under its writer's name."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import docx
import pypdf
import pytest
from playwright.sync_api import expect

from .desk import Desk, typing
from .house import House, numbered, until, words_of

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]
THREE = "# Three\n\nStart.\n\nMiddle.\n\nEnd.\n"


def test_two_browsers_and_a_terminal_agree_everywhere(shared: House, sit: Sit) -> None:
    """Browsers, file, log, blame, fsck, site, PDF and Word hold every word once, by its typer."""
    page = shared.add_page("docs/one.md", THREE)
    ada, bob = sit(shared, "Ada"), sit(shared, "Bob")
    ada.open(page), bob.open(page)
    ada.go("Control+Home", "ArrowDown", "ArrowDown", "End")
    bob.go("Control+End", "ArrowUp", "ArrowUp", "ArrowUp", "End")
    ada.type("\n\n"), bob.type("\n\n")
    for number in typing({"ada": ada, "bob": bob}, 12):
        if number == 5:
            with shared.path(page).open("a") as file:
                file.write("\nfrom the terminal\n")
    ada.sees("from the terminal"), bob.sees("from the terminal")
    ada.settle(page, bob)
    ada.save_version("Words by two")
    with shared.path(page).open("a") as file:
        file.write("\ncommitted by Tim\n")
    shared.commit_as("Tim", page)
    bob.sees("committed by Tim")
    text = ada.settle(page, bob)

    _all_there_once(text)
    assert shared.committed(page) == text
    authors = shared.blame(page)
    assert {authors[line] for line in text.splitlines() if line.startswith("ada")} == {"Ada"}
    assert {authors[line] for line in text.splitlines() if line.startswith("bob")} == {"Bob"}
    assert authors["committed by Tim"] == "Tim"
    assert shared.git("fsck", "--strict", "--no-dangling") == ""
    assert shared.git("status", "--porcelain", "--", "docs") == ""
    for shown in (_site(ada, "docs/one"), _pdf(ada, page), _word(ada, page)):
        _all_there_once(shown)


def _all_there_once(text: str) -> None:
    assert words_of(text, "ada") == numbered("ada", 12)
    assert words_of(text, "bob") == numbered("bob", 12)
    assert text.count("from the terminal") == text.count("committed by Tim") == 1


def _site(desk: Desk, name: str) -> str:
    tab = desk.tab()

    def shown() -> str | None:
        tab.goto(f"{desk.house.url}/site/{name}/")
        body = tab.locator("article").inner_text() if tab.locator("article").count() else ""
        return body if "committed by Tim" in body else None

    return until(shown, 10, what="the commit on the site")


def _pdf(desk: Desk, page: str) -> str:
    answer = desk.context.request.get(f"{desk.house.url}/export/main/{page}?format=pdf")
    assert answer.ok, answer.text()
    return "\n".join(
        part.extract_text() for part in pypdf.PdfReader(io.BytesIO(answer.body())).pages
    )


def _word(desk: Desk, page: str) -> str:
    answer = desk.context.request.get(f"{desk.house.url}/export/main/{page}?format=docx")
    assert answer.ok, answer.text()
    return "\n".join(one.text for one in docx.Document(io.BytesIO(answer.body())).paragraphs)


def test_a_version_has_its_message_and_its_writer(shared: House, sit: Sit) -> None:
    """Ctrl-S asks for a message; the commit is under the person's name."""
    page = shared.add_page("docs/version.md", THREE)
    ada, bob = sit(shared, "Ada"), sit(shared, "Bob")
    ada.open(page), bob.open(page)
    bob.go("Control+End")
    bob.type("Bob's line.")
    bob.saved()
    bob.save_version("Say what Bob means")
    assert shared.git("log", "-1", "--format=%an <%ae> %s", "--", page) == (
        "Bob <bob@example.org> Say what Bob means"
    )
    assert shared.committed(page) == shared.file(page) == bob.text


def test_people_in_the_page_are_named(shared: House, sit: Sit) -> None:
    """Both see how many are there and who."""
    page = shared.add_page("docs/people.md", THREE)
    ada, bob = sit(shared, "Ada"), sit(shared, "Bob")
    ada.open(page), bob.open(page)
    for desk, other in ((ada, "Bob"), (bob, "Ada")):
        expect(desk.page.locator(".people-count")).to_have_text("2 people")
        expect(desk.page.get_by_role("button", name=re.compile(other))).to_be_visible()
    bob.go("Control+End")
    expect(ada.page.locator(".remote-flag")).to_have_attribute("data-name", "Bob")


def test_a_reader_sees_live_text_and_cannot_type(shared: House, sit: Sit) -> None:
    """A reader's keys change nothing anywhere; what others type arrives."""
    page = shared.add_page("docs/reader.md", THREE)
    ada, rita = sit(shared, "Ada"), sit(shared, "Rita", "reader")
    ada.open(page), rita.open(page)
    rita.go("Control+End")
    rita.type("nothing of this")
    ada.go("Control+End")
    ada.type("Typed by Ada.")
    rita.sees("Typed by Ada.")
    assert rita.status == "Read only: your role is reader; ask Ada for the role editor"
    assert rita.text == ada.text == THREE + "Typed by Ada."


def test_typing_reaches_the_file_within_a_second(shared: House, sit: Sit) -> None:
    """ "Saved" comes, and the working tree's file has the text soon after."""
    page = shared.add_page("docs/soon.md", THREE)
    ada = sit(shared, "Ada")
    ada.open(page)
    ada.go("Control+End")
    ada.type("Soon.")
    until(lambda: shared.file(page) == THREE + "Soon.", 2, what="the file")
    ada.saved()
