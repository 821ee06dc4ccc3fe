"""Where two versions stand is told as browsers count, and by line."""

import asyncio

from prdgen.flows import clash
from prdgen.merge import three_way


async def told(house):
    """The places of the conflicts that were told."""
    async with house.app.store.transaction() as tx:
        cursor = await tx.execute("SELECT data FROM event_log WHERE type = 'git.conflict.detected'")
        return [data for (data,) in await cursor.fetchall()]


def test_the_place_is_in_utf16_and_by_line():
    """Letters before it that take two units move it; other text that came before it, too."""
    merged = three_way.merge("# 😀\n\na\n", "# 😀\n\nb\n", "# 😀\n\nc\n")
    (found,) = merged.conflicts
    for text, start, line in ((merged.text, 6, 3), (f"new\n{merged.text}", 10, 4)):
        place = clash.event("main", "one.md", text, found).data
        assert place == {"start": start, "end": start + len("c\nb\n"), "line": line}


async def test_late_words_that_meet_others_say_where(house):
    """Both stand, and who listens to events is led there, as after a push."""
    merged = three_way.merge("one\ntwo\n", "one\nmine\n", "one\nyours\n")
    editor = await house.editor()
    await editor.write("yours\nmine\n")
    house.app.keeper.disputed(house.live().room, merged.conflicts)
    async with asyncio.timeout(15):
        while not (places := await told(house)):
            await asyncio.sleep(0.005)
    (place,) = places
    assert house.text().split("\n")[place["line"] - 1] == merged.text.split("\n")[1]
