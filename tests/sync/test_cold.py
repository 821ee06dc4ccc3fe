"""Cold intake: a rebuilt document meets the browsers that still have the lost changes."""

from __future__ import annotations

import hashlib
import time

import pytest
from automerge import core

from prdgen.crdt import message
from prdgen.crdt.replica import Replica
from prdgen.merge import diff
from prdgen.sync import ports, settling

from .fakes import MemoryStore
from .harness import DOCUMENT, Client, Server, joined, quiesce, settle

pytestmark = pytest.mark.anyio
SEED = "# Spec\n\nFirst line.\n"
LATE = "Late sentence.\n"


async def take_in(server, text):
    """What the server does with the file after the database was lost."""
    room = await server.room()

    def make(replica: Replica):
        actor = hashlib.sha256(text.encode()).digest()[:16]
        return replica.edit(diff.splices(replica.text(), text), actor=actor)

    await room.edit(make, origin=ports.COLD_INTAKE)


async def lost(*texts, names=("ann",)):
    """Clients that typed `texts` on a server whose database is lost now."""
    async with Server(SEED) as server:
        clients = await joined(server, *names)
        for index, text in enumerate(texts):
            clients[index % len(clients)].type(text)
            await quiesce(*clients)
        for client in clients:
            client.cut()
    return clients


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (SEED + LATE, SEED + LATE),
        (SEED, SEED + LATE),
        ("Top.\n" + SEED, "Top.\n" + SEED + LATE),
        ("Top.\n" + SEED + LATE, "Top.\n" + SEED + LATE),
    ],
    ids=["same sentence", "older file", "different sentences", "both"],
)
async def test_late_changes_meet_the_file_as_text(file, expected):
    """What stands in both stands once; what stands in one of them stands."""
    (ann,) = await lost(LATE)
    async with Server(SEED) as server:
        await take_in(server, file)
        ann.connect(server)
        await quiesce(ann)
        assert ann.text == (await server.room()).text == expected
        assert ann.saved


async def test_without_the_mark_the_text_would_double():
    """The cure is needed: an ordinary intake would give the sentence twice."""
    (ann,) = await lost(LATE)
    async with Server(SEED) as server:
        room = await server.room()
        await room.edit(
            lambda replica: replica.edit(diff.splices(replica.text(), SEED + LATE)), origin="file"
        )
        ann.connect(server)
        await quiesce(ann)
        assert ann.text == SEED + LATE + LATE


async def test_in_two_instalments():
    """The second part is compared with what the first brought, not with the seed."""
    (ann,) = await lost("One.\n", "Two.\n")
    whole = ann.document
    first = whole.get_changes([])[1]
    part = whole.fork([first.hash])
    async with Server(SEED) as server:
        await take_in(server, SEED + "One.\nTwo.\n")
        for document in (part, whole):
            client = Client("ann", document=document)
            client.connect(server)
            await quiesce(client)
            client.cut()
        assert (await server.room()).text == SEED + "One.\nTwo.\n"


async def test_delivered_twice():
    """The same history again, from another tab, changes nothing."""
    (ann,) = await lost(LATE)
    twin = Client("ann", document=ann.document.fork())
    async with Server(SEED) as server:
        await take_in(server, SEED + LATE)
        for client in (ann, twin):
            client.connect(server)
            await quiesce(client)
        await quiesce(ann, twin)
        assert ann.text == twin.text == SEED + LATE


async def test_two_clients_with_parts_of_their_own():
    """Each brings the shared past and a sentence typed offline; all stands once."""
    ann, bob = await lost("Ann 1.\n", "Bob 1.\n", names=("ann", "bob"))
    ann.type("Ann 2.\n")
    bob.type("Bob 2.\n")
    async with Server(SEED) as server:
        await take_in(server, SEED + "Ann 1.\nBob 1.\n")
        for client in (ann, bob):
            client.connect(server)
        await quiesce(ann, bob)
        assert ann.text == bob.text == (await server.room()).text
        assert ann.text.startswith(SEED + "Ann 1.\nBob 1.\n")
        assert all(ann.text.count(s) == 1 for s in ("Ann 1", "Bob 1", "Ann 2", "Bob 2"))


WORDS = [f"w{number} " for number in range(20)]


