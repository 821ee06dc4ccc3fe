"""`git`: pushes, commits and pulls of a large repository, beside Git itself, while people type."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from bench import node, processes, repositories
from bench.figures import Figures, Report, percentile, ratio, spread
from bench.node import Editor
from bench.plain_git import Plain
from bench.served import Served, ServerFailed, Visitor

Say = Callable[[str], None]
TARGETS: Final = {
    "push_p50_ms": 150, "push_p99_ms": 500, "commit_p50_ms": 30, "commit_growth": 1.5,
    "commit_ratio_git": 0.5, "pull_browsers_s": 3, "pull_site_s": 10,
}  # fmt: skip
MUST_HOLD: Final = ("all_pushes_accepted", "all_published")
_WRITERS: Final = 5
_EVERY_MS: Final = 1000
_RETRY_MS: Final = 5000
_FEW: Final = 639
_PATIENCE: Final = 900.0
_SAMPLE: Final = 20
_LOOK_SECONDS: Final = 0.1
_TYPING_SHARE: Final = 0.3
"""Of a core: what people who type take at most, and no publication does."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    pages: int = 10_000
    pushes: int = 60
    commits: int = 30
    wide: int = 1000
    """Pages that one push changes."""
    open: int = 50
    """Pages among them that somebody has open."""

    @property
    def few(self) -> int:
        """Pages of the smaller repository that the larger one is compared with."""
        return min(_FEW, self.pages // 2)


SMALL: Final = Amount(pages=600, pushes=6, commits=6, wide=60, open=10)
"""Enough to see whether it works."""


def run(corpus: Path, say: Say, amount: Amount) -> Report:
    """Versions saved in a small and in a large repository, pushes to the large one, and a wide one."""
    node.install_packages()
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as name:
        folder = Path(name)
        say(f"making repositories of {amount.few} and {amount.pages} pages …")
        small = repositories.copies(folder / "small", corpus, amount.few)
        large = repositories.copies(folder / "large", corpus, amount.pages)
        with _people(small, amount, say) as desk:
            few, _ = desk.commits(folder / "by-hand-small")
        with _people(large, amount, say) as desk:
            many, by_hand = desk.commits(folder / "by-hand")
            cpu = round(sum(desk.cpu) / len(desk.cpu), 1)
            figures = desk.pushes(folder)
            figures |= desk.wide_push(folder)
    commit = spread("commit", many, 0.5, 0.99)
    figures |= commit | {
        "commit_cpu_ms": cpu,
        "commit_few_p50_ms": percentile(few, 0.5),
        "commit_growth": ratio(commit["commit_p50_ms"], percentile(few, 0.5)),
        "git_commit_p50_ms": percentile(by_hand, 0.5),
        "commit_ratio_git": ratio(commit["commit_p50_ms"], percentile(by_hand, 0.5)),
    }
    options = {"pages": amount.pages, "pushes": amount.pushes, "commits": amount.commits}
    return Report("git", figures, TARGETS, options=options, must_hold=MUST_HOLD)


@contextmanager
def _people(repository: Path, amount: Amount, say: Say) -> Iterator[Desk]:
    """A server whose site is there, readers in some pages, and writers who type in a few of them."""
    with Served(repository, connections_per_address=10 * amount.open) as served:
        served.wait_healthy()
        visitor = served.sign_in()
        pages = [str(path.relative_to(repository)) for path in repository.glob("pages/**/*.md")]
        desk = Desk(served, visitor, sorted(pages), amount, say)
        say(f"waiting for the site of {len(pages)} pages …")
        ends = desk.pages[0], desk.pages[-1]
        _until(lambda: all(desk.is_published(page) for page in ends), look=0.5)
        processes.wait_idle(served.pid, _PATIENCE)
        with Editor("crowd.mjs", "") as writers, Editor("crowd.mjs", "") as readers:
            desk.open(writers, desk.pages[:_WRITERS])
            desk.open(readers, desk.pages[: amount.open])
            desk.readers = readers
            writers.ask("start", every=_EVERY_MS)
            yield desk
            writers.ask("stop")


class Desk:
    """What is measured at one server; times in ms unless their name says otherwise."""

    readers: Editor

    def __init__(
        self, served: Served, visitor: Visitor, pages: list[str], amount: Amount, say: Say
    ) -> None:
        self.served, self.visitor, self.pages = served, visitor, pages
        self.amount, self.say = amount, say
        self.cpu: list[float] = []
        """The server's processor time for each version, in ms."""
        self.url = f"http://git:{visitor.token}@127.0.0.1:{served.port}/git/"

    def open(self, crowd: Editor, pages: list[str]) -> None:
        """Have one client open each of these pages."""
        found = [(page, self.visitor.editor_place(page)) for page in pages]
        places = [
            {"name": f"p{number}", "url": url, "document": document}
            for number, (_, (url, document)) in enumerate(found)
        ]
        crowd.ask("join", places=places, retry=_RETRY_MS)

    def is_published(self, page: str, wanted: str = "") -> bool:
        """Whether the site has the page, with the wanted word."""
        address = page.removeprefix("pages/").removesuffix(".md")
        status, body = self.visitor.get(f"/site/{address}/")
        return status == HTTPStatus.OK and wanted.encode() in body

    def commits(self, folder: Path) -> tuple[list[float], list[float]]:
        """Versions saved of a page that somebody types in: from the request to its answer; and
        `git commit` of such a change in a clone of the same repository.
        """
        clone = repositories.clone(self.served.repository, folder)
        ours, by_hand = [], []
        with Editor("automerge-editor.mjs", self.visitor.editor_place(self.pages[7])[0]) as writer:
            writer.ask("open", document=self.visitor.editor_place(self.pages[7])[1])
            self.say(f"{self.amount.commits} versions, and as many by hand …")
            for number in range(self.amount.commits):
                word = f"version{number}x"
                writer.ask("press", marker="\n", typed=f" {word}")
                path = self.served.repository / self.pages[7]
                _until(lambda path=path, word=word: word in path.read_text("utf-8"))  # type: ignore[misc]
                used = self._used()
                ours.append(_timed(lambda: self._save(self.pages[7])))
                self.cpu.append(self._used() - used)
                page = clone / self.pages[7]
                page.write_text(f"{page.read_text('utf-8')}\n{word}\n", "utf-8")
                by_hand.append(
                    _timed(
                        lambda: repositories.git(
                            clone, "commit", "-qm", "By hand", "--only", "--", self.pages[7]
                        )
                    )
                )
        return ours, by_hand

    def _used(self) -> float:
        """Processor time of the server and of its children that have ended, in ms."""
        found = processes.find(self.served.pid)
        return found.seconds * 1000 if found else 0.0

    def _save(self, page: str) -> None:
        saved = self.visitor.api(
            "POST", "/api/versions", branch="main", page_path=page, message="Say a word"
        )
        if not saved["commits"]:
            raise self.served.failed("saving a version made no commit")

    def pushes(self, folder: Path) -> Figures:
        """`git pull --rebase && git push` of one page each, to prdgen and to plain Git in turns;
        every third page is one that people are typing in.
        """
        bare = folder / "plain.git"
        repositories.git(folder, "clone", "-q", "--bare", str(self.served.repository), str(bare))
        clone = repositories.clone(bare, folder / "pusher")
        repositories.git(clone, "remote", "add", "prdgen", self.url)
        times: dict[str, list[float]] = {"prdgen": [], "plain": []}
        accepted, used = 0, 0.0
        self.say(f"{self.amount.pushes} pushes …")
        with Plain(bare) as plain:
            repositories.git(clone, "remote", "add", "plain", plain.url)
            for number in range(self.amount.pushes):
                page = self.pages[number % _WRITERS if number % 3 == 0 else 100 + number]
                _edit(clone / page, f"Pushed {number}.")
                repositories.commit(clone, f"Push {number}")
                repositories.git(clone, "pull", "-q", "--rebase", "prdgen", "main")
                for remote in ("prdgen", "plain") if number % 2 else ("plain", "prdgen"):
                    before = self._used()
                    taken, spent = _push(clone, remote)
                    times[remote].append(spent)
                    if remote == "prdgen":
                        accepted += taken
                        used += self._used() - before
        ours, theirs = times["prdgen"], times["plain"]
        shares = {"p50": 0.5, "p99": 0.99}
        beyond = {
            f"push_{name}_ms": round((percentile(ours, share) or 0) - (percentile(theirs, share) or 0), 2)
            for name, share in shares.items()
        }  # fmt: skip
        return beyond | {
            **spread("push_whole", ours, 0.5, 0.99),
            **spread("push_plain", theirs, 0.5, 0.99),
            "push_cpu_ms": round(used / self.amount.pushes, 1),
            "push_accepted": round(accepted / self.amount.pushes, 4),
            "all_pushes_accepted": accepted == self.amount.pushes,
        }

    def wide_push(self, folder: Path) -> Figures:
        """One push that changes many pages, some of them open: until every browser has it, and the
        site; seconds from the start of `git push`.
        """
        clone, word = folder / "pusher", "widely"
        changed = self.pages[: self.amount.wide]
        processes.wait_idle(self.served.pid, share=_TYPING_SHARE)
        for page in changed:
            _edit(clone / page, f"Said {word}.")
        repositories.commit(clone, "Change many pages")
        repositories.git(clone, "pull", "-q", "--rebase", "prdgen", "main")
        self.say(f"one push of {len(changed)} pages, {self.amount.open} of them open …")
        self.readers.say("seen", wanted=word, seconds=_PATIENCE)
        used = self.served.cpu_seconds()
        began = time.monotonic()
        taken, spent = _push(clone, "prdgen")
        if not taken:
            raise self.served.failed("the wide push was refused")
        sample = changed[:: max(1, len(changed) // _SAMPLE)] + changed[-1:]
        # Each look is a request that the server has to answer while it works.
        _until(lambda: all(self.is_published(page, word) for page in sample), look=_LOOK_SECONDS)
        published = time.monotonic() - began
        used = self.served.cpu_seconds() - used
        browsers = self.readers.answer() / 1000 - began
        return {
            "pull_push_s": round(spent / 1000, 2),
            "pull_browsers_s": round(browsers, 2),
            "pull_site_s": round(published, 2),
            "pull_cpu_s": round(used, 2),
            "all_published": all(self.is_published(page, word) for page in changed),
        }


def _edit(path: Path, sentence: str) -> None:
    """Put a paragraph before a page's last one."""
    before, _, last = path.read_text("utf-8").rpartition("\n\nCopy ")
    path.write_text(f"{before}\n\n{sentence}\n\nCopy {last}", "utf-8")


def _push(clone: Path, remote: str) -> tuple[bool, float]:
    """Whether the push was taken, and how many ms it took."""
    began = time.monotonic()
    try:
        repositories.git(clone, "push", "-q", remote, "HEAD:main")
    except subprocess.CalledProcessError:
        return False, (time.monotonic() - began) * 1000
    return True, (time.monotonic() - began) * 1000


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return (time.monotonic() - began) * 1000


def _until(holds: Callable[[], bool], look: float = 0.02) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise ServerFailed("what was waited for did not come")
        time.sleep(look)
