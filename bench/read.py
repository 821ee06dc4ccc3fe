"""`read`: what readers of the site get, and how fast, beside nginx on the same files."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench import debian, hammer, nginx, node, processes, repositories
from bench.figures import Figures, Report, percentile, ratio
from bench.served import Served, Visitor
from prdgen.builder.reading import Reading

Say = Callable[[str], None]
TARGETS: Final = {"p99_ms": 20, "stale_reads": 0, "torn_reads": 0, "read_errors": 0}
AT_LEAST: Final = {"read_ratio": 0.3}
_CHANGING: Final = 20
"""Pages that commits change; they are among those that are read most."""
_ALLOWED_S: Final = 0.05
"""A server promises 20 ms; the rest is for the look of the readers' own process."""
_LEVEL: Final = re.compile(r'^prdgen_site_level_hits_total\{level="(\w+)"\} (\d+)$', re.MULTILINE)


def run(corpus: Path, say: Say, seconds: float = 10.0) -> Report:
    """As many requests as prdgen answers from memory, and nginx; then readers while commits go on."""
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        repository = repositories.rfcs(folder / "ours", corpus)
        pages = _number(repository)
        say("prdgen serve, until the site is published and compressed …")
        with Served(repository, log_level="warning") as server:
            visitor = server.sign_in()
            _wait_published(server, visitor, pages)
            figures = _speed(server, visitor, pages, folder, say, seconds)
            figures |= _while_commits_go_on(server, visitor, repository, pages, say, seconds)
            figures["errors_logged"] = server.errors_logged
    return Report(
        "read", figures, TARGETS, options={"corpus": str(corpus), "seconds": seconds},
        at_least=AT_LEAST,
    )  # fmt: skip


def _number(repository: Path) -> list[str]:
    """Give the pages that will change an edition at both ends; every page's address, these first."""
    files = sorted((repository / "pages").glob("*.md"))
    random.Random(1).shuffle(files)
    for path in files[:_CHANGING]:
        _set_edition(path, 1)
    repositories.commit(repository, "Number the pages")
    return [f"/site/{path.stem}/" for path in files]


def _set_edition(path: Path, number: int) -> None:
    text = re.sub(r"\n*Edition \d+\.\n*", "\n", path.read_text("utf-8")).strip()
    path.write_text(f"Edition {number}.\n\n{text}\n\nEdition {number}.\n", "utf-8")


def _wait_published(server: Served, visitor: Visitor, pages: list[str]) -> None:
    """Until every page is there, and its twins."""
    reading, deadline = Reading(server.state_dir / "site"), time.monotonic() + 300
    paths = [page.removeprefix("/site/") + "index.html" for page in pages]
    while time.monotonic() < deadline:
        found = [reading.find(path, ("gzip",)) for path in paths]
        if all(each is not None and each.encoding for each in found):
            break
        time.sleep(0.5)
    if visitor.get(pages[0])[0] != 200:
        raise server.failed("the site is not published")
    processes.wait_idle(server.pid)


def _speed(
    server: Served, visitor: Visitor, pages: list[str], folder: Path, say: Say, seconds: float
) -> Figures:
    """Both servers under the same load, from the same program."""
    wrk, peer = hammer.find(), nginx.find()
    if wrk is None:
        say("wrk cannot be had here (it is asked of apt): no speeds")
        return {"memory_rps": None, "nginx_rps": None, "read_ratio": None, "p99_ms": None}
    headers = "Accept-Encoding: gzip", f"Authorization: Bearer {visitor.token}"
    for page in pages:
        visitor.served.request("GET", page, accept_encoding="gzip",
                               authorization=f"Bearer {visitor.token}")  # fmt: skip
    say(f"prdgen, {hammer.CONNECTIONS} connections, as fast as it goes …")
    site = f"http://127.0.0.1:{server.port}"
    began = server.cpu_seconds()
    ours = hammer.hammer(wrk, site, pages, seconds, *headers)
    spent = server.cpu_seconds() - began
    figures: Figures = {
        "memory_rps": round(ours.rps),
        "p50_ms": ours.p50_ms,
        "p99_ms": ours.p99_ms,
        "memory_cpu_us": round(spent / ours.requests * 1e6, 1),
        "memory_wrong": ours.wrong,
    }
    return figures | _nginx(peer, wrk, server, pages, folder, say, seconds, figures)


