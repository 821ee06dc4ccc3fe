"""What is public now, in one small database file: each change of it costs what changed, not the site."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from prdgen.builder import artifacts, manifest
from prdgen.builder.manifest import Difference, Manifest, PageRecord

_WAIT_SECONDS: Final = 60.0
_SHAPE: Final = 1
"""Raised with the schema: a file of another shape is begun again."""
_SIDE_FILES: Final = ("", "-wal", "-shm")
_SLOTS: Final = ("a", "b")
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file
    (path TEXT PRIMARY KEY, artifact TEXT NOT NULL, twins INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS file_twins ON file (twins) WHERE twins = 0;
CREATE TABLE IF NOT EXISTS page
    (page_path TEXT PRIMARY KEY, url TEXT NOT NULL, record TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS page_url ON page (url);
CREATE TABLE IF NOT EXISTS part
    (part TEXT, path TEXT, value TEXT NOT NULL, PRIMARY KEY (part, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS slot (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (slot TEXT, path TEXT, PRIMARY KEY (slot, path)) WITHOUT ROWID;
"""
_PARTS: Final = ("assets", "pictures", "redirects", "theme", "search", "retired")
_FACTS: Final = tuple(
    each.name for each in fields(Manifest) if each.name not in {"files", "pages", *_PARTS}
)


class Ledger:
    """The manifest of what is public, row by row. Readers look up one path and see one build, whole;
    several processes may open it. It is a cache: broken or of another version, it is begun again.
    """

    def __init__(self, path: Path, *, wait: float = _WAIT_SECONDS) -> None:
        self._path = path
        self._wait = wait
        self._lock = threading.RLock()
        self._opened: tuple[int, sqlite3.Connection] | None = None

    def turn(self) -> int:
        """A number that is another one after each change; 0 when there is nothing."""
        found = self._one("SELECT value FROM fact WHERE name = 'turn'")
        return int(found) if found else 0

    def fact(self, name: str) -> str:
        """One of the manifest's plain fields, such as `commit`; empty when there is nothing."""
        return self._one("SELECT value FROM fact WHERE name = ?", name) or ""

    def artifact(self, path: str) -> str | None:
        """The artifact at a public path."""
        return self._one("SELECT artifact FROM file WHERE path = ?", path)

    def place(self, path: str) -> tuple[str, bool] | None:
        """The artifact at a public path, and whether theme or search put it there."""
        question = (
            "SELECT artifact, EXISTS (SELECT 1 FROM part "
            "WHERE part IN ('theme', 'search', 'pictures', 'retired') AND part.path = file.path) FROM file WHERE path = ?"
        )
        with self._reading() as database:
            row = database and database.execute(question, (path,)).fetchone()
            return (str(row[0]), bool(row[1])) if row else None

    def url(self, page_path: str) -> str | None:
        """The address of a page below the site's base."""
        return self._one("SELECT url FROM page WHERE page_path = ?", page_path)

    def page_at(self, url: str) -> str | None:
        """The page that has an address below the site's base."""
        return self._one("SELECT page_path FROM page WHERE url = ?", url)

    def record(self, page_path: str) -> PageRecord | None:
        """What is known of one page; None as well when another version wrote it."""
        if self.fact("version") != str(manifest.VERSION):
            return None
        found = self._one("SELECT record FROM page WHERE page_path = ?", page_path)
        return None if found is None else manifest.record_of(found)

    def load(self) -> tuple[int, Manifest | None]:
        """The whole manifest with its turn. None: there is none that this version can read."""
        with self._reading() as database:
            if database is None:
                return 0, None
            facts = dict(database.execute("SELECT name, value FROM fact"))
            if facts.get("version") != str(manifest.VERSION):
                return 0, None
            parts: Any = {part: {} for part in _PARTS}
            for part, path, value in database.execute("SELECT part, path, value FROM part"):
                read = json.loads(value)
                parts[part][path] = tuple(read) if isinstance(read, list) else read
            records = database.execute("SELECT page_path, record FROM page")
            more: Any = {name: facts.get(name, "") for name in _FACTS}
            found = Manifest(
                files=dict(database.execute("SELECT path, artifact FROM file")),
                pages={path: manifest.record_of(record) for path, record in records},
                **parts,
                **more,
            )
            return int(facts["turn"]), found

    def intend(self, difference: Difference, *, anew: bool = False) -> None:
        """Note what both slots lack once this much is different, before anything is done to them.
        `anew`: nothing that is here counts.
        """
        with self._writing() as database:
            if anew:
                for table in ("fact", "file", "page", "part", "slot", "pending"):
                    database.execute(f"DELETE FROM {table}")  # noqa: S608
            else:
                _put_off(database, (*difference.files, *difference.gone))

    def pending(self, slot: str) -> list[str] | None:
        """The public paths at which a slot may not be what is intended; None: nothing in it counts."""
        with self._reading() as database:
            known = "SELECT 1 FROM slot WHERE name = ?"
            if database is None or database.execute(known, (slot,)).fetchone() is None:
                return None
            found = database.execute("SELECT path FROM pending WHERE slot = ?", (slot,))
            return [path for (path,) in found]

    def save(
        self, old: Manifest | None, new: Manifest, difference: Difference, *, slot: str | None,
        twins: bool = False,
    ) -> int:  # fmt: skip
        """`new` is public, so different from `old`, and the slot of this name has it whole; the new
        turn. `twins`: all its files that are worth it have theirs.
        """
        with self._writing() as database:
            _save_files(database, difference, twins=twins)
            _save_pages(database, difference)
            for part in _PARTS:
                _save_part(database, part, old, new)
            turn = time.time_ns()
            values = {name: getattr(new, name) for name in _FACTS}
            values |= {"version": str(manifest.VERSION), "turn": str(turn)}
            database.executemany("REPLACE INTO fact VALUES (?, ?)", values.items())
            if slot is not None:
                database.execute("DELETE FROM pending WHERE slot = ?", (slot,))
                database.execute("REPLACE INTO slot VALUES (?)", (slot,))
            return turn

    def without_twins(self) -> dict[str, str]:
        """Public path → artifact of the files that nobody looked at for compressing yet."""
        with self._reading() as database:
            if database is None:
                return {}
            return dict(database.execute("SELECT path, artifact FROM file WHERE twins = 0"))

    def have_twins(self, files: Mapping[str, str]) -> None:
        """These files have their twins now, which the slots lack."""
        with self._writing() as database:
            database.executemany(
                "UPDATE file SET twins = 1 WHERE path = ? AND artifact = ?", files.items()
            )
            _put_off(database, files)

    def _one(self, question: str, *values: str) -> str | None:
        with self._reading() as database:
            return None if database is None else _fetch(database, question, *values)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        with self._lock:
            yield self._open(create=False)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            database = self._open(create=True)
            assert database is not None
            with database:
                database.execute("BEGIN IMMEDIATE")
                yield database

    def _open(self, *, create: bool) -> sqlite3.Connection | None:
        """The file that lies there now; whoever threw the old one away gets a new one."""
        try:
            number = self._path.stat().st_ino
        except FileNotFoundError:
            if not create:
                return None
            self._path.parent.mkdir(parents=True, exist_ok=True)
            number = 0
        if self._opened is not None and self._opened[0] == number:
            return self._opened[1]
        self._close()
        try:
            database = self._connect()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # A cache: whoever broke it, building again from nothing is right.
            self._remove()
            database = self._connect()
        self._opened = self._path.stat().st_ino, database
        return database

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(
            self._path, timeout=self._wait, isolation_level=None, check_same_thread=False
        )
        try:
            if database.execute("PRAGMA user_version").fetchone()[0] not in {0, _SHAPE}:
                raise sqlite3.DatabaseError("of another version")
            # Readers and the writer do not wait for each other.
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(f"{_SCHEMA}PRAGMA user_version = {_SHAPE};")
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _close(self) -> None:
        if self._opened is not None:
            self._opened[1].close()
            self._opened = None

    def _remove(self) -> None:
        self._close()
        for ending in _SIDE_FILES:
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)


