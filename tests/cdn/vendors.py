"""Fastly and Cloudflare as they publish themselves, on a port of one's own; and what they hold.

The shapes are those of Fastly's purging reference (`POST /service/{service_id}/purge`, `POST /purge/{url}`) and
of Cloudflare's (`POST /zones/{zone_id}/purge_cache`), as their own generated clients have them (fastly 15,
cloudflare 5.9). A request that is not so is an entry in `problems`. CloudFront is moto's.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jsonschema import Draft202012Validator

TOKEN = "a-token-of-the-tests"
KEY = {"type": "string", "pattern": r"^[!-~]{1,1024}$"}
FASTLY_KEYS = {
    "type": "object", "required": ["surrogate_keys"], "additionalProperties": False,
    "properties": {"surrogate_keys": {"type": "array", "items": KEY, "minItems": 1, "maxItems": 256}},
}  # fmt: skip
CLOUDFLARE = {
    "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": False,
    "properties": {
        "tags": {"type": "array", "minItems": 1, "maxItems": 100,
                 "items": {"type": "string", "pattern": r"^[!-+\--~]{1,1024}$"}},
        "files": {"type": "array", "minItems": 1, "maxItems": 100,
                  "items": {"type": "string", "pattern": r"^https?://[^/\s]+/\S*$"}},
        "prefixes": {"type": "array", "minItems": 1, "maxItems": 100,
                     "items": {"type": "string", "pattern": r"^[^/:\s]+(:\d+)?/[^?#\s]*$"}},
        "purge_everything": {"const": True},
    },
}  # fmt: skip
Said = tuple[int, dict[str, str], bytes]


class Vendor:
    """One CDN: which keys and addresses it was told to forget, and what was wrong with that."""

    def __init__(self, answer: Callable[[Vendor, str, dict[str, str], Any], Said]) -> None:
        self.forgotten: list[str] = []
        self.requests: list[Any] = []
        self.problems: list[str] = []
        self.says: list[Said | str] = []
        """Answers to give first, instead of doing anything; `drop` cuts the connection."""
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers.get("content-length", 0)))
                vendor.requests.append(data)
                said = vendor.says.pop(0) if vendor.says else None
                if said == "drop":
                    self.close_connection = True
                    self.connection.close()
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, more, body = said or answer(vendor, self.path, headers, data)
                self.send_response(status)
                for name, value in {**more, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.api = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def check(self, schema: dict[str, Any], data: bytes) -> Any:
        """The body, when it is as it is described."""
        try:
            body = json.loads(data)
        except ValueError:
            self.problems.append(f"no JSON: {data[:60]!r}")
            return {}
        self.problems += [error.message for error in Draft202012Validator(schema).iter_errors(body)]
        return body


def fastly(vendor: Vendor, path: str, headers: dict[str, str], data: bytes) -> Said:
    if headers.get("fastly-key") != TOKEN:
        return 401, {}, b'{"msg": "Provided credentials are missing or invalid"}'
    if headers.get("fastly-soft-purge") != "1" or "application/json" not in headers["accept"]:
        vendor.problems.append(f"headers {headers}")
    if path == "/service/SU1Z0isxPaozGVKXdv0eY/purge":
        keys = vendor.check(FASTLY_KEYS, data).get("surrogate_keys", [])
        vendor.forgotten += keys
        return 200, {}, json.dumps({key: f"108-{n}" for n, key in enumerate(keys)}).encode()
    if found := re.fullmatch(r"/purge/([^/]+/\S*)", path):
        vendor.forgotten.append(found[1])
        return 200, {}, b'{"status": "ok", "id": "108-1391560174-974124"}'
    return 404, {}, b'{"msg": "Record not found", "detail": "Cannot load service"}'


def cloudflare(vendor: Vendor, path: str, headers: dict[str, str], data: bytes) -> Said:
    if headers.get("authorization") != f"Bearer {TOKEN}":
        said = {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}],
                "messages": [], "result": None}  # fmt: skip
        return 403, {}, json.dumps(said).encode()
    if path != "/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache":
        said = {"success": False, "errors": [{"code": 7003, "message": "Could not route"}]}
        return 404, {}, json.dumps(said).encode()
    for items in vendor.check(CLOUDFLARE, data).values():
        vendor.forgotten += items if isinstance(items, list) else ["everything"]
    said = {"success": True, "errors": [], "messages": [],
            "result": {"id": "023e105f4ecef8ad9ca31a8372d0c353"}}  # fmt: skip
    return 200, {}, json.dumps(said).encode()
