"""S3-compatible storage of one's own: moto's server, and what stands between it and us."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, urlsplit

import httpx2
from moto.server import ThreadedMotoServer

from prdgen.storage.bucket import Access, Bucket

KEY, SECRET = "AKIATESTS", "a-secret-of-the-tests"


@contextmanager
def served():
    """Storage on a port of its own; its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def make(endpoint: str, name: str, *, public: bool = False) -> str:
    """A new bucket, which anybody may read when it is public."""
    headers = {"x-amz-acl": "public-read"} if public else {}
    auth = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20261126/us-east-1/s3/aws4_request"
    }
    httpx2.put(f"{endpoint}/{name}", headers=headers | auth).raise_for_status()
    return name


def opened(endpoint: str, name: str, folder: str = "", *, seconds: float = 20.0) -> Bucket:
    """A bucket there, as the settings would open it."""
    return Bucket(Access(name, folder, endpoint, "us-east-1", KEY, SECRET, seconds=seconds))


Answer = tuple[int, bytes] | None
Rule = Callable[[str, str], Answer | str]
"""Method and path → an answer instead of the storage's, `drop`, `lose`, or None to let it pass."""


class Between:
    """A proxy before storage that answers as it is told to. `lose`: done, but nobody hears of it."""

    def __init__(self, endpoint: str) -> None:
        self.rule: Rule = lambda _method, _path: None
        self.asked: list[str] = []
        """Every request: method and path."""
        self.ignores_conditions = False
        """Whether it is storage that does not know If-Match and If-None-Match."""
        self.slow = 0.0
        """Seconds before each answer."""
        between, host = self, urlsplit(endpoint).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length)
                between.asked.append(f"{self.command} {self.path}")
                time.sleep(between.slow)
                said = between.rule(self.command, self.path)
                if said == "drop":
                    self.connection.close()
                    self.close_connection = True
                    return
                if isinstance(said, tuple):
                    self.say(said[0], {}, said[1])
                    return
                headers = {
                    k: v for k, v in self.headers.items() if k.lower() not in {"connection", "host"}
                }
                headers["host"] = host
                if between.ignores_conditions:
                    headers = {k: v for k, v in headers.items() if not k.lower().startswith("if-")}
                found = httpx2.request(
                    self.command, f"http://{host}{self.path}", headers=headers, content=body,
                    timeout=30,
                )  # fmt: skip
                if said == "lose":
                    self.connection.close()
                    self.close_connection = True
                    return
                kept = {k: v for k, v in found.headers.items()
                        if k.lower() not in {"transfer-encoding", "content-encoding", "connection"}}  # fmt: skip
                if "content-encoding" in found.headers:
                    kept.pop("content-length", None)
                self.say(found.status_code, kept, found.content)

            def say(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() != "content-length":
                        self.send_header(name, value)
                length = headers.get("content-length") if self.command == "HEAD" else None
                self.send_header("Content-Length", length or str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def address(endpoint: str, bucket: str, key: str) -> str:
    """Where a reader finds an object of a public bucket."""
    return f"{endpoint}/{bucket}/{quote(key)}"
