"""`history`: hundreds of thousands of keystrokes in one page, and what they leave behind."""

from __future__ import annotations

import gzip
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from bench import node, processes, repositories
from bench.figures import Figures, Report
from bench.node import Editor
from bench.served import Served, Visitor

Say = Callable[[str], None]
TARGETS: Final = {"join_ms": 300, "document_mb": 100, "parked_rss_mb": 400}
MUST_HOLD: Final = ("trace_exact", "friendsforever_exact")
_PROGRAM: Final = "replay-editor.mjs"
_PAGE, _OTHER = "pages/history.md", "pages/friends.md"
_AT_ONCE: Final = 20
_JOINS: Final = 5
_PARKED: Final = 200
_A_CONNECTION: Final = 25
_PATIENCE: Final = 120.0


def run(corpus: Path, say: Say, keystrokes: int | None = None) -> Report:
    """Type two recorded traces through a server, then look at the page, the file and the memory."""
    node.install_packages()
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as folder:
        paper = _trace(corpus, "automerge-paper", keystrokes, Path(folder))
        friends = _trace(corpus, "friendsforever", None, Path(folder))
        repository = repositories.rfcs(Path(folder) / "repository", corpus)
        for page in (_PAGE, _OTHER):
            (repository / page).write_text("", "utf-8")
        repositories.git(repository, "add", ".")
        repositories.commit(repository, "Empty pages")
        figures: Figures = {}
        with Served(repository, quiet_seconds=3) as served:
            visitor = _ready(served)
            say(f"typing {paper.name} …")
            figures |= _paper(visitor, repository, paper)
            say(f"typing {friends.name}, by two people at once …")
            figures |= _friends(visitor, repository, friends)
            figures["join_ms"] = _join(visitor)
        with Served(repository, quiet_seconds=3) as served:
            visitor = _ready(served)
            say("memory …")
            figures["document_mb"] = _document(served, visitor)
            pages = sorted(path.name for path in (repository / "pages").glob("[0-9]*.md"))
            figures["parked_rss_mb"] = _parked(served, visitor, pages[:_PARKED])
    return Report("history", figures, TARGETS, options={"corpus": str(corpus)}, must_hold=MUST_HOLD)


def _ready(served: Served) -> Visitor:
    served.wait_healthy()
    visitor = served.sign_in()
    processes.wait_idle(served.pid)
    return visitor


def _trace(corpus: Path, name: str, keystrokes: int | None, folder: Path) -> Path:
    """The trace's file, or one of its beginning."""
    path = corpus / "traces" / f"{name}.json.gz"
    if not path.is_file():
        raise repositories.NoCorpus(corpus)
    if keystrokes is None:
        return path
    trace = _read(path)
    trace["txns"] = trace["txns"][:keystrokes]
    text = trace["startContent"]
    for change in trace["txns"]:
        for position, deleted, inserted in change["patches"]:
            text = text[:position] + inserted + text[position + deleted :]
    trace["endContent"] = text
    shorter = folder / path.name
    shorter.write_bytes(gzip.compress(json.dumps(trace).encode()))
    return shorter


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return found


def _paper(visitor: Visitor, repository: Path, path: Path) -> Figures:
    url, document = visitor.editor_place(_PAGE)
    end = _read(path)["endContent"]
    with Editor(_PROGRAM, url) as writer:
        writer.ask("open", document=document)
        typed = writer.ask("replay", path=str(path), at_once=_AT_ONCE)
        seen = writer.ask("settle", length=_utf16(end), seconds=_PATIENCE)
    keystrokes = len(_read(path)["txns"])
    return {
        "keystrokes": keystrokes,
        "keystrokes_per_s": round(keystrokes / typed["seconds"]),
        "epochs": typed["epochs"],
        "trace_exact": seen == end and _in_file(repository / _PAGE, end),
    }


def _friends(visitor: Visitor, repository: Path, path: Path) -> Figures:
    url, document = visitor.editor_place(_OTHER)
    end = _read(path)["endContent"]
    with ExitStack() as stack:
        writers = [stack.enter_context(Editor(_PROGRAM, url)) for _ in range(2)]
        node.ask_all(writers, "open", document=document)
        for agent, writer in enumerate(writers):
            writer.say("replay_agent", path=str(path), agent=agent, at_once=_AT_ONCE)
        for writer in writers:
            writer.answer()
        settled = node.ask_all(writers, "settle", length=_utf16(end), seconds=_PATIENCE)
    exact = settled == [end, end] and _in_file(repository / _OTHER, end)
    return {"friendsforever_exact": exact}


def _in_file(path: Path, end: str) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if path.read_text("utf-8") == end:
            return True
        time.sleep(0.1)
    return False


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _join(visitor: Visitor) -> float:
    """How long someone new waits for the page with all its history."""
    times = []
    for _ in range(_JOINS):
        url, document = visitor.editor_place(_PAGE)
        with Editor(_PROGRAM, url) as reader:
            reader.ask("connected")
            times.append(reader.ask("open", document=document))
    return float(round(statistics.median(times), 1))


def _document(served: Served, visitor: Visitor) -> float:
    """What the server weighs more with the page open."""
    before = processes.megabytes(processes.tree(served.pid))
    url, document = visitor.editor_place(_PAGE)
    with Editor(_PROGRAM, url) as reader:
        reader.ask("open", document=document)
        time.sleep(1)
        return round(processes.megabytes(processes.tree(served.pid)) - before, 1)


def _parked(served: Served, visitor: Visitor, pages: list[str]) -> float:
    """What the server weighs with many pages open in clients, and nobody typing."""
    places = [visitor.editor_place(f"pages/{page}") for page in pages]
    with ExitStack() as stack:
        for first in range(0, len(places), _A_CONNECTION):
            some = places[first : first + _A_CONNECTION]
            reader = stack.enter_context(Editor(_PROGRAM, some[0][0]))
            for _, document in some:
                reader.ask("open", document=document)
        time.sleep(5)
        processes.wait_idle(served.pid)
        weight: float = processes.megabytes(processes.tree(served.pid))
        return weight
