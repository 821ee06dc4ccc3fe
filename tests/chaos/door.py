"""Signing in as a script does, and where the official clients find a page's document."""

from __future__ import annotations

import html
import http.client
import json
import re
from dataclasses import dataclass

from e2e.house import House


@dataclass(frozen=True)
class Door:
    """A page's document, and the path at which every server of the house has it."""

    token: str
    path: str
    document: str

    def url(self, port: int) -> str:
        """The WebSocket's address over this port."""
        return f"ws://git:{self.token}@127.0.0.1:{port}{self.path}"


def enter(house: House, page_path: str) -> Door:
    """Redeem the sign-in link, make a token, and open the page's editor."""
    link = house.link.removeprefix(house.url)
    cookie, _ = _request(house, "POST", link)
    _, page = _request(house, "GET", "/new", cookie=cookie)
    form = re.search(r'name="csrf" value="(\w+)"', page)
    assert form, "signing in gave no form token"
    made = _request(
        house, "POST", "/api/tokens", b'{"name": "chaos"}', cookie=cookie, x_csrf_token=form[1]
    )
    token = str(json.loads(made[1])["token"])
    _, page = _request(house, "GET", f"/edit/main/{page_path}", authorization=f"Bearer {token}")
    config = re.search(r'data-config="([^"]*)"', page)
    assert config, "the editor's page has no configuration"
    found = json.loads(html.unescape(config[1]))
    return Door(token, found["syncUrl"], found["documentUrl"])


def save_version(house: House, token: str, page_path: str) -> str:
    """Save a version through this server; gives its answer."""
    _, said = _request(
        house, "POST", "/api/versions",
        json.dumps({"branch": "main", "page_path": page_path, "message": "Saved"}).encode(),
        authorization=f"Bearer {token}",
    )  # fmt: skip
    return said


def _request(
    house: House, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body or None, named)
    answer = connection.getresponse()
    cookies = answer.headers.get_all("set-cookie") or []
    kept = "; ".join(cookie.partition(";")[0] for cookie in cookies)
    return kept, answer.read().decode()