@pytest.mark.parametrize("written", [0, 1, 7, 19, 20])
@pytest.mark.parametrize("top", ["", "Top.\n"], ids=["", "edited on disk"])
async def test_a_line_the_file_has_half_of_stands_once(written, top):
    """Words of one line, typed before and after the file was written: the base is found in between."""
    (ann,) = await lost(*WORDS)
    async with Server(SEED) as server:
        await take_in(server, top + SEED + "".join(WORDS[:written]))
        ann.connect(server)
        await quiesce(ann)
        assert ann.text == (await server.room()).text == top + SEED + "".join(WORDS)


async def test_letters_deleted_while_the_text_is_merged_stay_deleted():
    """A slip and its cure come one by one, before the browser has heard of the merge."""
    (ann,) = await lost(*WORDS)
    async with Server(SEED) as server:
        await take_in(server, SEED + "".join(WORDS[:7]))
        room = await server.room()
        replica = Replica.load(ann.document.save())
        end = len(replica.text())
        parcels = [[change.data for change in replica.changes_since(())]]
        for delete, insert in ((0, "q"), (1, ""), (0, "a")):
            made = replica.edit([diff.Splice(end, delete, insert)], actor=b"a slip of letter")
            parcels.append([change.data for change in made])
        for parcel in parcels:
            await room.edit(lambda rebuilt, new=parcel: rebuilt.apply(new), origin=ports.PEER)
        assert room.text == SEED + "".join(WORDS) + "a"


async def test_a_database_that_is_lost_again_and_again():
    """The file is as old as the first time; the browser has what the servers before made of it."""
    (ann,) = await lost(*WORDS)
    expected = SEED + "".join(WORDS)
    for word in ("again ", "and again ", "and again."):
        async with Server(SEED) as server:
            await take_in(server, SEED + "".join(WORDS[:7]))
            ann.connect(server)
            await quiesce(ann)
            ann.type(word)
            await quiesce(ann)
            expected += word
            assert ann.text == (await server.room()).text == expected
            ann.cut()


async def test_what_the_filter_hides_is_waited_for(monkeypatch):
    """The summary of what a server has takes a change in a hundred for known. Whichever it is, what its
    browser sends without it is not merged before it is there.
    """
    (ann,) = await lost(*WORDS)
    for written in (7, 20):
        async with Server(SEED) as server:
            await take_in(server, SEED + "".join(WORDS[:written]))
            ann.connect(server)
            await quiesce(ann)
            ann.type("again ")
            await quiesce(ann)
            ann.cut()
    expected, history = ann.text, ann.document.get_changes([])
    assert expected == SEED + "".join(WORDS) + "again again "
    true_filter = message.bloom_of
    for hidden in history[1:]:
        monkeypatch.setattr(message, "bloom_of", lambda hs, h=hidden: true_filter({*hs, h.hash}))
        client = Client("ann", document=ann.document.fork())
        async with Server(SEED) as server:
            await take_in(server, "Top.\n" + expected)
            client.connect(server)
            await quiesce(client)
            assert client.text == (await server.room()).text == "Top.\n" + expected


async def test_typing_goes_on_while_a_hidden_change_is_far_away(monkeypatch):
    """The line is slow, and letters are under way before the browser hears what it is asked for."""
    (ann,) = await lost(*WORDS)
    true_filter, hidden = message.bloom_of, ann.document.get_changes([])[1]
    monkeypatch.setattr(message, "bloom_of", lambda hashes: true_filter({*hashes, hidden.hash}))
    async with Server(SEED) as server:
        await take_in(server, "Top.\n" + SEED + "".join(WORDS))
        ann.connect(server)
        for _ in range(2):
            await ann.send()
            await settle()
            ann.hear()
        for letter in "typed on meanwhile":
            ann.type(letter)
            while ann.outbox:
                await ann.send()
            await settle()
        await quiesce(ann)
        assert not ann.closings
        assert (
            ann.text
            == (await server.room()).text
            == "Top.\n" + SEED + "".join(WORDS) + "typed on meanwhile"
        )


@pytest.mark.parametrize("written", range(0, 12, 3))
async def test_two_lines_typed_at_once_and_half_written_stand_once(written):
    """Whatever of both the file has, in whatever order their changes are read."""
    ann, bob = await lost("Ann: \n", "Bob: ", names=("ann", "bob"))
    async with Server(SEED) as lively:
        for client in (ann, bob):
            client.connect(lively)
        await quiesce(ann, bob)
        place = ann.text.index("\nBob")
        for number in range(12):
            ann.type(f"a{number} ", place)
            place += len(f"a{number} ")
            bob.type(f"b{number} ")
            await quiesce(ann, bob)
            if number == written:
                file = ann.text
        last = ann.text
        ann.cut(), bob.cut()
    async with Server(SEED) as server:
        await take_in(server, file)
        for client in (bob, ann):
            client.connect(server)
        await quiesce(ann, bob)
        assert ann.text == bob.text == (await server.room()).text == last


