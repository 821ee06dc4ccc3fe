"""`reconnect`: a crowd of editors loses the server while typing, and comes back at once."""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench import node, processes, repositories
from bench.figures import Figures, Report
from bench.node import Editor
from bench.served import Served

Say = Callable[[str], None]
TARGETS: Final = {"synced_s": 10, "errors": 0, "losses": 0, "doubles": 0}
_PROGRAM: Final = "crowd.mjs"
_PROCESSES: Final = 4
_DOCUMENTS: Final = 20
_EVERY_MS: Final = 4000
_RETRY_MS: Final = 5000
_PATIENCE: Final = 120.0
_WORD: Final = re.compile(r"\bp\d+x\d+x")


def run(say: Say, clients: int = 200, away_seconds: float = 30.0) -> Report:
    """Everyone types a word every four seconds; the server is killed, and started again later."""
    node.install_packages()
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as folder, ExitStack() as stack:
        repository = repositories.typing(Path(folder) / "repository", _DOCUMENTS, 1, 2000)
        first = Served(repository, connections_per_address=2 * clients)
        stack.callback(first.stop)
        first.wait_healthy()
        crowd = Crowd(first, stack, clients)
        say(f"{clients} editors in {_DOCUMENTS} pages …")
        crowd.start()
        time.sleep(8)
        say(f"the server is gone for {away_seconds:g} s …")
        first.kill()
        time.sleep(away_seconds)
        second = Served(repository, port=first.port, connections_per_address=2 * clients)
        stack.callback(second.stop)
        back = second.wait_healthy() + second.began
        time.sleep(2)
        figures = crowd.settle(repository, back)
        figures["rss_mb"] = processes.megabytes(processes.tree(second.pid))
        figures["errors"] += crowd.refusals() + second.errors_logged
    return Report(
        "reconnect", figures, TARGETS, options={"clients": clients, "away_s": away_seconds}
    )


class Crowd:
    """Many clients, dealt out to a few processes and to the pages."""

    def __init__(self, served: Served, stack: ExitStack, clients: int) -> None:
        visitor = served.sign_in()
        self.pages = [f"pages/page-{number}.md" for number in range(_DOCUMENTS)]
        places = [visitor.editor_place(page) for page in self.pages]
        self.rows: list[tuple[Editor, list[int]]] = []
        """Each process with the page of each of its clients."""
        for number in range(_PROCESSES):
            editor = stack.enter_context(Editor(_PROGRAM, ""))
            some = range(number, clients, _PROCESSES)
            editor.say(
                "join", retry=_RETRY_MS,
                places=[
                    {"name": f"p{n}", "url": places[n % _DOCUMENTS][0],
                     "document": places[n % _DOCUMENTS][1]} for n in some
                ],
            )  # fmt: skip
            self.rows.append((editor, [n % _DOCUMENTS for n in some]))
        for editor, _ in self.rows:
            editor.answer()

    def start(self) -> None:
        """Begin to type."""
        for editor, _ in self.rows:
            editor.ask("start", every=_EVERY_MS)

    def refusals(self) -> int:
        """Connections the server ended with an error."""
        return sum(editor.ask("refusals") for editor, _ in self.rows)

    def settle(self, repository: Path, back: float) -> Figures:
        """Stop typing, wait until everyone has everything, and count every word."""
        typed: list[list[str]] = [[] for _ in self.pages]
        for editor, pages in self.rows:
            for page, words in zip(pages, editor.ask("stop"), strict=True):
                typed[page] += words
        lengths = [
            len(repositories.page_text(number, 1, 2000)) + sum(len(word) + 1 for word in words)
            for number, words in enumerate(typed)
        ]
        for editor, pages in self.rows:
            editor.say("settle", lengths=[lengths[page] for page in pages], seconds=_PATIENCE)
        settled, errors = back, 0
        for editor, _ in self.rows:
            try:
                settled = max(settled, editor.answer() / 1000)
            except node.EditorFailed:
                errors += 1
        texts = [
            (page, text)
            for editor, pages in self.rows
            for page, text in zip(pages, editor.ask("texts"), strict=True)
        ]
        texts += [(n, _file(repository / page, typed[n])) for n, page in enumerate(self.pages)]
        lost, doubled = _count(texts, typed)
        return {
            "words": sum(map(len, typed)),
            "synced_s": round(settled - back, 2),
            "errors": errors,
            "losses": lost,
            "doubles": doubled,
        }


def _file(path: Path, words: list[str]) -> str:
    """The page's file, as soon as it has all words."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if set(words) <= set(_WORD.findall(text := path.read_text("utf-8"))):
            return text
        time.sleep(0.1)
    return path.read_text("utf-8")


def _count(texts: list[tuple[int, str]], typed: list[list[str]]) -> tuple[int, int]:
    """Words that are missing, and words that stand twice, in any text of their page."""
    lost = doubled = 0
    for page, text in texts:
        found = Counter(_WORD.findall(text))
        lost += sum(word not in found for word in typed[page])
        doubled += sum(count - 1 for count in found.values())
    return lost, doubled
