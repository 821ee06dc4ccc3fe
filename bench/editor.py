"""`editor`: what a person at a real browser waits for, and what their network carries."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import browser as browsers
from bench import processes, repositories
from bench.figures import Report, percentile, spread
from bench.served import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, StorageState

Say = Callable[[str], None]
TARGETS: Final = {
    "paint_p95_ms": 16, "large_open_ms": 1500, "line_open_ms": 1500, "transfer_kb": 1400,
    "again_kb": 20,
}  # fmt: skip
_PAUSE_SECONDS: Final = 0.06
_SETTLE_SECONDS: Final = 4.0
"""After this nothing of a load is under way, the service worker's own fetches included."""
_SHORT, _TYPED, _LARGE, _LINE = "short.md", "typed.md", "large.md", "line.md"
_LIVE_LIMIT: Final = 262_144
_WATCH: Final = """
  window.textPainted = new Promise((done) => {
    const watch = new MutationObserver(() => {
      if (!document.querySelector(".cm-content .cm-line")?.textContent) return;
      watch.disconnect();
      requestAnimationFrame(() => done(performance.now()));
    });
    watch.observe(document, { childList: true, subtree: true });
  });
  window.painted = [];
  let handled = 0;
  new MutationObserver(() => { handled = performance.now(); })
    .observe(document, { childList: true, characterData: true, subtree: true });
  addEventListener("keydown", () => {
    const pressed = performance.now();
    requestAnimationFrame(() => {
      const frame = performance.now();
      const after = new MessageChannel();
      after.port1.onmessage = () =>
        window.painted.push(Math.max(0, handled - pressed) + performance.now() - frame);
      after.port2.postMessage(null);
    });
  }, true);
"""
"""Notes when the page's text was first drawn; and for each key the time its handling took, and that of
the frame which shows it. The wait for the screen's clock between both is no work of ours.
"""
_ARGUMENTS: Final = ("--no-sandbox", "--headless=shell", "--disable-gpu")


def run(say: Say, keys: int = 200, opens: int = 3) -> Report:
    """Loads, keys and bytes of one person at an otherwise idle server."""
    from playwright.sync_api import sync_playwright  # only where a browser is

    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as folder, sync_playwright() as tool:
        repository = repositories.of_texts(Path(folder) / "repository", _pages())
        browser = tool.chromium.launch(executable_path=browsers.chromium(), args=list(_ARGUMENTS))
        with Served(repository) as served, browsers.Wire(served.port) as wire:
            served.wait_healthy()
            person = Person(browser, served, wire)
            say("first and second load …")
            figures = person.loads()
            say(f"large pages, {opens} times each …")
            for name, page in (("large", _LARGE), ("line", _LINE)):
                opened = [person.opens(page) for _ in range(opens)]
                for what in ("open_ms", "browser_cpu_ms", "server_cpu_ms"):
                    found = [getattr(one, what) for one in opened]
                    figures[f"{name}_{what}"] = percentile(found, 0.5)
            for name, page in (("", _TYPED), ("large_", _LARGE)):
                say(f"{keys} keys in {page} …")
                painted, work = person.types(page, keys)
                figures |= spread(f"{name}paint", painted, 0.5, 0.95)
                figures[f"{name}key_cpu_ms"] = round(work, 2)
        browser.close()
    options = {"keys": keys, "opens": opens, "large_bytes": _LIVE_LIMIT}
    return Report("editor", figures, TARGETS, options=options)


def _pages() -> dict[str, str]:
    line = "one long line of words without an end "
    return {
        _SHORT: repositories.page_text(1, 4, 8_000),
        _TYPED: repositories.page_text(2, 40, 100_000),
        _LARGE: repositories.page_text(3, 80, _LIVE_LIMIT - 2_000)[: _LIVE_LIMIT - 1],
        _LINE: (line * (_LIVE_LIMIT // len(line)))[: _LIVE_LIMIT - 1],
    }


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening of a page: time until its text was on the screen, and the work for that."""

    open_ms: float
    browser_cpu_ms: float
    server_cpu_ms: float


def _browser_seconds() -> float:
    """Processor time of the browser's processes so far."""
    return processes.seconds(
        one for one in processes.tree(os.getpid()) if one.name.startswith(("chrom", "headless"))
    )


class Person:
    """Someone signed in at the browser; a new profile for every load that is to be a first one."""

    def __init__(self, browser: Browser, served: Served, wire: browsers.Wire) -> None:
        self._browser = browser
        self._wire = wire
        self._served = served
        self._base = f"http://127.0.0.1:{wire.port}"
        self._signed_in: StorageState | None = None
        signed_in = self._profile()
        page = signed_in.new_page()
        page.goto(self._base + served.sign_in_path())
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self._base}/")
        self._signed_in = signed_in.storage_state()
        signed_in.close()

    def loads(self) -> dict[str, float | None]:
        """The first load of a new profile and the second one: text on the screen, and bytes."""
        profile = self._profile()
        first = self._load(profile, _SHORT)
        again = self._load(profile, _SHORT)
        profile.close()
        return {
            "first_paint_ms": round(first[0], 1), "again_paint_ms": round(again[0], 1),
            "transfer_kb": round(first[1] / 1000, 1), "again_kb": round(again[1] / 1000, 1),
        }  # fmt: skip

    def opens(self, page_path: str) -> Opened:
        """From the address to the text on the screen, with the editor at hand and the page new."""
        profile = self._profile()
        self._load(profile, _SHORT)
        page = profile.new_page()
        browser, server = _browser_seconds(), self._served.cpu_seconds()
        page.goto(f"{self._base}/edit/main/pages/{page_path}")
        painted = self._painted(page)
        work = (_browser_seconds() - browser, self._served.cpu_seconds() - server)
        profile.close()
        return Opened(painted, work[0] * 1000, work[1] * 1000)

    def types(self, page_path: str, keys: int) -> tuple[list[float], float]:
        """Keys typed into the middle of a page: the work from each key to the frame that shows it, and
        the browser's processor time for one, everything that follows from it included.
        """
        profile = self._profile()
        page = profile.new_page()
        page.goto(f"{self._base}/edit/main/pages/{page_path}")
        self._painted(page)
        page.locator(".preview-body[data-ready]").wait_for(state="attached", timeout=60_000)
        page.locator(".cm-content").focus()
        for _ in range(12):
            page.keyboard.press("PageDown")
        time.sleep(_SETTLE_SECONDS)
        page.evaluate("painted.length = 0")
        before = _browser_seconds()
        for key in range(keys):
            page.keyboard.press("Space" if key % 6 == 5 else "abcdefghijklm"[key % 13])
            time.sleep(_PAUSE_SECONDS)
        found: list[float] = page.evaluate("painted")
        work = _browser_seconds() - before
        profile.close()
        return found, work * 1000 / keys

    def _load(self, profile: BrowserContext, page_path: str) -> tuple[float, int]:
        before = self._wire.received
        page = profile.new_page()
        page.goto(f"{self._base}/edit/main/pages/{page_path}")
        painted = self._painted(page)
        page.locator(".preview-body[data-ready]").wait_for(state="attached", timeout=60_000)
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        time.sleep(_SETTLE_SECONDS)
        received = self._wire.received - before
        page.close()
        return painted, received

    @staticmethod
    def _painted(page: Page) -> float:
        return float(page.evaluate("window.textPainted"))

    def _profile(self) -> BrowserContext:
        profile = self._browser.new_context(
            viewport={"width": 1280, "height": 800}, storage_state=self._signed_in
        )
        profile.add_init_script(_WATCH)
        return profile