async def test_typing_goes_on_as_usual_afterwards():
    """Whoever knows the rebuilt document is merged by the CRDT again."""
    (ann,) = await lost(LATE)
    async with Server(SEED) as server:
        await take_in(server, SEED + LATE)
        ann.connect(server)
        (bob,) = await joined(server, "bob")
        await quiesce(ann, bob)
        ann.type("a")
        bob.type("b")
        await quiesce(ann, bob)
        assert ann.text == bob.text
        assert sorted(ann.text.removeprefix(SEED + LATE)) == ["a", "b"]
        origins = [row.origin for row in server.store.rows[DOCUMENT]]
        assert origins == [ports.COLD_INTAKE, ports.PEER, ports.MERGED, ports.PEER, ports.PEER]


async def test_typing_before_the_correction_arrived():
    """Who typed on while seeing the text twice keeps what they typed, once."""
    (ann,) = await lost(LATE)
    async with Server(SEED) as server:
        await take_in(server, SEED + LATE)
        ann.connect(server)
        for _ in range(2):
            await ann.send()
            ann.hear()
        ann.type("And on.\n")
        await quiesce(ann)
        assert ann.text == (await server.room()).text == SEED + LATE + "And on.\n"


def behind_the_last_letter(client):
    """Where the cursor of who typed last in this browser is by now."""
    name = client.document.get(core.ROOT, "content")[1]
    letters = [letter for _, letter in client.document.values(name)]
    return letters.index(client.cursor) + 1


def press(client, letter):
    at = behind_the_last_letter(client)
    client.type(letter, at)
    name = client.document.get(core.ROOT, "content")[1]
    client.cursor = client.document.get(name, at)[1]


@pytest.mark.parametrize("heard", range(6))
async def test_a_word_typed_while_the_text_is_merged_stands_in_one_piece(heard):
    """Letters go where the cursor is, and that is beside letters that stay: what the server takes out is
    the file's copy. Some letters of the word are typed before the browser has `heard` each message.
    """
    (ann,) = await lost(*WORDS, "Below.\n")
    at = ann.text.index("Below")
    ann.type("\n", at)
    async with Server(SEED) as server:
        await take_in(server, "Top.\n" + ann.text.replace("w9", "w9 by hand"))
        ann.connect(server)
        ann.cursor = ann.document.get(ann.document.get(core.ROOT, "content")[1], at - 1)[1]
        typed = iter("typed-word")
        for _ in range(heard):
            while ann.outbox:
                await ann.send()
            press(ann, next(typed))
            await settle()
            ann.hear()
        for letter in typed:
            press(ann, letter)
            await quiesce(ann)
        expected = (
            "Top.\n" + SEED + "".join(WORDS).replace("w9", "w9 by hand") + "typed-word\nBelow.\n"
        )
        assert ann.text == (await server.room()).text == expected


async def test_who_comes_back_second_needs_no_correction():
    """Both browsers have the same letters, and those are the ones that stayed."""
    ann, bob = await lost("Ann.\n", "Bob.\n", names=("ann", "bob"))
    async with Server(SEED) as server:
        await take_in(server, SEED + "Ann.\nBob.\n")
        ann.connect(server)
        await quiesce(ann)
        bob.type("More.\n")
        bob.connect(server)
        await quiesce(ann, bob)
        assert ann.text == bob.text == SEED + "Ann.\nBob.\nMore.\n"
        origins = [row.origin for row in server.store.rows[DOCUMENT]]
        assert origins.count(ports.MERGED) == 1


async def test_it_is_remembered_in_the_store():
    """A room that is loaded later, and another process, know the mark too."""
    (ann,) = await lost(LATE)
    async with Server(SEED) as server:
        await take_in(server, SEED + LATE)
        mark = server.store.rows[DOCUMENT][0].hash
    store = MemoryStore(cold={DOCUMENT: mark})
    replica = Replica.load(*server_state(server))
    store.snapshots[DOCUMENT], store.rows[DOCUMENT] = (
        (replica.save(), 1),
        server.store.rows[DOCUMENT],
    )
    async with Server(store=store) as later:
        ann.connect(later)
        await quiesce(ann)
        assert ann.text == SEED + LATE


