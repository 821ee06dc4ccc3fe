"""`edit`: one edit's way to file, commit and site, and from a file back to an editor."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import node, repositories
from bench.figures import Report, spread
from bench.node import Editor
from bench.served import Served, ServerFailed, Visitor

Say = Callable[[str], None]
TARGETS: Final = {
    "file_p99_ms": 1000, "commit_p50_ms": 60, "publish_p50_ms": 300, "disk_p50_ms": 300,
}  # fmt: skip
_CHARACTERS: Final = 8000
_PATIENCE: Final = 60.0
_LOOK: Final = 0.002
_VERSIONS: Final = 12


def run(corpus: Path, say: Say, rounds: int = 30) -> Report:
    """Two editors in one page of the corpus: what one types is timed at each station."""
    node.install_packages()
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as folder:
        repository = repositories.rfcs(Path(folder) / "repository", corpus)
        page = _page_of_length(repository, _CHARACTERS)
        with Served(repository) as served:
            served.wait_healthy()
            visitor = served.sign_in()
            say("waiting for the first site …")
            _until(lambda: visitor.get(f"/site/{page.stem}/")[0] == 200, 0.1)
            url, document = visitor.editor_place(f"pages/{page.name}")
            with Editor(_PROGRAM, url) as writer, Editor(_PROGRAM, url) as reader:
                node.ask_all([writer, reader], "open", document=document)
                desk = Desk(visitor, page, writer, reader)
                say(f"{rounds} edits, timed in file and editor …")
                file = [desk.to_file() for _ in range(rounds)]
                disk = [desk.from_disk() for _ in range(rounds)]
                versions = min(rounds, _VERSIONS)
                say(f"{versions} versions, timed in Git and on the site …")
                saved = [desk.to_site() for _ in range(versions)]
    figures = {
        **spread("file", file, 0.5, 0.99),
        **spread("commit", [commit for commit, _ in saved], 0.5, 0.99),
        **spread("publish", [publish for _, publish in saved], 0.5, 0.99),
        **spread("disk", disk, 0.5, 0.99),
    }
    options = {"corpus": str(corpus), "rounds": rounds, "page": page.name}
    return Report("edit", figures, TARGETS, options=options)


_PROGRAM: Final = "automerge-editor.mjs"


@dataclass(slots=True)
class Desk:
    """Two editors, a working tree and a browser's address bar; each method is one journey in ms."""

    visitor: Visitor
    page: Path
    writer: Editor
    reader: Editor
    number: int = 0

    def to_file(self) -> float:
        """From a key press until the word is in the working-tree file."""
        _pause()
        word, pressed = self._type()
        _until(lambda: word in self.page.read_text("utf-8"))
        return time.monotonic() * 1000 - pressed

    def from_disk(self) -> float:
        """From a save on disk, the way vim does it, until another editor's document has the word."""
        _pause()
        word = self._word()
        text = self.page.read_text("utf-8")
        beside = self.page.with_name(f"{self.page.name}.new")
        beside.write_text(f"{text.rstrip()} {word}\n", "utf-8")
        self.reader.say("seen", wanted=word, seconds=_PATIENCE)
        beside.replace(self.page)
        saved = time.monotonic() * 1000
        arrived: float = self.reader.answer()
        return arrived - saved

    def to_site(self) -> tuple[float, float]:
        """From "save version" until its commit is answered, and from there until the site has it."""
        word, _ = self._type()
        self.reader.ask("seen", wanted=word, seconds=_PATIENCE)
        began = time.monotonic()
        saved = self.visitor.api(
            "POST", "/api/versions", branch="main", page_path=f"pages/{self.page.name}",
            message=f"Say {word}",
        )  # fmt: skip
        committed = time.monotonic()
        if not saved["commits"]:
            raise self.visitor.served.failed("saving a version made no commit")
        address = f"/site/{self.page.stem}/"
        _until(lambda: word.encode() in self.visitor.get(address)[1])
        return (committed - began) * 1000, (time.monotonic() - committed) * 1000

    def _type(self) -> tuple[str, float]:
        """Type a new word at the page's first heading; the word, and when."""
        word = self._word()
        pressed: float = self.writer.ask("press", marker="\n", typed=f" {word}")[0]
        return word, pressed

    def _word(self) -> str:
        self.number += 1
        return f"word{self.number}x{random.randrange(10**6)}"


def _page_of_length(repository: Path, characters: int) -> Path:
    """The page nearest to a length that begins with a line to type into."""
    pages = sorted((repository / "pages").glob("*.md"))
    return min(pages, key=lambda path: abs(path.stat().st_size - characters))


def _pause() -> None:
    """A moment of no fixed length, so that journeys do not keep step with the server's clocks."""
    time.sleep(random.uniform(0.3, 0.8))


def _until(holds: Callable[[], bool], look: float = _LOOK) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise ServerFailed("what was typed did not arrive")
        time.sleep(look)
