"""A short way for what nearly every request wants: a file of the site that memory has.

uvicorn and Starlette take a hundred microseconds for an answer. Here a plain GET below /site/ is answered
as soon as its head was read, from bytes that are ready; everything else goes its ordinary way, through
`site_files`, which fills memory. Who may read, and from which host, is asked here as there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from prdgen.flows.context import App
from prdgen.flows.levels import Kept
from prdgen.server import site_headers
from prdgen.server.middleware import security
from prdgen.server.middleware.hosts import Hosts
from prdgen.server.readers import Credentials, Readers
from prdgen.server.site_headers import ANYONE, READERS, WRITERS

BELOW: Final = b"/site/"
_MOST_HOSTS: Final = 100
_SPECIAL: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
Headers = Sequence[tuple[bytes, bytes]]


class Quick:
    """Answers from memory, as bytes for the socket."""

    def __init__(self, app: App, hosts: Hosts, readers: Readers) -> None:
        self._levels, self._settings = app.levels, app.settings
        self._hosts, self._readers = hosts, readers
        self._known_hosts: set[bytes] = set()
        self._always = _lines(security.steady())

    def answer(self, url: bytes, headers: Headers) -> tuple[bytes, bytes] | None:
        """Head (without its end) and body; None: not this way."""
        asked = dict(headers)
        # A header that came twice, or a request with a body: not worth a thought here.
        if len(asked) != len(headers) or not _SPECIAL.isdisjoint(asked):
            return None
        who = self._asker((asked.get(b"cookie"), asked.get(b"authorization")))
        if who is None or not self._is_our_name(asked.get(b"host", b"")):
            return None
        path = url[len(BELOW) :].partition(b"?")[0].decode("latin-1")
        path = site_headers.public_path(unquote(path) if "%" in path else path)
        accepted = asked.get(b"accept-encoding", b"").decode("latin-1")
        kept = self._levels.at_hand(path, site_headers.encodings(accepted))
        if kept is None or kept.file is None:
            return None
        if b"via" in asked or b"cdn-loop" in asked:
            self._levels.cdn.misses += 1
        tag, unchanged, whole = kept.prepared.get(who) or self._prepared(kept, who)
        condition = asked.get(b"if-none-match")
        if condition is not None and tag in condition:
            self._levels.browser.hit(0.0)
            return unchanged, b""
        return whole, kept.file.data

    def _asker(self, who: Credentials) -> str | None:
        if self._settings.public_site:
            return ANYONE if who == (None, None) else WRITERS
        return READERS if self._readers.know(who) else None

    def _is_our_name(self, host: bytes) -> bool:
        if host in self._known_hosts:
            return True
        known = self._hosts.know(host.decode("latin-1"))
        if known and len(self._known_hosts) < _MOST_HOSTS:
            self._known_hosts.add(host)
        return known

    def _prepared(self, kept: Kept, who: str) -> tuple[bytes, bytes, bytes]:
        """Tag, head of a 304, head of the file; kept beside it."""
        file = kept.file
        assert file is not None
        headers = site_headers.of(file, who, self._settings)
        whole = headers | {"Content-Length": str(len(file.data))}
        same, found = b"HTTP/1.1 304 Not Modified\r\n", b"HTTP/1.1 200 OK\r\n"
        made = (
            headers["ETag"].encode(),
            same + _lines(headers) + self._always,
            found + _lines(whole) + self._always,
        )
        kept.prepared[who] = made
        return made


class Http(HttpToolsProtocol):
    """uvicorn's protocol for one connection, with the short way."""

    _answered = False
    """Whether the request that is being read has its answer already."""

    def on_headers_complete(self) -> None:
        """The head of a request was read; called by the parser."""
        self._answered = self._may_answer() and self._answer()
        if not self._answered:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of its body came."""
        if not self._answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it came."""
        if not self._answered:
            super().on_message_complete()

    def _may_answer(self) -> bool:
        """Whether this is a plain GET of a file, and no answer before it is still under way."""
        return (
            self.url.startswith(BELOW)
            and self.parser.get_method() == b"GET"
            and (self.cycle is None or self.cycle.response_complete)
            and not self.pipeline
            and not self.flow.write_paused
            and self.parser.get_http_version() == "1.1"
            and not self.transport.is_closing()
        )

    def _answer(self) -> bool:
        quick: Quick = self.config.app.state.quick  # type: ignore[union-attr]
        found = quick.answer(self.url, self.headers)
        if found is None:
            return False
        head, body = found
        goes_on = self.parser.should_keep_alive()
        usual = _lines_of(self.server_state.default_headers)
        end = b"\r\n" if goes_on else b"connection: close\r\n\r\n"
        self.transport.writelines((head + usual + end, body))
        self.server_state.total_requests += 1
        if goes_on:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        else:
            self.transport.close()
        return True


def _lines(headers: dict[str, str]) -> bytes:
    return "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items()).encode(
        "latin-1"
    )


def _lines_of(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % each for each in headers])
