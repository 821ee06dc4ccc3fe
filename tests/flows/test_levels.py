"""The cache levels below the CDN, each by itself and together."""

import asyncio
import threading

import pytest
from builder.conftest import Team

from prdgen.builder import frame as frames
from prdgen.builder.errors import SiteUnreadable
from prdgen.builder.reading import File
from prdgen.bus.bus import Bus
from prdgen.bus.errors import BusUnavailable
from prdgen.flows import levels, read_site
from prdgen.flows.levels import Flights, Kept, Memory
from prdgen.settings import Settings

PAGE = "a/index.html"
TEXT = "# A\n\n" + "words " * 200


class Clock:
    """Time that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def a_file(path: str = PAGE, size: int = 1000) -> File:
    return File(path, "f" * 40, "", b"x" * size, False)


@pytest.fixture
async def bus(redis_url):
    opened = await Bus.open(redis_url)
    yield opened
    await opened.close()


@pytest.fixture
def team(tmp_path, run_dir):
    made = Team(tmp_path, frames.draw(None, {}, run_dir / "frames"))
    made.publish(a=TEXT)
    return made


@pytest.fixture
async def house(team, bus):
    made = read_site.Levels(Settings(), team.site.state, bus)
    yield made
    await made.valkey.close()


class Asleep:
    """A Valkey that takes requests and never answers; `questions` counts them."""

    def __init__(self):
        self.questions = 0

    async def cache_get(self, key):
        self.questions += 1
        await asyncio.Event().wait()

    async def cache_set(self, *_):
        await asyncio.Event().wait()


def test_memory_is_bounded_in_bytes():
    """What was used longest ago goes; what is larger than all of it is not kept."""
    memory = Memory(5000, 60.0)
    for name in ("a", "b", "c"):
        memory.keep(name, (), a_file(name), 1)
        memory.find("a", (), 1)
    memory.keep("d", (), a_file("d"), 1)
    assert memory.bytes <= 5000
    assert memory.find("a", (), 1)
    assert not memory.find("b", (), 1)
    memory.keep("large", (), a_file("large", 6000), 1)
    assert not memory.find("large", (), 1)


def test_memory_believes_a_file_for_a_minute_and_one_turn():
    """By the clock, and by what is public."""
    clock = Clock()
    memory = Memory(5000, 60.0, clock)
    memory.keep(PAGE, (), a_file(), 1)
    clock.now = 59.0
    assert memory.find(PAGE, (), 1)
    assert not memory.find(PAGE, (), 2)
    clock.now = 60.0
    assert not memory.find(PAGE, (), 1)
    assert (memory.count.hits, memory.count.misses, memory.count.age_most) == (1, 2, 59.0)


def test_what_is_not_there_is_known_for_seconds_and_in_bounds():
    """Anyone can ask for a million pages that do not exist."""
    clock = Clock()
    memory = Memory(5000, 60.0, clock)
    for number in range(3000):
        memory.keep(f"nothing/{number}", (), None, 1)
    assert len(memory._absent) == 1000
    assert memory.bytes == 0
    assert memory.find("nothing/2999", (), 1).file is None
    clock.now = levels.ABSENT_SECONDS
    assert memory.find("nothing/2999", (), 1) is None


def test_what_comes_into_being_is_no_longer_missing():
    """The same path, both ways."""
    memory = Memory(5000, 60.0)
    memory.keep(PAGE, (), None, 1)
    memory.keep(PAGE, (), a_file(), 1)
    assert memory.find(PAGE, (), 1).file
    memory.keep(PAGE, (), None, 1)
    assert memory.find(PAGE, (), 1).file is None
    assert memory.bytes == 0


async def test_many_askers_are_one_look_up():
    """Also when the first of them goes away."""
    flights, calls, go = Flights(), [], asyncio.Event()

    async def make():
        calls.append(1)
        await go.wait()
        return Kept(None, 1, 0.0)

    askers = [asyncio.create_task(flights.once("k", make)) for _ in range(50)]
    await asyncio.sleep(0)
    askers[0].cancel()
    go.set()
    found = await asyncio.gather(*askers[1:])
    assert calls == [1]
    assert flights.joined == 49
    assert len({id(kept) for kept in found}) == 1


async def test_a_look_up_that_fails_fails_for_all_and_is_begun_again():
    """Nothing of it stays."""
    flights = Flights()

    async def fail():
        raise SiteUnreadable(got="the disk")

    async def work():
        return Kept(None, 1, 0.0)

    results = await asyncio.gather(
        *(flights.once("k", fail) for _ in range(3)), return_exceptions=True
    )
    assert {type(each) for each in results} == {SiteUnreadable}
    assert (await flights.once("k", work)).turn == 1


async def test_each_level_fills_those_above(house, bus, team):
    """The ledger once, then memory; another process finds it in Valkey."""
    first = await read_site.file(house, PAGE, ("br",))
    assert (await read_site.file(house, PAGE, ("br",))).file is first.file
    assert (house.store.hits, house.memory.count.hits) == (1, 1)
    await house.valkey.close()
    other = read_site.Levels(Settings(), team.site.state, bus)
    assert (await read_site.file(other, PAGE, ("br",))).file == first.file
    assert (other.valkey.count.hits, other.store.hits) == (1, 0)


async def test_a_new_build_is_seen_though_nobody_says_so(house, bus, team, eventually):
    """Neither memory nor Valkey shows the old page; the ledger's turn is enough."""
    await read_site.file(house, PAGE, ())
    await house.valkey.close()
    team.publish(a="# A\n\nanother text\n")

    async def new():
        return b"another text" in (await read_site.file(house, PAGE, ())).file.data

    await eventually(new)
    other = read_site.Levels(Settings(), team.site.state, bus)
    assert b"another text" in (await read_site.file(other, PAGE, ())).file.data


