"""`git http-backend` behind the smallest web server there can be: what prdgen's pushes are held to."""

from __future__ import annotations

import os
import subprocess
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from bench import repositories


class Plain:
    """Serves one bare repository; it wants a password, as every server that takes pushes does."""

    def __init__(self, repository: Path) -> None:
        repositories.git(repository, "config", "http.receivepack", "true")
        self._server = _Server(("127.0.0.1", 0), _Request)
        self._server.repository = repository
        self.url = f"http://git:secret@127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    repository: Path


class _Request(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The refs."""
        self._run(b"")

    def do_POST(self) -> None:
        """One of Git's services."""
        self._run(self._body())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name there
        """Say nothing."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _run(self, body: bytes) -> None:
        if "Authorization" not in self.headers:
            self._answer(HTTPStatus.UNAUTHORIZED, [("WWW-Authenticate", "Basic realm=git")], b"")
            return
        address = urlsplit(self.path)
        done = subprocess.run(
            ["git", "http-backend"], input=body, stdout=subprocess.PIPE, check=True,
            env=os.environ | repositories.PLAIN_GIT | {
                "GIT_PROJECT_ROOT": str(self.server.repository), "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": address.path, "QUERY_STRING": address.query,
                "REQUEST_METHOD": self.command, "REMOTE_USER": "git", "CONTENT_LENGTH": str(len(body)),
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            },
        )  # fmt: skip
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        pairs = (line.split(": ", 1) for line in head.decode().splitlines())
        headers = dict(pairs)
        status = HTTPStatus(int(headers.pop("Status", "200").split()[0]))
        self._answer(status, list(headers.items()), answer)

    def _answer(self, status: HTTPStatus, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
