"""`prdgen publish` killed at random moments while a reader looks at page after page with all it shows.

`cd tests && python -m delivery.killed --kills 50 --seed 1` prints what was seen as JSON and ends with 1 when a
reader saw a page that was not whole, or when what stood there in the end was not the last build.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote

import httpx2

from prdgen.flows import clone as clones
from prdgen.flows import deliver, publish
from prdgen.settings import Settings, load

if __package__:
    sys.path.insert(0, str(Path(__file__).parents[1]))
from git import repos

from delivery import buckets

PAGES = 12
_ASKED = re.compile(r'(?:src|href)="([^"#:]+\.(?:css|js|png|svg))"')
_CHILD = """
import sys
from pathlib import Path
from prdgen import settings
from prdgen.flows import clone as clones, deliver
clone = clones.open_clone(settings.load(Path(sys.argv[1])))
place = deliver.target(clone.settings)
print("ready", flush=True)
sys.stdin.readline()
deliver.send(clone, place)
print("done", flush=True)
"""
_STORAGE = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""
_AUTH = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential={buckets.KEY}/20261126/us-east-1/s3/aws4_request"
}
Fetch = Callable[[str], bytes | None]


@dataclass
class Seen:
    """What one run saw."""

    kills: int = 0
    finished: int = 0
    """Publishers that were done before they were to be killed, or that nobody meant to kill."""
    killed_midway: int = 0
    """Kills after which a build was under way: by the target's state, or by its unfinished folder."""
    pages_read: int = 0
    files_read: int = 0
    builds_read: set[int] = field(default_factory=set)
    torn: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Reader(threading.Thread):
    """Reads one page after the other, each with all that it shows, until it is told to stop."""

    def __init__(self, fetch: Fetch, seen: Seen) -> None:
        super().__init__(daemon=True)
        self._fetch, self._seen, self._ended = fetch, seen, threading.Event()

    def run(self) -> None:
        with_all = 0
        while not self._ended.is_set():
            self.look(f"p{with_all % PAGES}/index.html")
            with_all += 1

    def look(self, path: str) -> None:
        page = self._fetch(path)
        if page is None:
            self._seen.torn.append(f"{path} is gone")
            return
        text = page.decode()
        number = int(re.search(r"Text of build (\d+)\.", text)[1])
        self._seen.pages_read += 1
        self._seen.builds_read.add(number)
        pictures = 0
        for link in dict.fromkeys(_ASKED.findall(text)):
            asked = normpath(f"{path.rpartition('/')[0]}/{unquote(link)}")
            data = self._fetch(asked)
            self._seen.files_read += 1
            if data is None:
                self._seen.torn.append(f"{path} of build {number}: {asked} is gone")
            elif asked.endswith(".png") and data.startswith(b"\x89PNG build"):
                pictures += 1
                if data != picture(number):
                    self._seen.torn.append(f"{path} of build {number}: {asked} is {data!r}")
        if pictures != 1:
            self._seen.torn.append(f"{path} of build {number}: {pictures} pictures")

    def end(self) -> None:
        self._ended.set()
        self.join()


def picture(number: int) -> bytes:
    """The picture that the pages of a build show."""
    return b"\x89PNG build %d" % number


def commit(repo: repos.Repo, number: int) -> None:
    """Another text on every page, and another picture."""
    files: dict[str, str | bytes] = {
        f"docs/p{n}.md": f"# Page {n}\n\nText of build {number}.\n\n![](pic.png)\n"
        for n in range(PAGES)
    }
    files |= {"mkdocs.yml": "site_name: Killed\n", ".gitignore": "public\n"}
    repo.put({**files, "docs/pic.png": picture(number), "docs/index.md": "# Home\n",
              f"docs/only{number}.md": "# Only here\n"})  # fmt: skip
    (repo.path / f"docs/only{number - 1}.md").unlink(missing_ok=True)
    repo.commit()


