"""Many things at once, in any order: every word that anybody wrote is there once, everywhere."""

import asyncio
import random

import pytest

from .harness import fsck, until, vim

STEPS = 25
PAGE = "# One\n\nann:\n\nbetween\n\nbob:\n\nbetween\n\ndisk:\n\nbetween\n\npush:\n\nend\n"


class Desk:
    """Two people, a terminal and an editor on disk; counts what was written."""

    def __init__(self, house, opened, repo, seed):
        self.opened = opened
        self.house, self.repo, self.dice = house, repo, random.Random(seed)
        self.page = repo.path / "one.md"
        self.words = []

    def word(self):
        self.words.append(f"w{len(self.words):03d}w")
        return self.words[-1]

    async def sit_down(self):
        self.editors = [await self.house.editor("ann"), await self.house.editor("bob")]

    async def type(self):
        """One of the two types at the end of some line."""
        editor = self.dice.choice(self.editors)
        editor.type(f" {self.word()}", self.end(editor.text, editor.name.lower()))

    @staticmethod
    def end(text, name):
        """The end of the line of `name`: everyone writes in a line of their own."""
        return text.index("\n", text.index(f"{name}:"))

    def added(self, text, name):
        at = self.end(text, name)
        return f"{text[:at]} {self.word()}{text[at:]}"

    async def settle(self):
        """The file has what is in the editors."""
        await self.saved()
        await until(lambda: self.house.live().document.tip_commit == self.repo.tip())
        await until(lambda: self.page.read_text() == self.house.text())

    async def saved(self):
        for editor in self.editors:
            await editor.until(lambda editor=editor: editor.saved)

    async def save_on_disk(self):
        """Another editor opens the page, adds a word, and saves by rename."""
        await self.settle()
        vim(self.page, self.added(self.page.read_text(), "disk"))

    async def commit(self):
        """Someone commits everything in a terminal."""
        await self.settle()
        self.repo.git("commit", "-qam", "terminal", ok=False)

    async def version(self):
        """Someone saves a version."""
        await self.house.save(self.dice.choice(["ann", "bob"]))

    async def stash(self):
        """Someone stashes and pops."""
        await self.settle()
        self.repo.git("stash", "-q", ok=False)
        self.repo.git("checkout", "-q", "--", "one.md")
        await self.type()

    async def elsewhere(self):
        """A commit arrives by push: a word in another line of the tip's text."""
        tip = self.repo.tip()
        text = self.repo.opened.read(tip, "one.md").decode()
        self.repo.save({"one.md": self.added(text, "push")}, expected=tip)

    async def reconnect(self):
        """A browser loses its connection, goes on typing, and comes back."""
        editor = self.dice.choice(self.editors)
        await editor.leave()
        editor.type(f" {self.word()}", self.end(editor.text, editor.name.lower()))
        await editor.open(self.house)

    async def restart(self):
        """kill -9, and another server."""
        await self.saved()
        await self.house.crash()
        self.opened[:] = [self.house.second()]
        self.house = await self.opened[0].open()
        for editor in self.editors:
            await editor.open(self.house)


@pytest.mark.parametrize("seed", range(6))
async def test_every_word_is_there_once(houses, repo, seed):
    """Typing, saves on disk, commits, pushes, stashes, lost connections, kill -9."""
    repo.commit("lines", one=PAGE)
    house = await houses(repo, quiet_seconds=0.4)
    desk = Desk(house, houses.opened, repo, seed)
    await desk.sit_down()
    steps = [
        desk.type, desk.type, desk.type, desk.type, desk.save_on_disk, desk.version, desk.commit,
        desk.stash, desk.elsewhere, desk.reconnect, desk.restart,
    ]  # fmt: skip
    for _ in range(STEPS):
        await desk.dice.choice(steps)()
    await desk.saved()
    await until(lambda: not desk.house.live().dirty_since)
    await desk.house.save("ann")
    await asyncio.gather(*(e.until(lambda e=e: e.text == desk.house.text()) for e in desk.editors))
    text = desk.house.text()
    assert {word: text.count(word) for word in desk.words} == dict.fromkeys(desk.words, 1)
    assert [line.split(":")[0] for line in text.split("\n")] == [
        line.split(":")[0] for line in PAGE.split("\n")
    ]
    assert repo.git("show", "main:one.md") + "\n" == text
    await until(lambda: desk.page.read_text() == text)
    assert fsck(repo) == ""
