"""One bucket of S3-compatible storage, or a folder in it: objects by key, with limits and clear errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import obstore
from obstore import exceptions
from obstore.store import S3Store

from prdgen.storage.errors import (
    StorageAway,
    StorageChanged,
    StorageDenied,
    StorageError,
    StorageMissing,
)

_TRIES: Final = 4
_LONGEST: Final = 300
_DELETED_AT_ONCE: Final = 1000
_STATUS: Final = re.compile(r"status code: (\d{3})")
_CODE: Final = re.compile(r"<Code>([\w.]{1,80})</Code>")
_REASON: Final = re.compile(r"<Message>([^<]{1,200})</Message>")


@dataclass(frozen=True, slots=True)
class Access:
    """How a bucket is reached. Empty `endpoint`: Amazon's; empty keys: what the environment has."""

    bucket: str
    folder: str = ""
    endpoint: str = ""
    region: str = ""
    key: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    seconds: float = 30.0
    """Time limit of one request."""

    @property
    def where(self) -> str:
        """The bucket as errors name it."""
        return f"s3://{self.bucket}/{self.folder}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Seen:
    """One object as a listing shows it."""

    key: str
    size: int
    etag: str


class Bucket:
    """Objects below one folder of a bucket. Every call blocks; threads may share it."""

    def __init__(self, access: Access) -> None:
        self.access, self.where = access, access.where
        given = {
            "endpoint": access.endpoint, "region": access.region, "access_key_id": access.key,
            "secret_access_key": access.secret, "session_token": access.token,
        }  # fmt: skip
        options: Any = {name: value for name, value in given.items() if value}
        seconds = timedelta(seconds=access.seconds)
        backoff: Any = {
            "init_backoff": timedelta(seconds=0.1),
            "max_backoff": seconds / 4,
            "base": 2,
        }
        self._store = S3Store(
            access.bucket,
            prefix=access.folder or None,
            client_options={
                "allow_http": access.endpoint.startswith("http://"),
                "timeout": seconds, "connect_timeout": min(seconds, timedelta(seconds=5)),
            },
            retry_config={
                "max_retries": _TRIES - 1, "retry_timeout": 2 * seconds, "backoff": backoff,
            },
            **options,
        )  # fmt: skip

    def get(self, key: str) -> tuple[bytes, str] | None:
        """The object's bytes and ETag, or None."""
        with self._translated(f"give {key}", absent=True) as found:
            answer = obstore.get(self._store, key)
            found.append((bytes(answer.bytes()), str(answer.meta["e_tag"] or "")))
        return found[0] if found else None

    def put(
        self, key: str, data: bytes, headers: Mapping[str, str] | None = None, *,
        match: str | None = None,
    ) -> str:  # fmt: skip
        """Write an object, whole; its ETag. `match`: only over the one with this ETag, or, when it is
        empty, where there is none; else StorageChanged is raised.
        """
        mode: Any = "overwrite" if match is None else {"e_tag": match} if match else "create"
        with self._translated(f"take {key}"):
            answer = obstore.put(
                self._store, key, data, attributes=dict(headers or {}), mode=mode,
                use_multipart=False,
            )  # fmt: skip
        return str(answer["e_tag"] or "")

    def copy(self, key: str, to: str) -> None:
        """Let the object stand at another key too, with its headers; nothing is sent."""
        with self._translated(f"copy {key} to {to}"):
            obstore.copy(self._store, key, to)

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; one that is not there is none."""
        for first in range(0, len(keys), _DELETED_AT_ONCE):
            some = list(keys[first : first + _DELETED_AT_ONCE])
            with self._translated(f"delete {len(some)} objects", absent=True):
                obstore.delete(self._store, some)

    def objects(self, prefix: str = "") -> Iterator[Seen]:
        """Every object whose key begins with a folder, or every one."""
        with self._translated("list its objects"):
            for some in obstore.list(self._store, prefix or None):
                for each in some:
                    yield Seen(str(each["path"]), int(each["size"]), str(each["e_tag"] or ""))

    @contextmanager
    def _translated(self, what: str, *, absent: bool = False) -> Iterator[list[Any]]:
        """A failure inside becomes ours; a missing object none when it may be `absent`. Give what was
        found to the list.
        """
        try:
            yield []
        except (exceptions.AlreadyExistsError, exceptions.PreconditionError) as error:
            raise StorageChanged(what=what, where=self.where) from error
        except FileNotFoundError as error:
            if not absent or "NoSuchBucket" in str(error):
                raise StorageMissing(what=what, where=self.where, got=_said(error)) from error
        except PermissionError as error:
            raise StorageDenied(what=what, where=self.where, got=_said(error)) from error
        except (exceptions.BaseError, OSError, ValueError) as error:
            raise self._other(what, error) from error

    def _other(self, what: str, error: Exception) -> StorageError:
        status = _STATUS.search(str(error))
        facts = {"what": what, "where": self.where, "got": self._brief(_said(error))}
        if isinstance(
            error, (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
        ) or (status and status[1] in {"401", "403"}):
            return StorageDenied(**facts)
        if status and status[1] == "404":
            return StorageMissing(**facts)
        if status and status[1] in {"409", "412"}:
            return StorageChanged(what=what, where=self.where)
        if status and not status[1].startswith("5") and status[1] != "429":
            return StorageError(**facts)
        return StorageAway(**facts)

    def _brief(self, words: str) -> str:
        for hidden in (self.access.secret, self.access.token):
            words = words.replace(hidden, "…") if hidden else words
        return words


def _said(error: Exception) -> str:
    """What storage said, for people: its status and code, not its XML or our addresses."""
    words = str(error)
    status, code, reason = (found.search(words) for found in (_STATUS, _CODE, _REASON))
    if status:
        return " ".join(found[1] for found in (status, code, reason) if found).rstrip(".")
    plain = " ".join(words.split())
    # The library's own words end with how it is put together inside.
    plain = plain.partition(" Debug source:")[0].rstrip(".")
    before, mark, after = plain.partition(" - ")
    plain = after if mark and "Error performing" in before else plain
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]} …"
