"""One storm: typists, a disk editor and a terminal on one page, under faults; then the verdict."""

from __future__ import annotations

import html
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from e2e.house import House, until

from chaos import door, faults
from chaos.cable import Cable
from chaos.typist import DiskEditor, Typists

PAGE = "docs/storm.md"
START = "# Storm\n\nOne line.\n\nAnother line.\n"
_CALM_SECONDS = 40.0


@dataclass
class Verdict:
    """What a storm came to; empty lists and no divergence are what is wanted."""

    words: int = 0
    losses: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    divergences: list[str] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled, or different anywhere."""
        return not (self.losses or self.duplicates or self.divergences)


def _words(text: str) -> list[str]:
    """The numbered words in a text."""
    return re.findall(r"\b(?:t\d+x|disk)\d+\b", text)


class Storm:
    """Everything in it follows from the dice, but for the moments at which processes get to run."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self.dice = dice
        self.house = House(
            folder, {PAGE: START}, write_seconds=0.1, quiet_seconds=dice.choice([0.7, 2.0]),
            epoch_changes=dice.choice([25, 60, 20_000]), epoch_idle_changes=5_000,
            lease_seconds=2, log_level="info",
        )  # fmt: skip
        self.verdict = Verdict()

    def run(self) -> Verdict:
        """The whole storm; what was started is stopped, whatever happens."""
        self.house.start()
        self.cable = Cable(self.house.port, self.dice)
        self.typists = Typists(self.dice.randint(3, 8))
        self.disk = DiskEditor(self.house, PAGE)
        try:
            self._seat()
            self._blow()
            self._judge()
        except (AssertionError, Exception) as error:  # a storm that broke off is a divergence too
            self.verdict.divergences.append(f"{type(error).__name__}: {error}")
        finally:
            self.typists.stop()
            self.house.stop()
            self.cable.close()
        return self.verdict

    def _seat(self) -> None:
        """Sign in, and open the page with 3 to 8 clients."""
        found = door.enter(self.house, PAGE)
        self.typists.open([found.url(self.cable.port)] * len(self.typists), found.document)

    def _blow(self) -> None:
        """Typing all the time, with something going wrong now and then."""
        chosen = [self.dice.choice(faults.ALL) for _ in range(self.dice.randint(2, 4))]
        for fault in chosen:
            self._type(self.dice.randint(4, 12))
            self.verdict.happened.append(fault.__name__)
            fault(self)
            self._type(self.dice.randint(2, 6))
        self._type(5)

    def _type(self, rounds: int) -> None:
        for _ in range(rounds):
            some = [n for n in range(len(self.typists)) if self.dice.random() < 0.7]
            self.typists.type(self.dice, some)
            if self.dice.random() < 0.3:
                self.disk.save(self.dice)
            if self.dice.random() < 0.15:
                self.disk.commit()
            time.sleep(self.dice.uniform(0.02, 0.2))

    def _judge(self) -> None:
        """Wait for calm; then every word must stand exactly once, everywhere."""
        try:
            text = until(self._calm, _CALM_SECONDS)
        except AssertionError:
            raise AssertionError(self._unrest()) from None
        until(lambda: self.house.committed(PAGE) == text, 30, what="the commit")
        until(lambda: self._site_has(text), 30, what="the site")
        wanted = [word for words in (*self.typists.words, self.disk.words) for word in words]
        found = Counter(_words(text))
        self.verdict.words = len(wanted)
        self.verdict.losses = [word for word in wanted if not found[word]]
        self.verdict.duplicates = [word for word, count in found.items() if count > 1]
        said = self.house.git("fsck", "--strict", "--no-dangling")
        if said:
            self.verdict.divergences.append(f"git fsck: {said}")

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
        documents = dict(zip(found, self.typists.all("state"), strict=True))
        return (f"no calm: not saved {saved}; documents {documents}; {self.typists.complaints}; {len(everywhere)} words "
                f"everywhere, missing {({k: v for k, v in missing.items() if v})}")  # fmt: skip

    def _site_has(self, text: str) -> bool:
        path = self.house.repository / "public" / "docs" / "storm" / "index.html"
        shown = re.sub(r"<[^>]+>", " ", path.read_text("utf-8")) if path.exists() else ""
        return set(_words(text)) <= set(re.findall(r"\w+", html.unescape(shown)))
