"""The text followed letter by letter is the text the engine would write out."""

from __future__ import annotations

import random

import pytest

from prdgen.crdt import engine
from prdgen.crdt.replica import Replica
from prdgen.crdt.splices import Splice

START = "# Wörld 😀\n\nA line and another e\u0301 line.\n" * 4
LETTERS = "xé😀\u0301\u05d0\n"


def _written(replica):
    return replica.document.text(replica.content_name)


class Writer:
    """Someone with a replica of their own who types mostly where they typed last."""

    def __init__(self, server, random_):
        self.replica = Replica.load(server.save())
        self.random = random_
        self.actor = random_.randbytes(16)
        self.place = random_.randrange(len(START))

    def type(self):
        """One change, nearly always of one letter."""
        length = len(self.replica.text())
        if self.random.random() < 0.1:
            self.place = self.random.randrange(length + 1)
        self.place = min(self.place, length)
        many = 3 if self.random.random() < 0.1 else 1
        if self.random.random() < 0.3:
            deleted = min(many, self.place)
            self.place -= deleted
            splice = Splice(self.place, deleted, "")
        else:
            letters = "".join(self.random.choices(LETTERS, k=many))
            splice = Splice(self.place, 0, letters)
            self.place += len(letters)
        return self.replica.edit([splice], actor=self.actor)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_writers_do_at_once(seed):
    """Letters and deletions at the same places, late, and several in one message."""
    random_ = random.Random(seed)
    server = Replica.seed(START)
    writers = [Writer(server, random_) for _ in range(3)]
    for _ in range(150):
        writer = random_.choice(writers)
        for _ in range(random_.choice((1, 1, 1, 2, 5))):
            writer.type()
        if random_.random() < 0.7:
            server.text()
            server.apply([change.data for change in writer.replica.changes_since(())])
            assert server.text() == _written(server)
        if random_.random() < 0.5:
            writer.replica.apply([change.data for change in server.changes_since(())])
            assert writer.replica.text() == _written(writer.replica)
    assert any(letter in server.text() for letter in LETTERS)


def test_typing_on_does_not_write_the_text_out_again(monkeypatch):
    """A page of 256 KiB takes 9 ms to write out, for every keystroke of anyone."""
    server = Replica.seed(START)
    writers = [Replica.load(server.save()) for _ in range(2)]
    server.text()
    written = []
    really = engine.text

    def text(document, *args):
        if document is server.document:
            written.append(1)
        return really(document, *args)

    monkeypatch.setattr(engine, "text", text)
    for number in range(40):
        for writer, start in zip(writers, (10, 60), strict=True):
            at = start + number if number < 30 else start + 59 - number
            splice = Splice(at, 0, "x") if number < 30 else Splice(at, 1, "")
            server.apply([c.data for c in writer.edit([splice], actor=bytes([start]) * 16)])
            server.text()
    assert server.text() == _written(server)
    assert len(written) <= 4, "once for each writer's first letter, and for looking at it"


def test_two_letters_in_one_place_one_of_them_deleted():
    """What two people deleted, or put in another's place, does not change the text twice."""
    server = Replica.seed("abc")
    one, other = Replica.load(server.save()), Replica.load(server.save())
    for replica, actor in ((one, b"1" * 16), (other, b"2" * 16)):
        changes = replica.edit([Splice(3, 0, "x")], actor=actor)
        changes += replica.edit([Splice(1, 1, "")], actor=actor)
        changes += replica.edit([Splice(0, 1, "")], actor=actor)
        for change in changes:
            server.text()
            server.apply([change.data])
            assert server.text() == _written(server)
    assert sorted(server.text()) == ["c", "x", "x"]
