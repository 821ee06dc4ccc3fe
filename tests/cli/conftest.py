"""`prdgen` as its users call it: a process of its own in a folder of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

import pytest
from server import team


class Prdgen:
    """Calls the command in `folder`; the environment has no settings but the ones given."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.environment = os.environ | {"NO_COLOR": "1"} | variables

    def __call__(
        self, *arguments: str, code: int = 0, **options: object
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end; `code` is the exit code expected. There is never a traceback."""
        done = subprocess.run(
            [sys.executable, "-m", "prdgen", *arguments], cwd=self.folder, text=True,
            env=self.environment, capture_output=True, timeout=120, **options,
        )  # fmt: skip
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    @contextmanager
    def serving(self, *arguments: str):
        """`prdgen serve` until the block ends; gives what it is and waits for its sign-in link."""
        process = subprocess.Popen(
            [sys.executable, "-m", "prdgen", "serve", "--port", "0", *arguments], text=True,
            cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            yield Serving(process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            for pipe in (process.stdout, process.stderr):
                pipe.close()


class Serving:
    """A running server: its process, its lines so far, its address, its link."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._queue: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.link = self.wait_for(r"Sign in .*: (http\S+)")[1]
        self.base = self.link.partition("/sign-in/")[0]

    def _read(self) -> None:
        for line in self.process.stderr:
            self._queue.put(line)

    def wait_for(self, pattern: str, seconds: float = 60.0) -> re.Match[str]:
        """The next line that fits."""
        while True:
            try:
                line = self._queue.get(timeout=seconds)
            except Empty:
                raise AssertionError(f"no {pattern!r} in: {''.join(self.lines)}") from None
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found

    def stop(self) -> int:
        """Ctrl-C; the exit code once it is gone."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """The example repository, to be copied."""
    return team.make(tmp_path_factory.mktemp("cli") / "shop")


@pytest.fixture
def shop(example, tmp_path):
    """A copy of the example."""
    return team.copy(example, tmp_path / "shop")


@pytest.fixture
def prdgen(shop, database_url, redis_url):
    """The command in the example, on the tests' own Postgres and Valkey."""
    return Prdgen(shop, PRDGEN_DATABASE_URL=database_url, PRDGEN_REDIS_URL=redis_url)


@pytest.fixture
def bare(tmp_path):
    """The command in an empty folder, without any service."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return Prdgen(folder)