def _nginx(
    peer: debian.Program | None, wrk: debian.Program, server: Served, pages: list[str], folder: Path,
    say: Say, seconds: float, ours: Figures,
) -> Figures:  # fmt: skip
    if peer is None:
        say("nginx cannot be had here (it is asked of apt): no ratio")
        return {"nginx_rps": None, "read_ratio": None}
    say("nginx, the same …")
    public = server.repository / "public"
    with nginx.Nginx(peer, public.resolve(), folder / "nginx") as other:
        began = other.cpu_seconds()
        theirs = hammer.hammer(
            wrk, f"http://127.0.0.1:{other.port}", pages, seconds, "Accept-Encoding: gzip"
        )
        spent = other.cpu_seconds() - began
    cpu = round(spent / theirs.requests * 1e6, 1)
    return {
        "nginx_rps": round(theirs.rps),
        "nginx_p99_ms": theirs.p99_ms,
        "nginx_cpu_us": cpu,
        "nginx_wrong": theirs.wrong,
        "read_ratio": ratio(ours["memory_rps"], theirs.rps),
        "cpu_ratio": ratio(cpu, ours["memory_cpu_us"]),
    }


def _while_commits_go_on(
    server: Served, visitor: Visitor, repository: Path, pages: list[str], say: Say, seconds: float
) -> Figures:
    """Readers of every page, few of which are read by most, while the most read ones change."""
    say("readers, while commits go on …")
    changing = {page: page.removeprefix("/site/") + "index.html" for page in pages[:_CHANGING]}
    job = {
        "port": server.port, "header": f"Authorization: Bearer {visitor.token}", "pages": pages,
        "changing": changing, "site": str(server.state_dir / "site"), "seconds": seconds * 2,
        "connections": hammer.CONNECTIONS, "allowed_s": _ALLOWED_S,
    }  # fmt: skip
    before = _levels(visitor)
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.reader"], cwd=node.ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    print(json.dumps(job), file=process.stdin, flush=True)
    commits = _commit_until(repository, list(changing), time.monotonic() + seconds * 2 - 1)
    seen: dict[str, Any] = json.loads(process.communicate()[0])
    for problem in seen["problems"][:5]:
        say(problem)
    hits = {level: count - before[level] for level, count in _levels(visitor).items()}
    answered = sum(hits[level] for level in ("memory", "valkey", "store"))
    shares = {level: round(hits[level] / answered, 4) for level in ("memory", "valkey", "store")}
    shares["browser"] = round(seen["unchanged"] / seen["requests"], 4)
    return {
        "commits": commits,
        "reads": seen["requests"],
        "new_editions_seen": seen["new_editions"],
        "reads_p50_ms": percentile(seen["took_ms"], 0.5),
        "reads_p99_ms": percentile(seen["took_ms"], 0.99),
        "level_hit_share": shares,
        "stale_reads": seen["stale"],
        "stalest_ms": round(seen["stalest_ms"], 1),
        "torn_reads": seen["torn"],
        "read_errors": seen["errors"],
    }


def _commit_until(repository: Path, pages: list[str], end: float) -> int:
    """Commit one page after another; in the middle, a new colour of the whole site. How many commits."""
    made, chosen, middle = 0, random.Random(2), time.monotonic() + (end - time.monotonic()) / 2
    while time.monotonic() < end:
        made += 1
        page = chosen.choice(pages).removeprefix("/site/").rstrip("/")
        _set_edition(repository / "pages" / f"{page}.md", made + 1)
        if time.monotonic() > middle:
            middle = float("inf")
            config = repository / "mkdocs.yml"
            coloured = "name: material\n  palette:\n    primary: teal"
            config.write_text(
                config.read_text("utf-8").replace("name: material", coloured), "utf-8"
            )
        repositories.commit(repository, f"Edition {made + 1}")
        time.sleep(0.4)
    return made


def _levels(visitor: Visitor) -> dict[str, int]:
    return {
        level: int(count) for level, count in _LEVEL.findall(visitor.get("/metrics")[1].decode())
    }
