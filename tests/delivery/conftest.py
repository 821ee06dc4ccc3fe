"""Targets of both kinds, and sites made of texts to publish to them."""

from __future__ import annotations

import hashlib
from uuid import uuid4

import pytest

from prdgen.delivery.bucket import BucketTarget
from prdgen.delivery.build import Build, File, Kind
from prdgen.delivery.folder import FolderTarget
from prdgen.delivery.headers import Ages
from prdgen.storage.bucket import Bucket

from . import buckets

KEEP_SECONDS = 7200.0


@pytest.fixture(scope="session")
def storage():
    """Storage of this run; each test makes buckets of its own."""
    with buckets.served() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(storage) -> Bucket:
    return buckets.opened(storage, buckets.make(storage, f"prds-{uuid4().hex[:12]}"), "docs")


@pytest.fixture
def between(storage):
    """What stands before the storage and can be told to fail."""
    proxy = buckets.Between(storage)
    yield proxy
    proxy.close()


class Shop:
    """Artifacts by name, and builds of them."""

    def __init__(self) -> None:
        self.artifacts: dict[str, bytes] = {}
        self.asked: list[str] = []

    def build(self, commit: str, **files: str | bytes) -> Build:
        """A build of `commit`; `a__b_html` is `a/b.html`, and its text begins with its kind: FIXED,
        FILE, PAGE or INDEX.
        """
        made = {}
        for name, text in files.items():
            path = name.replace("__", "/")
            path = ".".join(path.rsplit("_", 1))
            made[path] = self.file(text)
        lines = "".join(f"{path}{file.name}" for path, file in sorted(made.items()))
        number = hashlib.sha256(f"{commit}{lines}".encode()).hexdigest()[:12]
        return Build(number, commit, "2026-11-26T07:00:00+00:00", len(made), made)

    def file(self, text: str) -> File:
        data = text.encode()
        name = hashlib.sha256(data).hexdigest()[:40]
        self.artifacts[name] = data
        return File(name, Kind[text.split(maxsplit=1)[0]])

    def read(self, name: str) -> bytes | None:
        self.asked.append(name)
        return self.artifacts.get(name)


@pytest.fixture
def shop() -> Shop:
    return Shop()


class Place:
    """A target as readers and as publishers see it."""

    def __init__(self, open_target, shown, meddle) -> None:
        self.again = open_target
        """Opens the target once more, as another process would."""
        self.target = open_target()
        self.shown = shown
        """Path → text of everything that readers can get."""
        self.meddle = meddle
        """Writes a text to a path, past prdgen; None: deletes it."""


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path) -> Place:
    if request.param == "folder":
        return folder_place(tmp_path / "www")
    return bucket_place(request.getfixturevalue("bucket"))


def folder_place(path, keep: int = 10) -> Place:
    current = path / "current"

    def shown() -> dict[str, str]:
        return {str(each.relative_to(current)): each.read_text()
                for each in current.rglob("*") if each.is_file()}  # fmt: skip

    def meddle(name: str, text: str | None) -> None:
        (current / name).unlink(missing_ok=True)
        if text is not None:
            (current / name).write_text(text)

    def again():
        return FolderTarget(path, keep=keep, keep_seconds=KEEP_SECONDS, notes_changes=True)

    return Place(again, shown, meddle)


def bucket_place(bucket: Bucket, keep: int = 10, lease_seconds: float = 2.0) -> Place:
    def shown() -> dict[str, str]:
        keys = [each.key for each in bucket.objects() if not each.key.startswith(".prdgen/")]
        return {key: bucket.get(key)[0].decode() for key in keys}

    def meddle(name: str, text: str | None) -> None:
        if text is None:
            bucket.delete([name])
        else:
            bucket.put(name, text.encode())

    length = [lease_seconds]

    def again():
        return BucketTarget(bucket, Ages(), keep=keep, keep_seconds=KEEP_SECONDS,
                            notes_changes=True, lease_seconds=length[0])  # fmt: skip

    place = Place(again, shown, meddle)
    place.lease = lambda seconds: length.__setitem__(0, seconds)
    return place
