"""`prdgen serve` as a real process: up, signed in, the same site as `build`, gone without a trace."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from server import team

from prdgen.server import run

from .conftest import Prdgen


class Client:
    """A browser as small as can be: the session's cookie, and no redirects of its own."""

    def __init__(self, serving) -> None:
        self.base, self.cookie = serving.base, ""
        with self._open(serving.link, b"") as answer:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def _open(self, address: str, data: bytes | None = None):
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None

        request = urllib.request.Request(address, data, {"cookie": self.cookie})
        try:
            return urllib.request.build_opener(Stay).open(request, timeout=20)
        except urllib.error.HTTPError as error:
            return error

    def get(self, path: str) -> tuple[int, bytes]:
        with self._open(self.base + path) as answer:
            return answer.status, answer.read()


def processes_below(folder: Path) -> dict[int, str]:
    """Every process that names the folder in its arguments or works in it: its command."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = str((entry / "cwd").readlink())
        except OSError:
            continue
        if str(folder) in command or place.startswith(str(folder)):
            found[int(entry.name)] = command
    return found


async def test_serve_opens_publishes_and_ends(shop, eventually):
    """On its own embedded services: sign in, read, the site appears; ctrl-C leaves no process."""
    prdgen = Prdgen(shop)
    with prdgen.serving() as serving:
        browser = Client(serving)
        assert browser.get("/healthz")[0] == 200
        assert json.loads(browser.get("/readyz")[1])["status"] == "ready"
        assert json.loads(browser.get("/api/me")[1])["role"] == "owner"
        await eventually(lambda: browser.get("/site/")[0] == 200, 60)
        assert b"Checkout in under a minute" in browser.get("/site/prds/checkout/")[1]
        await eventually(lambda: b"Checkout" in browser.get("/pages")[1], 30)

        there = processes_below(shop).items()
        worker = next(pid for pid, command in there if " worker " in command)
        assert os.getpriority(os.PRIO_PROCESS, worker) > os.getpriority(
            os.PRIO_PROCESS, serving.process.pid
        )

        # beside the running server: people, and a second server that is told no
        assert serving.base in prdgen("user", "add", "ada@example.org").stdout
        done = prdgen("serve", "--port", "0", code=2)
        assert f"process {serving.process.pid}" in done.stderr
        port = serving.base.rpartition(":")[2]
        assert f"process {serving.process.pid}" in prdgen("serve", "--port", port, code=2).stderr

        assert serving.stop() == 0
    await eventually(lambda: not processes_below(shop), 15)
    assert team.git(shop, "status", "--porcelain") == ""


async def test_the_worker_and_build_make_the_same_site(prdgen, eventually):
    """`prdgen build` publishes what the server publishes, byte for byte."""
    prdgen.environment["PRDGEN_BASE_URL"] = "http://127.0.0.1:8400"
    with prdgen.serving():
        public = prdgen.folder / "public"
        await eventually((public / "pagefind/pagefind.js").is_file, 60)
    served = _files(public)
    prdgen("build", "--clean")
    built = _files(public)
    assert built.keys() == served.keys()
    assert [name for name in built if built[name] != served[name] and "pagefind" not in name] == []


def test_a_public_folder_of_somebody_else_is_told_at_the_start(prdgen):
    """Nothing of it is replaced, so the site cannot appear: nobody should find out by a 404."""
    (prdgen.folder / "theirs").mkdir()
    (prdgen.folder / "theirs" / "file").touch()
    prdgen.environment["PRDGEN_PUBLIC_DIR"] = str(prdgen.folder / "theirs")
    with prdgen.serving("--no-worker") as serving:
        said = "".join(serving.lines)
    assert "Warning: " in said
    assert "theirs is a folder with files of its own" in said
    assert "public_dir" in said


def test_an_open_event_stream_is_no_error_at_the_end(prdgen):
    """Ctrl-C with a browser open: nothing that would frighten whoever reads the log."""
    with prdgen.serving("--no-worker") as serving:
        browser = Client(serving)
        with browser._open(f"{serving.base}/api/events") as stream:
            assert stream.status == 200
            assert serving.stop() == 0
        serving._reader.join(10)
        said = "".join(serving.lines) + "".join(serving._queue.queue)
    assert "Stopping" in said
    assert "ERROR" not in said


def test_a_forge_that_cannot_be_is_told_at_the_start(prdgen):
    """People can write all the same; what to set is said."""
    prdgen.environment["PRDGEN_FORGE"] = "gitea"
    with prdgen.serving("--no-worker") as serving:
        said = "".join(serving.lines)
    assert "Warning: Reviews cannot be exchanged with a forge: there is no `remote`" in said
    assert "docs/forges.md" in said


def test_serve_ends_on_sigterm_too(prdgen):
    """As a service manager would stop it."""
    with prdgen.serving("--no-worker") as serving:
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(30) == 0


def test_a_signal_in_the_middle_of_a_line_is_taken():
    """While a stream writes one line it takes no other."""
    lines, writing = [], []

    def say(line):
        assert not writing, "two lines at once"
        writing.append(line)
        if line == "one":
            signal.raise_signal(signal.SIGTERM)
        lines.append(writing.pop())

    async def starting():
        run._stop_while_starting(say)
        say("one")
        await asyncio.sleep(30)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(starting())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert lines == ["one", "Stopping: ending what was started …"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("said", ["Opening ", "Database and cache are up."])
async def test_serve_can_be_stopped_while_it_starts(shop, eventually, number, said):
    """Neither its Postgres nor its Valkey may outlive it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "prdgen", "serve", "--port", "0"], cwd=shop, text=True,
        env=os.environ | {"NO_COLOR": "1"}, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process.stderr:
        while not process.stderr.readline().startswith(said):
            pass
        process.send_signal(number)
        rest = process.stderr.read()
    assert process.wait(30) == 0
    assert "Stopp" in rest
    assert "Traceback" not in rest
    await eventually(lambda: not processes_below(shop), 5)


def test_a_worker_ends_when_asked(prdgen):
    """`prdgen worker` runs by itself and ends on ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, "-m", "prdgen", "worker"], cwd=prdgen.folder, env=prdgen.environment,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in process.stderr:
        if "takes jobs" in line:
            break
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not re.search(r"\.(br|gz|zst)$", path.name)
    }