async def test_what_stays_the_same_is_not_read_again(house, team, eventually):
    """After a commit elsewhere its bytes are the very ones that were there."""
    path = next(path for path in team.site.current().files if path.endswith(".css"))
    before, turn = (await read_site.file(house, path, ())).file, house.turn()
    team.publish(other="# Other\n")
    await eventually(lambda: house.turn() != turn)
    assert (await read_site.file(house, path, ())).file is before
    assert house.store.hits == 2


async def test_who_publishes_makes_valkey_and_memory_forget(house, bus, eventually):
    """Of the paths that changed, in every process; of very many, everywhere."""
    stop = asyncio.Event()
    listening = asyncio.create_task(read_site.listen(bus, house, stop))
    await read_site.file(house, PAGE, ("br", "gzip"))
    await read_site.file(house, "index.html", ())
    await house.valkey.close()
    key = levels._key(PAGE, ("br", "gzip"))
    assert await bus.cache_get(key)

    async def forgotten():
        await read_site.tell(bus, [PAGE])
        return house.memory.last(PAGE, ("br", "gzip")) is None

    await eventually(forgotten)
    assert await bus.cache_get(key) is None
    assert house.memory.last("index.html", ()) is not None
    await read_site.tell(bus, [str(number) for number in range(2000)])
    await eventually(lambda: len(house.memory) == 0)
    listening.cancel()


async def test_reading_goes_on_without_valkey(team, own_servers):
    """Down: not asked again for a while, and said."""
    bus = await Bus.open(own_servers.valkey.url)
    house = read_site.Levels(Settings(), team.site.state, bus)
    await asyncio.to_thread(own_servers.valkey.stop)
    for path in (PAGE, "index.html", "nothing"):
        await read_site.file(house, path, ())
    assert house.valkey.rests
    assert house.valkey.count.failures == 1
    assert (house.store.hits, house.store.misses) == (2, 1)
    with pytest.raises(BusUnavailable):
        await levels.forget(bus, [PAGE])
    await read_site.tell(bus, [PAGE])
    await bus.close()


async def test_a_slow_valkey_is_asked_once_for_fifty_readers(team):
    """And given up after a moment."""
    asleep = Asleep()
    house = read_site.Levels(Settings(), team.site.state, asleep)
    found = await asyncio.gather(*(read_site.file(house, PAGE, ()) for _ in range(50)))
    assert asleep.questions == 1
    assert house.store.hits == 1
    assert all(kept.file is found[0].file for kept in found)


async def test_fifty_readers_are_one_reading_of_the_disk(house, monkeypatch):
    """While it is slow."""
    go, real, calls = threading.Event(), house.reading.find, []

    def slow(*asked):
        calls.append(asked)
        go.wait(10)
        return real(*asked)

    monkeypatch.setattr(house.reading, "find", slow)
    askers = [asyncio.create_task(read_site.file(house, PAGE, ())) for _ in range(50)]
    while not calls:
        await asyncio.sleep(0.001)
    go.set()
    await asyncio.gather(*askers)
    assert len(calls) == 1
    assert house.flights.joined == 49


async def test_a_disk_that_fails_shows_what_was_kept(team):
    """Whatever its age; and what was never read is an error, not a missing page."""
    house = read_site.Levels(Settings(), team.site.state, Asleep())
    before = (await read_site.file(house, PAGE, ())).file
    database = team.site.state / "published.db"
    house.memory._seconds = 0.0
    house._looked = float("inf")  # The turn is known; reading the row is what fails.
    for each in ("", "-wal", "-shm"):
        database.with_name(database.name + each).unlink(missing_ok=True)
    database.mkdir()
    assert (await read_site.file(house, PAGE, ())).file == before
    assert house.stale == 1
    with pytest.raises(SiteUnreadable):
        await read_site.file(house, "index.html", ())
