"""Amazon's Signature Version 4 of one request, as its reference describes it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key; `session` only for temporary ones."""

    id: str
    secret: str = field(repr=False)
    session: str = field(default="", repr=False)


def signed(
    method: str, address: str, body: bytes, keys: Keys, *, region: str, service: str,
    at: datetime | None = None,
) -> dict[str, str]:  # fmt: skip
    """The headers that make this request, without a query, one of the key's owner."""
    parts = urlsplit(address)
    moment = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": parts.netloc, "x-amz-date": moment}
    if keys.session:
        headers["x-amz-security-token"] = keys.session
    names = ";".join(headers)
    request = "\n".join((
        method, quote(parts.path, safe="/-_.~"), "",
        *(f"{name}:{value}" for name, value in headers.items()), "", names,
        hashlib.sha256(body).hexdigest(),
    ))  # fmt: skip
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    proof = hmac.digest(key, text.encode(), "sha256").hex()
    del headers["host"]  # the HTTP client gives it
    credential = f"{_ALGORITHM} Credential={keys.id}/{scope}"
    return headers | {"Authorization": f"{credential}, SignedHeaders={names}, Signature={proof}"}