def server_state(server):
    return server.store.snapshots[DOCUMENT][0], [r.data for r in server.store.rows[DOCUMENT]]


async def test_someone_else_may_bring_lost_changes():
    """The store that knew the writer is lost: Bob brings Ann's changes, and Ann types on."""
    ann, bob = await lost("From Ann.\n", names=("ann", "bob"))
    async with Server(SEED) as server:
        await take_in(server, SEED + "From Ann.\n")
        for client in (bob, ann):
            client.connect(server)
            await quiesce(client)
        ann.type("More.\n")
        await quiesce(ann, bob)
        assert not ann.closings + bob.closings
        assert bob.text == SEED + "From Ann.\nMore.\n"


class Watched(Client):
    """A client that remembers every text it showed."""

    def _hear(self, message):
        super()._hear(message)
        self.shown.append(self.text)


async def back(server, client, claim=None):
    """The browser of `client` again, with all it has, connected and at rest."""
    watched = Watched(client.name, document=client.document, claim=claim)
    watched.shown = []
    watched.connect(server)
    await quiesce(watched)
    return watched


async def test_nobody_sees_the_text_doubled_before_it_is_merged():
    """What was typed into a doubled text could not be told from what was in it."""
    (ann,) = await lost(LATE)
    async with Server(SEED) as server:
        await take_in(server, SEED + LATE)
        ann = await back(server, ann)
        assert set(ann.shown) == {SEED + LATE}
        assert ann.saved


async def test_who_may_only_read_does_not_wait_for_their_own_text():
    """It never comes to the server, and what others write comes to them all the same."""
    (ann,) = await lost(LATE)
    async with Server(SEED) as server:
        await take_in(server, "Top.\n" + SEED)
        ann = await back(server, ann, claim="reader")
        assert ann.text == "Top.\n" + SEED + LATE
        assert (await server.room()).text == "Top.\n" + SEED


async def at_once(ann, bob, one, two):
    """Both bring what they typed, each to a process, and each process merges before it hears of the other."""
    async with one, two:
        one.store.before_append = settle
        ann.connect(one)
        bob.connect(two)
        await quiesce(ann, bob)
        texts = {ann.text, bob.text, (await one.room()).text, (await two.room()).text}
    assert len(texts) == 1
    return texts.pop(), one.store


async def test_two_processes_merge_one_after_the_other():
    """Each takes the word that both brought along to where the file has its section: it would stand there twice."""
    rest = "## B\n\n" + "".join(f"Line {number} of this one.\n" for number in range(9))
    section = (
        "## A\n\nSome words that are long enough.\n\nMore of its words.\n\nAnd its last ones.\n\n"
    )
    seed = section + rest
    place = seed.index("that")
    async with Server(seed) as before:
        ann, bob = await joined(before, "ann", "bob")
        ann.type("late ", place)
        await quiesce(ann, bob)
        ann.cut()
        bob.cut()
    ann.type("anns ", seed.index("of its") + 5)
    bob.type("bobs ", seed.index("last") + 5)
    one = Server(seed)
    await take_in(one, rest + "\n" + section)
    two = Server(store=one.store, bus=one.bus, name="two")
    await two.room()
    text, store = await at_once(ann, bob, one, two)
    assert text.startswith(rest)
    assert sorted(text.split()) == sorted([*seed.split(), "late", "anns", "bobs"])
    assert [row.origin for row in store.rows[DOCUMENT]].count(ports.MERGED) == 2


@pytest.mark.parametrize("first", ["editor", "file"])
async def test_editor_and_file_meet_in_two_processes(first):
    """Each process has opened the rebuilt document and is about to store its own copy of the same text."""
    (ann,) = await lost(LATE)
    one = Server(SEED)
    two = Server(store=one.store, bus=one.bus, name="two")

    async def bring():
        ann.connect(two)
        await quiesce(ann)

    async def meanwhile():
        one.store.before_append = None
        await (bring() if first == "editor" else take_in(one, SEED + LATE))

    async with one, two:
        await one.room()
        await two.room()
        one.store.before_append = meanwhile
        await (take_in(one, SEED + LATE) if first == "editor" else bring())
        await quiesce(ann)
        assert ann.text == (await one.room()).text == (await two.room()).text == SEED + LATE
        theirs = [d for stored in one.seen.stored if stored.foreign for d in stored.deliveries]
        assert {d.person_id for d in theirs} == {ann.who.person_id}


