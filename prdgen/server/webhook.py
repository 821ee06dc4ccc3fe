"""`/webhooks/remote`: a forge says that something was pushed or said there; that means *look there*.

So one that comes twice, late or in another order does no harm. Only the signature is judged.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import re
import time
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from prdgen.errors import NotFound, PrdgenError, TooLarge
from prdgen.flows import forge_wanted, remote_wanted
from prdgen.server.auth import app_of

log = logging.getLogger(__name__)
_LIMIT: Final = 26_214_400
"""What the largest forge sends at most."""
_HEX: Final = (
    ("x-hub-signature-256", "sha256="),  # GitHub, Gitea, Forgejo
    ("x-hub-signature", "sha256="),  # Bitbucket
    ("x-forgejo-signature", ""),
    ("x-gitea-signature", ""),
    ("x-gogs-signature", ""),
)
_TOKEN: Final = "x-gitlab-token"  # noqa: S105
_TOLERANCE_SECONDS: Final = 300.0


class BadSignature(PrdgenError):
    """The webhook is not signed with this server's secret."""

    cure = "Give the webhook at the forge the secret that PRDGEN_REMOTE_WEBHOOK_SECRET_FILE holds."
    status = 401


async def remote(request: Request) -> Response:
    """A forge's webhook (GitHub, GitLab, Gitea, Forgejo, Bitbucket): look at remote and reviews."""
    app = app_of(request)
    secret = app.settings.remote_webhook_secret
    if not secret or not app.settings.remote:
        raise NotFound(what="webhook (none is set up)", where=request.url.path)
    signed = _Signed(request, secret)
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > _LIMIT:
            raise TooLarge(
                what="The webhook", where=request.url.path, got=f"over {_LIMIT} bytes",
                expected=f"{_LIMIT} bytes",
            )  # fmt: skip
        signed.update(part)
    if not signed.is_right():
        log.warning(
            "a webhook from %s has a wrong signature", request.client and request.client.host
        )
        raise BadSignature
    if request.headers.get("x-github-event") != "ping":
        await remote_wanted.told(app)
        await forge_wanted.now(app, look=True)
    return JSONResponse({"status": "accepted"}, 202)


class _Signed:
    """The body's signature, counted while it comes in and compared in constant time."""

    def __init__(self, request: Request, secret: str) -> None:
        self._headers, self._secret = request.headers, secret
        self._body = hmac.new(secret.encode(), digestmod=hashlib.sha256)
        self._standard = self._begun()

    def update(self, part: bytes) -> None:
        """One more part of the body."""
        self._body.update(part)
        if self._standard is not None:
            self._standard.update(part)

    def is_right(self) -> bool:
        """Whether any of the signatures that came along is right."""
        return self._as_hex() or self._as_token() or self._as_standard()

    def _as_hex(self) -> bool:
        right = self._body.hexdigest()
        given = [
            value.removeprefix(prefix)
            for name, prefix in _HEX
            if (value := self._headers.get(name, "")).startswith(prefix) and value
        ]
        return any(_same(one, right) for one in given)

    def _as_token(self) -> bool:
        """GitLab sends the secret itself."""
        given = self._headers.get(_TOKEN)
        return given is not None and _same(given, self._secret)

    def _as_standard(self) -> bool:
        """Standard Webhooks: several signatures, each `v1,BASE64`."""
        if self._standard is None:
            return False
        right = base64.b64encode(self._standard.digest()).decode()
        given = self._headers.get("webhook-signature", "").split()
        return any(_same(one, f"v1,{right}") for one in given)

    def _begun(self) -> hmac.HMAC | None:
        """It covers id and time as well; one that is minutes old is no longer right."""
        name, moment = (self._headers.get(f"webhook-{key}", "") for key in ("id", "timestamp"))
        if not name or not re.fullmatch(r"\d{1,12}", moment):
            return None
        if abs(time.time() - int(moment)) > _TOLERANCE_SECONDS:
            return None
        key = self._secret.removeprefix("whsec_")
        try:
            raw = base64.b64decode(key, validate=True) if key != self._secret else key.encode()
        except binascii.Error:
            return None
        return hmac.new(raw, f"{name}.{moment}.".encode(), hashlib.sha256)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode())
