"""One storm: typists, a disk editor and a terminal on one page, under faults; then the verdict."""

from __future__ import annotations

import contextlib
import html
import http.client
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from e2e.house import House, until

from chaos import door, faults
from chaos.bus import BusLine
from chaos.cable import Cable
from chaos.clock import Clock
from chaos.disk import Disk
from chaos.ground import Ground
from chaos.typist import DiskEditor, Typists

PAGE = "docs/storm.md"
START = "# Storm\n\nOne line.\n\nAnother line.\n"
_CALM_SECONDS = 60.0
_LATE_SECONDS = 5.0
_EMBEDDED_SHARE = 0.2
_ALONE_SHARE = 0.15


@dataclass
class Verdict:
    """What a storm came to; empty lists and no divergence are what is wanted."""

    words: int = 0
    losses: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    divergences: list[str] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    servers: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled, or different anywhere."""
        return not (self.losses or self.duplicates or self.divergences)


def _words(text: str) -> list[str]:
    """The numbered words in a text."""
    return re.findall(r"\b(?:t\d+x|disk|far|side)\d+\b", text)


def _embedded_url(house: House) -> str:
    folder = (house.state / "postgres" / "postmaster.pid").read_text().splitlines()[4]
    return f"postgresql://prdgen@/prdgen?host={quote(folder, safe='')}&port=5432"


class Storm:
    """Everything in it follows from the dice, but for the moments at which processes get to run.

    Either two servers, or one, share services of the ground's; or one has its embedded ones.
    """

    def __init__(self, ground: Ground, folder: Path, dice: random.Random) -> None:
        self.dice, self._folder = dice, folder
        # How often people type in a pause is not for the dice to say; what comes after it is.
        self._typing, network = random.Random(dice.random()), random.Random(dice.random())
        self.ground = ground
        self.chosen = [dice.choice(faults.ALL) for _ in range(dice.randint(2, 4))]
        kind = dice.random()
        self.embedded = kind < _EMBEDDED_SHARE
        count = 1 if kind < _EMBEDDED_SHARE + _ALONE_SHARE else 2
        settings = {
            "write_seconds": 0.1, "quiet_seconds": dice.choice([0.5, 1.5]), "lease_seconds": 2,
            "epoch_changes": dice.choice([25, 60, 20_000]), "epoch_idle_changes": 5_000,
        }  # fmt: skip
        self.disk = Disk(folder / "disk")
        self.bus: BusLine | None = None
        if not self.embedded:
            self.bus = BusLine(ground.valkey_socket, network)
            settings["database_url"] = self.database_url = ground.new_database()
            settings["redis_url"] = f"redis://127.0.0.1:{self.bus.port}/0"
        self.house = House(self.disk.folder, {PAGE: START}, **settings)
        self.clock = None
        if faults.jump_clock in self.chosen and ground.clock is not None:
            self.clock = Clock(folder, ground.clock)
            self.house.environment = self.clock.environment
        if self.embedded:
            ground.lay_state(self.house.state)
        self.houses = [self.house]
        for _ in range(count - 1):
            self.houses.append(self.house.beside())
            self.houses[-1].options = ["--no-worker"]
        for number, house in enumerate(self.houses):
            house.log = folder / f"serve-{number}.log"
        self.services = self.house if self.embedded else ground
        self.verdict = Verdict(servers="embedded" if self.embedded else str(count))
        self.paused: set[int] = set()
        """Ports of servers that stand still just now and answer nothing."""

    def run(self) -> Verdict:
        """The whole storm; what was started is stopped, whatever happens."""
        ports, network = [house.port for house in self.houses], random.Random(self.dice.random())
        self.cables = [
            Cable([port, *(other for other in ports if other != port)], network) for port in ports
        ]
        self.typists = Typists(self.dice.randint(3, 8))
        self.editor = DiskEditor(self.house, PAGE)
        try:
            for name, part in (("seat", self._seat), ("blow", self._blow), ("judge", self._judge)):
                began = time.monotonic()
                part()
                self.verdict.seconds[name] = round(time.monotonic() - began, 1)
        except (AssertionError, Exception) as error:  # a storm that broke off is a divergence too
            self.verdict.divergences.append(f"{type(error).__name__}: {error}")
        finally:
            self._end()
        return self.verdict

    # What faults do with it.

    def any_house(self) -> House:
        """One of the servers that run."""
        return self.dice.choice([house for house in self.houses if house.running])

    def bring_up(self, house: House) -> None:
        """Start a server again; people go on typing on the others."""
        house.launch()
        if len(self.houses) > 1:
            self.meanwhile(0, 0.3)
        house.answer()

    def mend(self) -> None:
        """Services of the team's own are started again by somebody; the embedded ones are not."""
        if not self.embedded:
            self.ground.mend()

    def cut(self) -> None:
        """Cut every client's socket."""
        for cable in self.cables:
            cable.cut()

    def meanwhile(self, least: float, most: float, *, disk_editor: bool = True) -> None:
        """Go on typing for a time between `least` and `most`, in seconds."""
        until_ = time.monotonic() + self.dice.uniform(least, most)
        while time.monotonic() < until_:
            self._type(1, disk_editor=disk_editor)

    # Its parts.

    def _seat(self) -> None:
        """Start the servers, sign in, and open the page with 3 to 8 clients."""
        for house in self.houses:
            house.launch()
            if self.embedded or house is self.house:
                house.answer()
        for house in self.houses[1:]:
            house.answer()
        if self.embedded:
            self.database_url = _embedded_url(self.house)
        found = door.enter(self.house, PAGE)
        self._token = found.token
        ports = [self.cables[number % len(self.cables)].port for number in range(len(self.typists))]
        self.typists.open([found.url(port) for port in ports], found.document)

    def _blow(self) -> None:
        """Typing all the time, with something going wrong now and then."""
        for fault in self.chosen:
            self._type(self.dice.randint(2, 8))
            self.verdict.happened.append(fault.__name__)
            fault(self)
        self._type(5)

    def _type(self, rounds: int, *, disk_editor: bool = True) -> None:
        dice = self._typing
        for _ in range(rounds):
            some = [n for n in range(len(self.typists)) if dice.random() < 0.7]
            self.typists.type(dice, some)
            if disk_editor and dice.random() < 0.3:
                self.editor.save(dice)
            if dice.random() < 0.15:
                self.editor.commit()
            if dice.random() < 0.05:
                self._save_version(dice)
            time.sleep(dice.uniform(0.02, 0.15))

    def _save_version(self, dice: random.Random) -> None:
        """A person saves a version on any server, which has to get the lease for it."""
        running = [house for house in self.houses if house.running]

        def ask() -> None:
            with contextlib.suppress(OSError, http.client.HTTPException):  # it may just be killed
                door.save_version(dice.choice(running), self._token, PAGE)

        if running:
            threading.Thread(target=ask, daemon=True).start()

    def _judge(self) -> None:
        """Wait for calm; then every word must stand exactly once, everywhere."""
        try:
            text = until(self._calm, _CALM_SECONDS)
        except AssertionError:
            raise AssertionError(self._unrest()) from None
        wanted = [word for words in (*self.typists.words, *self.others) for word in words]
        # A save into a file that was swapped out that moment is found two seconds later.
        late = time.monotonic() + _LATE_SECONDS
        while time.monotonic() < late and not set(wanted) <= set(_words(text)):
            text = self._calm() or text
        until(lambda: self.house.committed(PAGE) == text, 30, what="the commit")
        try:
            until(lambda: set(_words(text)) <= set(self._site_words()), 30, what="the site")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._jobs()}") from None
        found, shown = Counter(_words(text)), Counter(self._site_words())
        self.verdict.words = len(wanted)
        self.verdict.losses = [word for word in wanted if not found[word]]
        self.verdict.duplicates = [word for word, count in found.items() if count > 1]
        if shown != found:
            self.verdict.divergences.append(
                f"the site has {shown - found}, too few {found - shown}"
            )
        if said := self.house.git("fsck", "--strict", "--no-dangling"):
            self.verdict.divergences.append(f"git fsck: {said}")

    @property
    def others(self) -> list[list[str]]:
        """What was written by others than the typists."""
        return [self.editor.words]

    def _calm(self) -> str | None:
        """The one text that all clients and the file have; None while they differ."""
        found = self.typists.all("text")
        texts = {one["text"] for one in found} | {self.house.file(PAGE)}
        documents = {one["document"] for one in found}
        calm = len(texts) == len(documents) == 1 and all(one["saved"] for one in found)
        return texts.pop() if calm else None

    def _unrest(self) -> str:
        """What keeps them from being the same, in words."""
        found = {f"t{number}x": one for number, one in enumerate(self.typists.all("text"))}
        saved = [name for name, one in found.items() if not one["saved"]]
        words = {name: _words(one["text"]) for name, one in found.items()}
        words["file"] = _words(self.house.file(PAGE))
        everywhere = set.intersection(*map(set, words.values()))
        missing = {
            name: sorted(set().union(*words.values()) - set(found)) for name, found in words.items()
        }
        states = "\n".join(
            f"  {n}: {s}" for n, s in zip(found, self.typists.all("state"), strict=True)
        )
        complaints = "\n".join(sorted({c.partition("\n")[0] for c in self.typists.complaints}))
        return (f"no calm: not saved {saved}; {len(everywhere)} words everywhere, missing "
                f"{({k: v for k, v in missing.items() if v})}\n{states}\n{complaints}")  # fmt: skip

    def _jobs(self) -> str:
        """What the worker has to do."""
        with psycopg.connect(self.database_url) as connection:
            jobs = connection.execute(
                "SELECT id, task_name, status, lock, queueing_lock, attempts, scheduled_at, worker_id"
                " FROM procrastinate_jobs ORDER BY id"
            ).fetchall()
            indexed = connection.execute("SELECT branch, tip, indexed_at FROM branches").fetchall()
            workers = connection.execute("SELECT *, now() FROM procrastinate_workers").fetchall()
            built = connection.execute(
                "SELECT commit, status, problems, at FROM builds ORDER BY at"
            ).fetchall()
        said = [*jobs, *indexed, *workers, *built, self.house.git("rev-parse", "main")]
        return "\n".join(map(str, said))

    def _site_words(self) -> Sequence[str]:
        path = self.house.repository / "public" / "docs" / "storm" / "index.html"
        try:
            page = path.read_text("utf-8")
        except OSError:  # it is just being switched
            return ()
        _, _, body = page.partition("<article")
        return _words(html.unescape(re.sub(r"<[^>]+>", " ", body.partition("</article>")[0])))

    def _end(self) -> None:
        self.typists.stop()
        if not self.verdict.good:
            self._keep_tables()
        for house in self.houses:
            house.stop(gently=self.verdict.good and self.dice.random() < 0.2)
        if not self.embedded:
            self.ground.mend()
            self.ground.drop_database()
        for line in (*self.cables, *([self.bus] if self.bus else [])):
            line.close()

    def _keep_tables(self) -> None:
        """What the store knows of the documents, beside the logs."""
        with contextlib.suppress(psycopg.Error), psycopg.connect(self.database_url) as connection:
            for table in ("documents", "changes", "snapshots", "texts", "event_log"):
                path = self._folder / f"{table}.csv"
                copy = f"COPY {table} TO STDOUT WITH (FORMAT csv, HEADER)"
                with path.open("wb") as file, connection.cursor().copy(copy) as rows:
                    for row in rows:
                        file.write(row)

    def close(self) -> None:
        """Give back the disk, with all that was on it."""
        self.disk.close()