@contextmanager
def storage():
    """Storage in a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", _STORAGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(20)


@contextmanager
def place(kind: str, folder: Path):
    """What the settings say of a target of this kind, and how a reader gets a file there."""
    if kind == "folder":
        current = folder / "www" / "current"

        def read(path: str) -> bytes | None:
            try:
                return (current / path).read_bytes()
            except FileNotFoundError:
                return None

        yield {"PRDGEN_PUBLISH_TO": f"file://{folder}/www"}, read
        return
    with storage() as endpoint, httpx2.Client(headers=_AUTH, timeout=30) as client:
        buckets.make(endpoint, "prds")

        def get(path: str) -> bytes | None:
            answer = client.get(buckets.address(endpoint, "prds", path))
            return answer.content if answer.status_code == 200 else None

        yield {"PRDGEN_PUBLISH_TO": "s3://prds", "PRDGEN_PUBLISH_ENDPOINT": endpoint,
               "PRDGEN_PUBLISH_KEY": buckets.KEY, "PRDGEN_PUBLISH_SECRET": buckets.SECRET}, get  # fmt: skip


def start(repo: Path, settings: dict[str, str]) -> subprocess.Popen[str]:
    """A publisher that is about to begin."""
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(repo)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, **settings},
    )  # fmt: skip
    if process.stdout.readline() != "ready\n":
        raise RuntimeError(process.communicate()[1])
    return process


def run(kind: str, kills: int, seed: int, folder: Path) -> Seen:
    """Publish build after build, each publisher killed at a random moment, every fifth one not;
    until so many were killed, and one of them in the middle.
    """
    pick, seen = random.Random(seed), Seen()
    repo = repos.make(folder / "repo")
    with place(kind, folder) as (settings, fetch):
        where = load(repo.path, environment=settings)
        number = 0
        length = _whole(repo, where, settings, number)
        reader = Reader(fetch, seen)
        reader.start()
        while seen.kills < kills or (not seen.killed_midway and seen.kills < 10 * kills):
            number += 1
            if number % 5 == 0:
                length = (length + _whole(repo, where, settings, number)) / 2
                seen.finished += 1
                seen.wrong += _differences(where, fetch)
                continue
            build(repo, where, number)
            process = start(repo.path, settings)
            process.stdin.write("\n")
            process.stdin.flush()
            try:
                process.wait(pick.uniform(0, length))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                seen.kills += 1
            else:
                seen.finished += 1
            process.communicate()
            seen.killed_midway += _is_under_way(where, folder / "www" / "builds")
        _whole(repo, where, settings, number + 1)
        seen.wrong += _differences(where, fetch)
        reader.end()
    return seen


def _is_under_way(where: Settings, builds: Path) -> bool:
    """Whether whoever is dead now had begun with a build and not ended it."""
    state = deliver.target(where).state()
    return bool(state and state.underway) or any(builds.glob(".*.new"))


def build(repo: repos.Repo, where: Settings, number: int) -> None:
    """A commit and its site, not published yet."""
    commit(repo, number)
    publish.build(clones.open_clone(where), repo.tip())


def _whole(repo: repos.Repo, where: Settings, settings: dict[str, str], number: int) -> float:
    """Publish a build without killing anybody; the seconds it took."""
    build(repo, where, number)
    process = start(repo.path, settings)
    began = time.monotonic()
    out, error = process.communicate("\n", timeout=120)
    if "done" not in out:
        raise RuntimeError(error)
    return time.monotonic() - began


def _differences(where: Settings, fetch: Fetch) -> list[str]:
    """What is not as the newest build has it; a page of an older one may not be left."""
    site = publish.published(clones.open_clone(where))
    wanted = deliver.wanted(site, twins=False)
    wrong = [
        path for path, file in wanted.files.items() if fetch(path) != site.store.get(file.name)
    ]
    last = max(int(found[1]) for path in wanted.files if (found := re.match(r"only(\d+)/", path)))
    # A page that Git takes for renamed leaves a redirect, which is in the build.
    left = {f"only{n}/index.html" for n in range(last)} - wanted.files.keys()
    return wrong + sorted(path for path in left if fetch(path) is not None)


def main() -> None:
    """As the module says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=["folder", "bucket", "both"], default="both")
    asked = parser.parse_args()
    bad = False
    for kind in ["folder", "bucket"] if asked.kind == "both" else [asked.kind]:
        with tempfile.TemporaryDirectory() as folder:
            seen = run(kind, asked.kills, asked.seed, Path(folder))
        bad |= bool(seen.torn or seen.wrong)
        shown = {**vars(seen), "builds_read": len(seen.builds_read), "torn": seen.torn[:10],
                 "torn_reads": len(seen.torn), "wrong": seen.wrong[:10]}  # fmt: skip
        print(json.dumps({"kind": kind, "seed": asked.seed, **shown}))
    sys.exit(bad)


if __name__ == "__main__":
    main()
