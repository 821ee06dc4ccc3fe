"""What other programs do to the file reaches the browsers, once, and leaves their cursors."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]
LINES = "# Lines\n\none\ntwo\nthree\nfour\n"


def rename_save(house: House, page: str, text: str) -> None:
    """Save as vim does: the old file aside, a new one in its place."""
    path = house.path(page)
    aside = path.with_name(path.name + "~")
    path.rename(aside)
    path.write_text(text)
    aside.unlink()


def in_place_save(house: House, page: str, text: str) -> None:
    """Save as VS Code does: cut to nothing, then written."""
    with house.path(page).open("w") as file:
        file.flush()
        os.fsync(file.fileno())
        file.write(text)


@pytest.mark.parametrize("save", [rename_save, in_place_save])
def test_a_save_on_disk_reaches_the_browser(shared: House, sit: Sit, save: Callable) -> None:
    """The change is there and said, the cursor stays in its words, and nothing comes back."""
    page = shared.add_page(f"docs/{save.__name__}.md", LINES)
    ada = sit(shared, "Ada")
    ada.open(page)
    ada.saved()
    ada.go("Control+End", "ArrowUp", "End")
    before = ada.cursor
    save(shared, page, LINES.replace("one\n", "zero\none\n"))
    ada.sees("zero\none\n", 3)
    ada.notice("Someone changed this page on disk. The change is in the text now.").wait_for()
    assert ada.cursor == before + len("zero\n")
    ada.type("!")
    text = ada.settle(page)
    assert text == LINES.replace("one\n", "zero\none\n").replace("four", "four!")


def test_a_save_while_someone_types_loses_neither(shared: House, sit: Sit) -> None:
    """Typing goes on over a save of another line; both are there once."""
    page = shared.add_page("docs/while.md", LINES)
    ada = sit(shared, "Ada")
    ada.open(page)
    ada.go("Control+End")
    for number in range(30):
        ada.type(f"w{number} ")
        if number == 10:
            rename_save(shared, page, shared.file(page).replace("two\n", "two, from disk\n"))
        if number == 20:
            in_place_save(shared, page, shared.file(page).replace("three\n", "three, too\n"))
    ada.sees("two, from disk"), ada.sees("three, too")
    text = ada.settle(page)
    typed = "".join(f"w{number} " for number in range(30))
    assert (
        text
        == LINES.replace("two\n", "two, from disk\n").replace("three\n", "three, too\n") + typed
    )


def test_two_versions_of_one_line_both_stay_and_are_marked(shared: House, sit: Sit) -> None:
    """A real conflict keeps both lines whole; the editor marks them and offers the choice, also to who comes
    for it by the link in what they were told.
    """
    head = "Before.\n\n" * 200
    page = shared.add_page("docs/conflict.md", head + LINES)
    ada = sit(shared, "Ada")
    ada.open(page)
    ada.saved()
    ada.go("Control+End", "ArrowUp", "ArrowUp", "ArrowUp", "End")
    ada.page.context.set_offline(True)
    ada.type(" as Ada has it")
    in_place_save(shared, page, head + LINES.replace("two\n", "two from the disk\n"))
    ada.page.context.set_offline(False)
    ada.sees("two from the disk")
    expect(ada.page.locator(".conflict-bar")).to_be_visible(timeout=15_000)
    text = ada.settle(page)
    assert "two as Ada has it\n" in text
    assert "two from the disk\n" in text
    told = ada.page.context.request.get(f"{shared.url}/api/notifications").json()["items"]
    ada.page.goto("about:blank")
    ada.page.goto(f"{shared.url}{next(each['href'] for each in told if page in each['href'])}")
    expect(ada.page.locator(".conflict-bar")).to_be_in_viewport(timeout=15_000)
    ada.page.get_by_role("button", name="Keep second").click()
    text = ada.settle(page)
    (kept,) = (line for line in text.splitlines() if line.startswith("two"))
    assert text == head + LINES.replace("two\n", f"{kept}\n")
    expect(ada.page.locator(".conflict-bar")).to_have_count(0)


def test_a_checkout_of_the_file_never_deletes_live_text(shared: House, sit: Sit) -> None:
    """`git checkout -- file` puts the tip's text on disk; what is typed is in the page all the same."""
    page = shared.add_page("docs/checkout-file.md", LINES)
    ada = sit(shared, "Ada")
    ada.open(page)
    ada.go("Control+End")
    ada.type("typed ")
    ada.settle(page)
    shared.git("checkout", "--", page)
    ada.type("more")
    text = ada.settle(page)
    assert text == LINES + "typed more"


def test_a_pull_reaches_the_browser(shared: House, sit: Sit, tmp_path) -> None:
    """A commit of another clone, pulled in the terminal, is merged with what is being typed."""
    page = shared.add_page("docs/pull.md", LINES)
    ada = sit(shared, "Ada")
    ada.open(page)
    ada.saved()
    clone = tmp_path / "clone"
    shared.git("clone", "--quiet", str(shared.repository), str(clone))
    shared.run_git(clone, "config", "user.name", "Tim")
    shared.run_git(clone, "config", "user.email", "tim@example.org")
    (clone / page).write_text(LINES.replace("one\n", "one, pulled\n"))
    shared.run_git(clone, "commit", "--quiet", "--all", "--message", "From elsewhere")
    # The server may have committed another test's page meanwhile.
    shared.git("pull", "--quiet", "--no-rebase", "--no-edit", str(clone), "main")
    ada.sees("one, pulled")
    ada.go("Control+End")
    ada.type("typed")
    until(lambda: shared.file(page) == LINES.replace("one\n", "one, pulled\n") + "typed", 5)
    assert ada.settle(page) == shared.file(page)
