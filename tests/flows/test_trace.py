"""`PRDGEN_TRACE`: one edit's way through the server, step by step, with times; nothing when it is off."""

import logging
import re

import pytest

from prdgen import logs, trace

STEPS = ["receive", "validate", "apply", "memory", "queue", "batch write", "told"]


@pytest.fixture
def traced(caplog):
    """Tracing is on; gives the lines it printed."""
    before = logs.TRACE.level
    logs.TRACE.setLevel(logging.DEBUG)
    trace.switch(to=True)
    caplog.set_level(logging.DEBUG, "prdgen.trace")
    yield lambda: [r.getMessage() for r in caplog.records if r.getMessage().startswith("edit ")]
    trace.switch(to=False)
    logs.TRACE.setLevel(before)


def ways(lines):
    """Edit → its steps with their times, from the lines that have them."""
    found = {}
    for line in lines:
        if way := re.fullmatch(r"edit (\w{8}) of \S+: (.*) ms \((\d+) in the batch\)", line):
            steps = re.findall(r"([a-z ]+) (\d+\.\d)(?:, |$)", way[2])
            found[way[1]] = [(name, float(at)) for name, at in steps]
    return found


async def test_an_edit_is_followed_to_file_and_commit(house, traced):
    """Every step of the write path in its order, times that only grow, then file and commit."""
    ann = await house.editor()
    await ann.write("typed\n")
    await house.save("ann")
    [(name, steps)] = ways(traced()).items()
    assert [step for step, _ in steps] == STEPS
    times = [at for _, at in steps]
    assert times == sorted(times)
    assert times[0] == 0
    later = [line for line in traced() if line.startswith(f"edit {name}: ")]
    assert re.fullmatch(rf"edit {name}: in the file after \d+\.\d ms \(one\.md\)", later[0])
    assert re.fullmatch(
        rf"edit {name}: committed as [0-9a-f]{{8}} after \d+\.\d ms \(one\.md\)", later[-1]
    )


async def test_each_of_two_peoples_edits_has_its_own_line(house, traced):
    """Two editors, several edits: none is mixed up with another, none is told twice."""
    ann, bob = await house.editor("ann"), await house.editor("bob")
    for word in ("one ", "two ", "three "):
        await ann.write(word)
        await bob.write(word.upper())
    await house.save("ann")
    found = ways(traced())
    assert len(found) >= 6
    assert all([step for step, _ in steps] == STEPS for steps in found.values())
    committed = [line for line in traced() if "committed as" in line]
    assert len(committed) == len(found)


async def test_what_is_not_asked_for_is_not_kept(house):
    """Off: nothing is followed, nothing is remembered."""
    ann = await house.editor()
    await ann.write("typed\n")
    await house.save("ann")
    assert not trace.on
    assert not trace._queued
    assert not trace._stored


def test_a_document_that_is_never_written_does_not_fill_the_memory(traced):
    """Edits of rooms whose file another server keeps are let go in time."""
    from uuid import uuid4

    for number in range(1_200):
        document = uuid4()
        trace.begin(trace.came_in())
        way = trace.applied()
        trace.taken(document, way, number.to_bytes(4, "big"))
        trace.storing(document)
        trace.stored(document)
        trace.told(document)
    assert sum(map(len, trace._stored.values())) <= trace._MOST
    assert len(traced()) == 1_200