async def test_lines_that_came_at_one_place_stay_in_their_order():
    """Only what stands twice has to go; whoever has the lines keeps them where they are."""
    names = [f"name{number}" for number in range(8)]
    clients = await lost(names=names)
    place = SEED.index("First")
    for client in clients:
        client.type(f"{client.name}\n", place)
    async with Server(SEED) as server:
        await take_in(server, SEED[:place] + "Filed.\n" + SEED[place:])
        for client in clients:
            client.connect(server)
        await quiesce(*clients)
        assert sorted(clients[0].text.split()) == sorted([*SEED.split(), "Filed.", *names])
        assert ports.MERGED not in [row.origin for row in server.store.rows[DOCUMENT]]


async def test_nobody_sees_the_text_doubled_though_their_filter_hides_what_merges_it(monkeypatch):
    """A browser's summary takes a change in a hundred for known: the correction, or what it builds on."""
    ann, bob = await lost(LATE, names=("ann", "bob"))
    ann.type("Anns.\n")
    bob.type("Bobs.\n")
    truly = message.Bloom.__contains__
    for number in range(8):
        writer, reader = (Client(c.name, document=c.document.fork()) for c in (ann, bob))
        async with Server(SEED) as server:
            await take_in(server, "Top.\n" + SEED + LATE)
            writer.connect(server)
            await quiesce(writer)
            rows = server.store.rows[DOCUMENT]
            hidden = rows[number % len(rows)].hash
            monkeypatch.setattr(
                message.Bloom, "__contains__", lambda f, h, x=hidden: h == x or truly(f, h)
            )
            reader.connect(server)
            for _ in range(20):
                while reader.connection is not None and reader.outbox:
                    await reader.send()
                await settle()
                reader.hear()
                assert reader.text.count(LATE) == 1, number
            await quiesce(writer, reader)
            assert reader.text == writer.text


async def test_who_asks_for_what_is_lost_hears_of_everything_else_at_once():
    """A browser keeps a change whose ancestor came to nobody, and asks for that for ever."""
    (ann,) = await lost("One.\n")
    lonely, client = ann.document.fork(), ann.document.fork()
    for letter in "xy":
        heads = lonely.get_heads()
        with lonely.transaction() as typing:
            content = lonely.get(core.ROOT, "content")[1]
            typing.insert(content, 0, core.ScalarType.Str, letter)
    orphan = lonely.get_changes(heads)[0].raw_bytes
    client = Client("ann", document=core.Document.load(client.save() + orphan))
    async with Server(SEED) as server:
        await take_in(server, SEED + "One.\n")
        room = await server.room()
        for number in range(50):
            await room.edit(
                lambda replica, n=number: replica.edit([diff.Splice(0, 0, f"{n}\n")]),
                origin="file",
            )
        client.connect(server)
        for _ in range(10):
            while client.outbox:
                await client.send()
            await settle()
            client.hear()
        assert client.text == room.text
        assert room.text.endswith(SEED + "One.\n")


async def test_a_page_that_was_rewritten_whole_keeps_nobody_waiting():
    """Three thousand lines in the file, three thousand others in the browser that comes back."""
    old = "".join(f"Line {n} says what number {n} does.\n" for n in range(3_000))
    (ann,) = await lost()
    ann.type(old)
    began = time.process_time()
    async with Server(SEED) as server:
        await take_in(server, "".join(f"Number {n} is in row {n}.\n" for n in range(3_000)))
        ann.connect(server)
        await quiesce(ann)
        assert ann.text == (await server.room()).text
        assert ann.text.count("says what number 7 does") == 1
    assert time.process_time() - began < 30
    replica = Replica.seed(old)
    began = time.process_time()
    new = "".join(f"Number {n} does what row {n} says.\n" for n in range(3_000))
    assert diff.apply(old, settling.edits(replica, replica.heads, new)) == new
    assert time.process_time() - began < 10


async def test_another_process_knows_the_first_intake():
    """What a file was written from is looked for near the file's text, not near what was merged since."""
    (ann,) = await lost(LATE)
    ann.type("Anns.\n")
    async with Server(SEED) as one:
        await take_in(one, "Top.\n" + SEED + LATE)
        ann.connect(one)
        await quiesce(ann)
        rows = one.store.rows[DOCUMENT]
        async with Server(store=one.store, bus=one.bus, name="two") as two:
            mark = (await two.room())._ledger.mark
            assert rows[-1].origin == ports.MERGED
            assert (mark.hash, mark.first) == (rows[-1].hash, rows[0].hash)
