"""People on both sides at once, by chance, and a forge that fails by chance: both have everything, once."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress

import pytest
from forge.serving import Fault

from prdgen.flows import drafts, exchange, forge_exchange, forge_state, reviews
from prdgen.forge.errors import ForgeError
from prdgen.review import log, posting

from .forges import KINDS, PAGE, at_forge, begun, change, review, trade

STEPS = 40


class Storm:
    """What people do, with a number in each word so that it can be counted."""

    def __init__(self, house, forge, branch, seed):
        self.house, self.forge, self.branch = house, forge, branch
        self.chance = random.Random(seed)
        self.here, self.there = [], []
        self.texts = {}

    def word(self, where):
        where.append(f"word-{len(self.here) + len(self.there)}-end")
        return where[-1]

    def threads(self):
        return list(review(self.house, self.branch).threads.values())

    async def say_here(self):
        place = {"page_path": "one.md", "quote": "second line", "line": 5}
        more = place if self.chance.random() < 0.6 else {}
        bob = self.house.people["bob"]
        await reviews.comment(self.house.app, self.branch, bob, self.word(self.here), **more)

    async def answer_here(self):
        if found := self.threads():
            thread, ann = self.chance.choice(found).id, self.house.people["ann"]
            await reviews.reply(self.house.app, self.branch, ann, thread, self.word(self.here))

    async def decide_here(self):
        word = self.chance.choice(["approved", "changes_requested"])
        bob = self.house.people["bob"]
        await reviews.decide(self.house.app, self.branch, bob, word, self.word(self.here))

    async def settle_here(self):
        if found := self.threads():
            thread = self.chance.choice(found)
            await reviews.resolve(self.house.app, self.branch, self.house.people["ann"], thread.id,
                                  again=thread.resolved)  # fmt: skip

    async def title_here(self):
        title = f"Plan {self.word([])}{self.chance.random()}"
        await drafts.describe(self.house.app, self.branch, self.house.people["ann"], title, "Why")

    async def write_here(self):
        change(self.house, self.branch, PAGE.replace("third", f"third {self.chance.random()}")
               .replace("second line", "second line, changed"))  # fmt: skip

    async def say_there(self):
        more = {"path": "one.md", "line": 5} if self.chance.random() < 0.6 else {}
        self.forge.hub.comment(1, "octavia", self.word(self.there), **more)

    async def answer_there(self):
        notes = [n for n in self.forge.hub.pulls[1].notes if n.path]
        if notes:
            thread = self.chance.choice(notes).thread
            self.forge.hub.comment(1, "zoe", self.word(self.there), thread=thread)

    async def decide_there(self):
        state = self.chance.choice(["APPROVED", "CHANGES_REQUESTED"])
        text = "" if self.forge.kind == "gitlab" else self.word(self.there)
        self.forge.hub.review(1, "octavia", state, text)

    async def reword_there(self):
        notes = [n for n in self.forge.hub.pulls[1].notes if n.by != "prdgen-bot"]
        if notes:
            note = self.chance.choice(notes)
            note.text = f"{note.text.split()[0]} reworded {self.chance.random()}"
            self.forge.hub.touch(self.forge.hub.pulls[1])

    async def break_forge(self):
        kinds = [
            Fault(500, "POST", done_first=True), Fault(500, times=3), Fault(401),
            Fault(429, headers={"retry-after": "0"}, times=3), Fault(422, "POST"),
            Fault(200, headers={"content-length": "900"}, body=b"[", times=3),
            Fault(502, "PATCH", done_first=True), Fault(502, "PUT", done_first=True),
        ]  # fmt: skip
        self.forge.faults.append(self.chance.choice(kinds))

    async def trade(self):
        with suppress(ForgeError):
            await exchange.run(self.house.app)
            await forge_exchange.run(self.house.app, look=self.chance.random() < 0.3)

    async def forget(self):
        """The state file is only a memory."""
        (self.house.app.state_dir / "forge.json").unlink(missing_ok=True)
        self.house.app.forge_answers.clear()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
async def test_both_sides_have_everything_once(houses, repo, tmp_path, kind, seed):
    """Every word said here is there in one comment, and the other way round; both agree."""
    async with at_forge(houses, repo, tmp_path, kind) as (house, forge):
        branch, found, pull = await begun(house, forge)
        storm = Storm(house, forge, branch, seed)
        acts = [storm.say_here, storm.answer_here, storm.decide_here, storm.settle_here,
                storm.title_here, storm.write_here, storm.say_there, storm.answer_there,
                storm.decide_there, storm.reword_there]  # fmt: skip
        for _ in range(STEPS):
            await storm.chance.choice(acts)()
            if storm.chance.random() < 0.25:
                await storm.break_forge()
            if storm.chance.random() < 0.5:
                await storm.trade()
            if storm.chance.random() < 0.05:
                await storm.forget()
        forge.faults = []
        for _ in range(3):
            state = forge_state.load(house.app)
            state.put_off(-1)
            forge_state.save(house.app, state)
            await trade(house, forge)
        now = review(house, branch)
        texts = [(t.id, c.text) for t in now.threads.values() for c in t.comments]
        ours = Counter(w for w in storm.here for n in pull.notes if w in n.text)
        theirs = Counter(w for w in storm.there for _, text in texts if w in text)
        assert ours == Counter(storm.here), "said here"
        assert theirs == Counter(storm.there), "said there"
        theirs_now = {n.text for n in pull.notes if n.by != "prdgen-bot"}
        assert theirs_now <= {text for _, text in texts}, "reworded"
        back = Counter(w for w in storm.here for _, text in texts if w in text)
        assert back == Counter(storm.here), "no echo"
        assert pull.title == now.title
        settled = {n.text for n in pull.notes if n.id in pull.settled}
        for thread in now.threads.values():
            there = [n for n in pull.notes if n.path and n.id == n.thread
                     and posting.without_mark(n.text).endswith(thread.comments[0].text)]  # fmt: skip
            if there and thread.comments[0].text:
                assert (there[0].text in settled) == thread.resolved
        entries = log.entries(drafts.log_of(house.app, found.id))
        assert len({e.id for e in entries}) == len(entries)
        before = house.repo.git("rev-parse", f"refs/prdgen/reviews/{found.id}")
        await trade(house, forge)
        assert house.repo.git("rev-parse", f"refs/prdgen/reviews/{found.id}") == before
