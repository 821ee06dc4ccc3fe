"""A person's browser: signed in, on a page, typing; what it complains of fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from .house import House, until

_TEXT = """() => {
  const content = document.querySelector(".cm-content");
  const tile = content && content.cmTile;
  return tile ? tile.root.view.state.doc.toString() : null;
}"""
_HEAD = "document.querySelector('.cm-content').cmTile.root.view.state.selection.main.head"
# What a browser itself says of a server that is down is no fault of the page.
_ORDINARY = ("WebSocket connection to", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET",
             "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE_CHUNKED_ENCODING",
             "ERR_CONTENT_LENGTH_MISMATCH", "503 (Service Unavailable)",
             "ERR_SOCKET_NOT_CONNECTED", "401 (Unauthorized)",
             # A service worker's script.
             "An unknown error occurred when fetching the script")  # fmt: skip


class Desk:
    """One person's browser, with a profile of its own."""

    def __init__(self, browser: Browser, house: House, **options: object) -> None:
        self.house = house
        self.complaints: list[str] = []
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        self.context = browser.new_context(**options)
        self.page = self.tab()

    def tab(self) -> Page:
        """One more tab, listened to."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        page.on("dialog", lambda dialog: dialog.accept())
        return page

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not any(word in said.text for word in _ORDINARY):
            self.complaints.append(f"{said.text} {said.location.get('url', '')}".strip())

    def forgive(self, words: str) -> None:
        """What this test expects the browser to complain of."""
        self.complaints = [found for found in self.complaints if words not in found]

    def sign_in(self, link: str) -> None:
        """Follow a sign-in link in a tab of its own."""
        tab = self.context.new_page()
        tab.goto(link)
        tab.get_by_role("button", name="Sign in").click()
        tab.wait_for_url(lambda url: "/sign-in" not in url)
        tab.close()

    def open(self, page_path: str, branch: str = "main") -> None:
        """Open a page in the editor and wait for its text."""
        self.page.goto(f"{self.house.url}/edit/{branch}/{quote(page_path)}")
        self.page.locator(".cm-content").wait_for(timeout=20_000)

    @property
    def text(self) -> str:
        """The text in the editor."""
        return str(self.page.evaluate(_TEXT))

    @property
    def status(self) -> str:
        """The words about saving."""
        return self.page.locator(".status-text").inner_text()

    @property
    def cursor(self) -> int:
        """The cursor's offset in the text (UTF-16 units)."""
        return int(self.page.evaluate(_HEAD))

    def boundaries(self, text: str) -> list[int]:
        """Where a cursor can stand in `text`, in UTF-16 units: between what people call letters."""
        segments = "[...new Intl.Segmenter().segment(text)].map((one) => one.index)"
        return list(self.page.evaluate(f"(text) => {segments}", text))

    def put_cursor(self, place: int) -> None:
        """Put the cursor at an offset (UTF-16 units), whichever way the text runs."""
        view = "document.querySelector('.cm-content').cmTile.root.view"
        self.page.evaluate(f"(anchor) => {view}.dispatch({{ selection: {{ anchor }} }})", place)

    def go(self, *keys: str) -> None:
        """Put the cursor somewhere: `Control+End`, `ArrowUp`, …"""
        self.page.locator(".cm-content").focus()
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type at the cursor; what no keyboard has goes in as an input method puts it."""
        for line, piece in enumerate(text.split("\n")):
            if line:
                self.page.keyboard.press("Enter")
            self.page.keyboard.type(piece)

    def saved(self, seconds: float = 20) -> None:
        """Wait for the word "Saved"."""
        expect(self.page.locator(".status-text")).to_have_text("Saved", timeout=seconds * 1000)

    def sees(self, words: str, seconds: float = 10) -> None:
        """Wait until the text in the editor has `words`."""
        until(lambda: words in self.text, seconds, what=f"{words!r} in the editor")

    def save_version(self, message: str) -> None:
        """Ctrl-S, a message, Ctrl-Enter; waits until the commit is there."""
        self.page.locator(".cm-content").focus()
        self.page.keyboard.press("Control+s")
        self.page.locator("dialog[open]").wait_for()
        self.page.keyboard.type(message)
        self.page.keyboard.press("Control+Enter")
        self.notice("Version saved").wait_for(timeout=15_000)

    def post(self, address: str, body: dict[str, object]) -> None:
        """Ask for something of the API as this person, from the editor that is open."""
        send = """async ([url, body]) => {
          const { csrfToken } = JSON.parse(document.querySelector("#editor").dataset.config);
          const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrfToken };
          return (await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })).status;
        }"""
        assert self.page.evaluate(send, [address, body]) in (200, 201, 204)

    def look_again(self) -> None:
        """As when the tab is come back to: what is asked for now and then is asked for now."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def notice(self, words: str) -> Locator:
        """What the page says in its own time."""
        return self.page.locator(".notice-text").filter(has_text=words).first

    def settle(self, page_path: str, *others: Desk, seconds: float = 30) -> str:
        """Wait until every screen and the file show the same text, which is given."""
        desks = [self, *others]
        for desk in desks:
            desk.saved(seconds)

        def same() -> str | None:
            file = self.house.file(page_path).replace("\r\n", "\n")
            texts = {file, *(desk.text for desk in desks)}
            return texts.pop() if len(texts) == 1 else None

        return until(same, seconds, what="one text everywhere")

    def settle_bytes(self, page_path: str, expected: bytes) -> None:
        """Wait until the file holds exactly these bytes and the page says "Saved"."""
        path = self.house.path(page_path)
        until(lambda: path.read_bytes() == expected, 5, what=f"{expected!r} in the file")
        self.saved()


def typing(desks: dict[str, Desk], count: int, *, every: int = 1) -> Iterator[int]:
    """All desks type numbered words by turns (`prefix` + number); gives the number after each
    round, so that something can happen in between.
    """
    for number in range(count):
        for prefix, desk in desks.items():
            desk.page.keyboard.type(f"{prefix}{number} ")
        if number % every == 0:
            yield number
