"""Text comes by its editor and by any page, online and late, in any order: each word stands once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from itertools import count

import psycopg
import pytest
from automerge import core

from prdgen.flows import late
from prdgen.flows.errors import NotAsChanges, NotHere, NotRolled

from .conftest import ONE
from .harness import Editor, until, vim

STEPS = 40


class Storm:
    """Two people, their devices, a terminal and a server that is killed, by one seed."""

    def __init__(self, houses, repo, seed, *, epochs, drops, letters=False):
        self.houses, self.repo, self.dice = houses, repo, random.Random(seed)
        self.settings = {"epoch_changes": 14, "epoch_idle_changes": 12} if epochs else {}
        self.drops, self.numbers, self.said = drops, count(), []
        self.type = self.write_on if letters else self.type_line
        self.words, self.parcels, self.taken = [], [], Counter()

    async def begin(self):
        self.house = await self.houses(self.repo, **self.settings)
        self.editors = {name: await self.house.editor(name) for name in ("ann", "bob")}

    def word(self, who):
        self.words.append(f"{who}x{next(self.numbers)}y")
        return f"{self.words[-1]}\n"

    async def type_line(self, name):
        editor = self.editors[name]
        before = editor.document.get_heads()
        at = self.dice.choice([index for index, c in enumerate(editor.text) if c == "\n"])
        editor.type(self.word(name), at + 1)
        self.keep(name, before)

    async def write_on(self, name):
        """Letter by letter at the end of a line of their own, with slips, while the file is written."""
        editor = self.editors[name]
        before = editor.document.get_heads()
        if f"\n{name}: " not in editor.text:
            editor.type(f"{name}: \n\n", editor.text.index("second line"))
        at = editor.text.index("\n", editor.text.index(f"\n{name}: ") + 1)
        for letter in self.word(name).replace("\n", " "):
            if self.dice.random() < 0.1:
                editor.type("q", at)
                editor.delete(at, 1)
            editor.type(letter, at)
            at += 1
            await asyncio.sleep(self.dice.choice([0, 0.005, 0.03]))
            at = editor.text.index("\n", editor.text.index(f"\n{name}: ") + 1)
        self.keep(name, before)

    def keep(self, name, before):
        """What a device would send later."""
        editor = self.editors[name]
        rest = b"".join(change.raw_bytes for change in editor.document.get_changes(before))
        self.parcels += [(name, editor.claim_id, b) for b in (editor.document.save(), rest)]

    async def turn(self, name):
        """Close the tab, or open it again: the same, or another with what the device has."""
        editor = self.editors[name]
        if editor.connection is not None:
            await editor.leave()
            return
        if self.dice.random() < 0.5:
            fresh = Editor(editor.name, document=core.Document.load(editor.document.save()))
            fresh.document_name, fresh.claim = editor.document_name, editor.claim
            editor = self.editors[name] = fresh
        await editor.open(self.house, self.house.people[name])

    async def deliver(self, _name):
        """Some page sends what waited once: the newest, or what is long there."""
        if not self.parcels:
            return
        name, document, data = self.dice.choice([*self.parcels, *self.parcels[-6:]])
        try:
            found = await late.deliver(self.house.app, document, data, self.house.people[name].id)
            self.taken["new" if found.taken else "known"] += 1
        except (NotAsChanges, NotHere, NotRolled) as error:
            self.taken[type(error).__name__] += 1

    async def save(self, _name):
        """Another program saves the file, from what is in it now."""
        path = self.repo.path / "one.md"
        vim(path, path.read_text() + self.word("disk"))

    async def commit(self, _name):
        await self.house.save("ann")

    async def kill(self, _name):
        await self.house.crash()
        if self.drops and self.dice.random() < 0.5:
            with psycopg.connect(self.house.settings.database_url, autocommit=True) as connection:
                connection.execute("DELETE FROM documents")
        self.house = await self.houses(self.repo, **self.settings)

    async def rage(self):
        likely = {self.type: 8, self.turn: 4, self.deliver: 6, self.save: 1, self.kill: 1}
        for _ in range(STEPS):
            (step,) = self.dice.choices(list(likely), list(likely.values()))
            self.said.append(step.__name__)
            await step(self.dice.choice(["ann", "bob"]))

    async def calm(self):
        for name, editor in self.editors.items():
            if editor.connection is None:
                await editor.open(self.house, self.house.people[name])
        for _, document, data in self.parcels[-10:]:
            with_whom = self.house.people["ann"].id
            try:
                await late.deliver(self.house.app, document, data, with_whom)
            except (NotAsChanges, NotHere, NotRolled):
                continue

    def missing(self):
        found = Counter(self.house.live().room.text.split())
        return {word: found[word] for word in self.words if found[word] != 1}

    def unrest(self):
        """Who has what, where a word is missing or doubled."""
        found = {
            "room": self.house.live().room.text,
            "file": (self.repo.path / "one.md").read_text(),
        }
        for name, editor in self.editors.items():
            ended = f"ended: {editor.serving.result()}" if editor.serving.done() else "connected"
            found[f"{name} ({ended})"] = editor.text
        missing = self.missing()
        return "\n".join(
            [
                f"{missing} {self.said}",
                *(
                    f"{who}: {[w for w in text.split() if w in missing]}"
                    for who, text in found.items()
                ),
            ]
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("epochs", "drops"), [(False, False), (True, False), (False, True)])
async def test_each_word_stands_once(houses, repo, seed, epochs, drops):
    """Whole documents and single changes, new and old, doubled, before, while and after; with
    epochs that end, or with the documents deleted under it.
    """
    await rage(houses, repo, seed, epochs=epochs, drops=drops)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
async def test_each_word_stands_once_when_databases_are_lost(houses, repo, seed):
    """More of the last, for what only shows by chance of timing."""
    await rage(houses, repo, seed, epochs=False, drops=True)


@pytest.mark.soak  # it stood still once in some hundred runs beside other work; why is not known yet
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_line_that_grows_letter_by_letter_stands_once(houses, repo, seed):
    """The file may end anywhere in a word when all of it is killed."""
    await rage(houses, repo, seed, epochs=False, drops=False, letters=True)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
async def test_a_line_stands_once_when_databases_are_lost(houses, repo, seed):
    """The same with nothing left but file, commits and browsers."""
    await rage(houses, repo, seed, epochs=False, drops=True, letters=True)


async def rage(houses, repo, seed, **how):
    storm = Storm(houses, repo, seed, **how)
    await storm.begin()
    await storm.rage()
    await storm.calm()
    await until(lambda: not storm.missing(), 20, storm.unrest)
    assert set(ONE.split("\n")) <= set(storm.house.text().split("\n"))
    assert storm.taken.total()
