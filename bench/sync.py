"""`sync`: editors typing together through the server, beside automerge-repo's and Hocuspocus."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bench import load, node, peers, processes, repositories
from bench.figures import Figures, Report, ratio
from bench.load import Load, Outcome, Place
from bench.served import Served

Say = Callable[[str], None]
TARGETS: Final = {
    "p50_ms": 15, "p99_ms": 80, "cpu_ms_per_edit": 3, "cpu_ratio_automerge_repo": 0.125,
}  # fmt: skip
_FILE_SECONDS = 10.0


def run(amount: Load, say: Say, *, with_peers: bool = True) -> Report:
    """The same load on prdgen and on each peer, one after the other."""
    node.install_packages()
    say(f"prdgen: {amount.documents} documents × {amount.editors} editors …")
    figures = _prdgen(amount)
    theirs: dict[str, Figures] = {}
    for peer in peers.ALL if with_peers else ():
        say(f"{peer.name}: the same …")
        theirs[peer.name] = peers.run(peer, amount).figures(amount)
        figures[f"cpu_ratio_{peer.name}"] = ratio(
            figures["cpu_ms_per_edit"], theirs[peer.name]["cpu_ms_per_edit"]
        )
    return Report("sync", figures, TARGETS, theirs, asdict(amount))


def _prdgen(amount: Load) -> Figures:
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as folder:
        repository = repositories.typing(
            Path(folder) / "repository", amount.documents, amount.editors, amount.characters
        )
        with Served(repository) as served:
            served.wait_healthy()
            visitor = served.sign_in()
            pages = [f"pages/page-{number}.md" for number in range(amount.documents)]
            places = [Place(*visitor.editor_place(page)) for page in pages]
            processes.wait_idle(served.pid)
            services_before = _services(served)
            outcome = load.run(
                amount, peers.editor(amount), places,
                cpu=lambda: processes.seconds(processes.tree(served.pid)),
                memory=lambda: processes.megabytes(processes.tree(served.pid)),
            )  # fmt: skip
            services = _services(served) - services_before
            in_files = _wait_for_files(repository, pages, outcome)
        in_git = [repositories.git(repository, "show", f"main:{page}") for page in pages]
        figures = outcome.figures(amount)
        agree = figures.pop("editors_agree")
        return figures | {
            "services_cpu_ms_per_edit": round(services * 1000 / amount.edits, 2),
            "converged": agree and in_files and in_git == outcome.texts,
        }


def _services(served: Served) -> float:
    return processes.seconds(processes.services(served.pid, served.state_dir))


def _wait_for_files(repository: Path, pages: list[str], outcome: Outcome) -> bool:
    """Whether the working tree comes to hold what the editors have."""
    deadline = time.monotonic() + _FILE_SECONDS
    while time.monotonic() < deadline:
        if [(repository / page).read_text("utf-8") for page in pages] == outcome.texts:
            return True
        time.sleep(0.05)
    return False
