"""Two real servers on one clone, one PostgreSQL and one Valkey; official clients on both."""

from __future__ import annotations

import os
import random
import re
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos import door
from chaos.typist import Typists

from .house import House, until

PAGE = "docs/storm.md"
START = "# Storm\n\nOne line.\n\nAnother line.\n"
QUICK = {"write_seconds": 0.1, "quiet_seconds": 0.7, "lease_seconds": 2}


class Pair:
    """Two servers, and four people: two on each."""

    def __init__(self, folder: Path, database_url: str, redis_url: str, **settings: object) -> None:
        services = {"database_url": database_url, "redis_url": redis_url}
        self.first = House(folder, {PAGE: START}, **services, **{**QUICK, **settings})
        self.second = self.first.beside()
        self.people = Typists(4)
        self.dice = random.Random(4)

    def open(self) -> None:
        """Start both, and open the page: the first server gets its lease."""
        self.first.start(), self.second.start()
        found = self.door = door.enter(self.first, PAGE)
        urls = [found.url(port) for port in (self.first.port, self.second.port)] * 2
        self.people.open(urls[:1], found.document)
        until(lambda: kept(self.first) == 1, what="the first one to have the lease")
        self.people.open(urls[1:], found.document, first=1)

    def type(self, rounds: int, some: list[int] | None = None) -> None:
        """So many words from everyone."""
        for _ in range(rounds):
            self.people.type(self.dice, some)

    def calm(self) -> str | None:
        """The text that all clients, the file and the commit have; None while they differ."""
        found = self.people.all("text")
        texts = {one["text"] for one in found} | {self.first.file(PAGE), self.first.committed(PAGE)}
        return texts.pop() if len(texts) == 1 and all(one["saved"] for one in found) else None

    def all_once(self) -> str:
        """After it went quiet every typed word stands once everywhere."""
        text = until(self.calm, 40, what="one text everywhere")
        found = Counter(re.findall(r"t\d+x\d+", text))
        assert found == Counter(word for words in self.people.words for word in words)
        assert self.first.git("fsck", "--strict", "--no-dangling") == ""
        return text

    def stop(self) -> None:
        """End everything."""
        self.people.stop()
        self.second.stop(), self.first.stop()


def kept(server: House) -> int:
    """How many documents a server writes, as its metrics say."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=20) as answer:
        found = re.search(r"^prdgen_documents_kept (\d+)", answer.read().decode(), re.MULTILINE)
    assert found
    return int(found[1])


@pytest.fixture
def pair(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[Callable[..., Pair]]:
    """`pair(**settings)`: two servers that are not started yet."""
    made: list[Pair] = []

    def make(**settings: object) -> Pair:
        made.append(Pair(tmp_path, database_url, redis_url, **settings))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_people_on_both_write_one_page(pair: Callable[..., Pair]) -> None:
    """One text everywhere, each word once; either may save a version, and the lease goes along."""
    two = pair(quiet_seconds=600)
    two.open()
    for server in (two.second, two.first, two.second):
        two.type(10)
        until(lambda: two.people.all("saved") == [True] * 4, what="saved")
        assert '"commits":["' in door.save_version(server, two.door.token, PAGE)
    two.all_once()


@pytest.mark.parametrize("victim", ["first", "second"])
def test_either_is_killed_and_the_other_goes_on(pair: Callable[..., Pair], victim: str) -> None:
    """The file and the commits go on without the dead one, long before its lease has run out."""
    two = pair(lease_seconds=3600)
    two.open()
    two.type(10)
    killed: House = getattr(two, victim)
    killed.kill()
    left = [1, 3] if victim == "first" else [0, 2]
    two.type(10, left)
    words = [word for number in left for word in two.people.words[number]]
    until(lambda: all(w in two.first.committed(PAGE) for w in words), 20, what="a commit of it")
    two.type(5)
    killed.start()
    two.all_once()


def test_a_server_that_slept_while_its_lease_moved_writes_nothing(
    pair: Callable[..., Pair],
) -> None:
    """SIGSTOP, and SIGCONT when the other one has written: file and commits stay the other's."""
    two = pair()
    two.open()
    two.type(10)
    for last in (False, False, True):
        two.all_once()
        # Stopped in the middle of a write or of a transaction it would rightly keep what it holds.
        time.sleep(3)
        os.kill(two.first.pid, signal.SIGSTOP)
        try:
            two.type(10, [1, 3])
            words = [word for number in (1, 3) for word in two.people.words[number]]
            until(lambda: all(w in two.first.committed(PAGE) for w in words), 20, what="a commit")  # noqa: B023
            text, tip = two.first.file(PAGE), two.first.git("rev-parse", "main")
            break
        except AssertionError:
            if last:
                raise
        finally:
            os.kill(two.first.pid, signal.SIGCONT)
    until(lambda: kept(two.first) == 0, 20, what="the first one to see it")
    assert (two.first.file(PAGE), two.first.git("rev-parse", "main")) == (text, tip)
    two.type(5)
    two.all_once()


def test_a_server_stopped_while_it_commits_keeps_its_lease(pair: Callable[..., Pair]) -> None:
    """It is in the middle of writing: nobody else does meanwhile, and typing goes on."""
    two = pair()
    hook = two.first.repository / ".git" / "hooks" / "pre-commit"
    entered, go = hook.with_name("entered"), hook.with_name("go")
    hook.write_text(f"#!/bin/sh\ntouch {entered}\nuntil [ -e {go} ]; do sleep 0.05; done\n")
    hook.chmod(0o755)
    two.open()
    two.type(3)
    until(entered.exists, 20, what="a commit under way")
    os.kill(two.first.pid, signal.SIGSTOP)
    try:
        two.type(5, [1, 3])
        until(lambda: two.people.all("saved")[1::2] == [True] * 2, 20, what="saved")
        before = two.first.file(PAGE)
        waits = "is kept by a process that is still writing it"
        until(lambda: waits in two.second.log.read_text(), 20, what="the second one waits")
        assert two.first.file(PAGE) == before
    finally:
        go.touch()
        os.kill(two.first.pid, signal.SIGCONT)
    two.all_once()


def test_who_may_serve_one_clone(pair: Callable[..., Pair], empty_database_url: str) -> None:
    """Not with another database, and not with one of its own: said at once, with the cure."""
    two = pair()
    two.first.start()
    two.second._settings["PRDGEN_DATABASE_URL"] = empty_database_url
    refused = two.second.prdgen("serve", "-p", "0")
    assert refused.returncode == 2
    assert "with another database or cache" in refused.stderr
    for name in ("PRDGEN_DATABASE_URL", "PRDGEN_REDIS_URL"):
        two.second._settings.pop(name, None)
    refused = two.second.prdgen("serve", "-p", "0")
    assert refused.returncode == 2
    assert two.first.url in refused.stderr
    assert "the same PRDGEN_DATABASE_URL" in refused.stderr


def test_two_clones_do_not_share_a_database(pair: Callable[..., Pair], tmp_path: Path) -> None:
    """Their branches differ: the second one's old text would undo the first one's commits."""
    two = pair()
    two.first.start()
    two.first.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    two.second.repository = tmp_path / "clone"
    refused = two.second.prdgen("serve", "-p", "0")
    assert refused.returncode == 2
    assert "another clone of this repository" in refused.stderr
    assert two.first.running