def _fetch(database: sqlite3.Connection, question: str, *values: str) -> str | None:
    row = database.execute(question, values).fetchone()
    return None if row is None else str(row[0])


def _put_off(database: sqlite3.Connection, paths: Iterable[str]) -> None:
    rows = [(slot, path) for path in paths for slot in _SLOTS]
    database.executemany("INSERT OR IGNORE INTO pending VALUES (?, ?)", rows)


def _save_files(database: sqlite3.Connection, difference: Difference, *, twins: bool) -> None:
    rows = [(path, name, int(twins or not artifacts.twins(path)))
            for path, name in difference.files.items()]  # fmt: skip
    database.executemany("REPLACE INTO file VALUES (?, ?, ?)", rows)
    gone = [(path,) for path in difference.gone]
    database.executemany("DELETE FROM file WHERE path = ?", gone)
    if twins:
        database.execute("UPDATE file SET twins = 1 WHERE twins = 0")


def _save_pages(database: sqlite3.Connection, difference: Difference) -> None:
    rows = [(path, record.url, manifest.record_json(record))
            for path, record in difference.pages.items()]  # fmt: skip
    database.executemany("REPLACE INTO page VALUES (?, ?, ?)", rows)
    gone = [(path,) for path in difference.gone_pages]
    database.executemany("DELETE FROM page WHERE page_path = ?", gone)


def _save_part(
    database: sqlite3.Connection, part: str, old: Manifest | None, new: Manifest
) -> None:
    before: Mapping[str, Any] = getattr(old, part) if old else {}
    now: Mapping[str, Any] = getattr(new, part)
    if before is now:
        return
    rows = [(part, path, json.dumps(value))
            for path, value in now.items() if before.get(path) != value]  # fmt: skip
    database.executemany("REPLACE INTO part VALUES (?, ?, ?)", rows)
    gone = [(part, path) for path in before.keys() - now.keys()]
    database.executemany("DELETE FROM part WHERE part = ? AND path = ?", gone)
