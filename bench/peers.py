"""The servers prdgen is measured against, each with its own official clients."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import load, node, processes
from bench.load import Load, Outcome, Place
from bench.served import free_port


@dataclass(frozen=True, slots=True)
class Peer:
    """A server of bench/js and the editor program that talks to it."""

    name: str
    server: str
    editor: str


OFFICIAL, RECORDED = "automerge-editor.mjs", "recorded-editor.mjs"
AUTOMERGE_REPO = Peer("automerge_repo", "automerge-server.mjs", OFFICIAL)
HOCUSPOCUS = Peer("hocuspocus", "hocuspocus-server.mjs", "yjs-editor.mjs")
ALL = (AUTOMERGE_REPO, HOCUSPOCUS)


def editor(amount: Load) -> str:
    """The program that edits Automerge documents under this load."""
    return RECORDED if amount.recorded else OFFICIAL


def run(peer: Peer, amount: Load) -> Outcome:
    """Put the load on the peer's server."""
    program = editor(amount) if peer.editor == OFFICIAL else peer.editor
    with _serving(peer) as (port, pid):
        places = [Place(f"ws://127.0.0.1:{port}")] * amount.documents
        return load.run(
            amount, program, places,
            cpu=lambda: processes.seconds(processes.tree(pid)),
            memory=lambda: processes.megabytes(processes.tree(pid)),
        )  # fmt: skip


@contextmanager
def _serving(peer: Peer) -> Iterator[tuple[int, int]]:
    """The peer's server on a free port, storing into a folder of its own: port and process."""
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as folder:
        port = free_port()
        process = node.start(peer.server, folder, str(port), folder=Path(folder))
        try:
            assert process.stdout
            process.stdout.readline()  # It says when it listens.
            yield port, process.pid
        finally:
            processes.stop(process)
