"""`prdgen serve` as a process of its own, and someone signed in to it."""

from __future__ import annotations

import html
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlencode

from bench import node, processes, repositories

_LINK: Final = re.compile(r"http://[^/]+(/sign-in/\S+)")
_PATIENCE: Final = 120.0


class ServerFailed(Exception):
    """The server did not do what the benchmark needs."""


class Served:
    """A server on a repository, from its start to its clean end."""

    def __init__(self, repository: Path, *, port: int = 0, **settings: object) -> None:
        self.repository = repository
        self.port = port or free_port()
        self._log: deque[str] = deque(maxlen=200)
        self._link = threading.Event()
        self._path = ""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PRDGEN_")}
        environment |= repositories.PLAIN_GIT
        environment |= {f"PRDGEN_{k.upper()}": str(v) for k, v in settings.items()}
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "prdgen", "serve", "-C", str(repository), "-p", str(self.port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, cwd=node.ROOT, env=environment,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it as ctrl-C does; safe to call again."""
        processes.stop(self._process)

    def kill(self) -> None:
        """End it at once, as a power cut would; its database and cache go on."""
        self._process.kill()
        self._process.wait()

    @property
    def errors_logged(self) -> int:
        """Lines of its log that are errors, among the last ones."""
        return sum(" ERROR " in line for line in list(self._log))

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """Processor time of the server, its worker, database and cache so far."""
        own = processes.tree(self.pid)
        return processes.seconds(own) + processes.seconds(
            processes.services(self.pid, self.state_dir)
        )

    @property
    def state_dir(self) -> Path:
        """Where the clone's database and cache live."""
        return self.repository / ".git" / "prdgen"

    def wait_healthy(self) -> float:
        """Seconds from the start of the process until /healthz answers."""
        while True:
            try:
                if self.request("GET", "/healthz")[0] == http.client.OK:
                    return time.monotonic() - self.began
            except OSError:
                time.sleep(0.01)
            self._check(time.monotonic() - self.began < _PATIENCE, "/healthz does not answer")

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request on a connection of its own; status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def sign_in_path(self) -> str:
        """The address of the printed sign-in link, without the server's name."""
        self._check(self._link.wait(_PATIENCE), "no sign-in link was printed")
        return self._path

    def sign_in(self) -> Visitor:
        """Redeem the link the server printed, and make an API token."""
        _, headers, _ = self.request("POST", self.sign_in_path(), b"")
        cookie = (headers["set-cookie"] or "").partition(";")[0]
        _, _, page = self.request("GET", "/new", cookie=cookie)
        form_token = re.search(rb'name="csrf" value="(\w+)"', page)
        self._check(form_token is not None, "signing in gave no form token")
        assert form_token
        _, _, made = self.request(
            "POST", "/api/tokens", b'{"name":"bench"}', cookie=cookie,
            x_csrf_token=form_token[1].decode(),
        )  # fmt: skip
        return Visitor(self, json.loads(made)["token"])

    def _read(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self._log.append(line)
            if found := _LINK.search(line):
                self._path = found[1]
                self._link.set()

    def failed(self, what: str) -> ServerFailed:
        """The error for what went wrong, with the server's last lines."""
        return ServerFailed(f"{what}; the server said:\n{''.join(self._log)}")

    def _check(self, holds: bool, what: str) -> None:
        if not holds or self._process.poll() is not None:
            raise self.failed(what)


class Visitor:
    """Someone signed in with a token."""

    def __init__(self, served: Served, token: str) -> None:
        self.served = served
        self.token = token

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        status, _, body = self.served.request("GET", path, authorization=f"Bearer {self.token}")
        return status, body

    def api(self, method: str, path: str, **body: Any) -> Any:
        """An API call's answer; raises ServerFailed when it is refused."""
        status, _, answer = self.served.request(
            method, path, json.dumps(body).encode() if body else None,
            authorization=f"Bearer {self.token}",
        )  # fmt: skip
        if status >= http.client.BAD_REQUEST:
            raise self.served.failed(f"{method} {path}: {status} {answer.decode()}")
        return json.loads(answer)

    def editor_place(self, page_path: str) -> tuple[str, str]:
        """What an editor of a page needs: its WebSocket address and its document."""
        status, page = self.get(f"/edit/main/{page_path}")
        found = re.search(r'data-config="([^"]*)"', page.decode())
        if status != http.client.OK or found is None:
            raise self.served.failed(f"/edit/main/{page_path} was answered with {status}")
        config = json.loads(html.unescape(found[1]))
        url = f"ws://git:{self.token}@127.0.0.1:{self.served.port}{config['syncUrl']}"
        return url, config["documentUrl"]

    def list_pages(self) -> int:
        """How many pages the index holds."""
        found, after = 0, ""
        while True:
            asked = urlencode(
                {"limit": 200, "order": "path", **({"after": after} if after else {})}
            )
            answer = self.api("GET", f"/api/pages?{asked}")
            found += len(answer["items"])
            if not (after := answer["after"] or ""):
                return found


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
