"""The official JavaScript library on the other side: documents, sync messages, envelopes."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from prdgen.crdt import chunks, errors, operations, wire
from prdgen.crdt.offsets import Offsets
from prdgen.crdt.replica import Replica
from prdgen.crdt.sync import Session

from .making import typed

HERE = Path(__file__).parent
FAMILY = "👨\u200d👩\u200d👧 e\u0301 "


def folder_with_packages() -> Path | None:
    """The editor's folder, or another one named by the environment."""
    candidates = [HERE.parents[1] / "editor", Path(os.environ.get("AUTOMERGE_JS", os.devnull))]
    return next(
        (c for c in candidates if (c / "node_modules/@automerge/automerge-repo").is_dir()), None
    )


FOLDER, NODE = folder_with_packages(), shutil.which("node")
pytestmark = pytest.mark.skipif(
    FOLDER is None or NODE is None,
    reason="needs Node and the editor's packages: `npm ci` in editor/ (or AUTOMERGE_JS=folder)",
)


class JsPeer:
    """A document in a Node process."""

    def __init__(self) -> None:
        command = [NODE, str(HERE / "js/peer.mjs"), str(FOLDER)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, text=True, encoding="utf-8", **pipes)

    def ask(self, do: str, **arguments):
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        assert "error" not in reply, reply
        return reply["ok"]

    def next_message(self) -> bytes | None:
        found = self.ask("next")
        return None if found is None else bytes.fromhex(found)

    def receive(self, data: bytes) -> None:
        self.ask("receive", data=data.hex())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def node():
    peer = JsPeer()
    yield peer
    peer.close()


@pytest.fixture
def js(node):
    """A peer with nothing yet."""
    node.ask("fresh")
    return node


def serve(session: Session, replica: Replica, js: JsPeer, **how) -> None:
    """Serve the peer until both are silent."""
    for _ in range(30):
        message = js.next_message()
        if message is not None:
            session.receive(replica, message, **how)
        answer = session.next_message(replica)
        if answer is not None:
            js.receive(answer)
        if message is None and answer is None:
            return
    raise AssertionError("still talking")


def test_a_document_made_in_javascript(js):
    """It loads here, with every code point in its place."""
    js.ask("from", text=f"Hello {FAMILY}😀\n")
    js.ask("splice", at=6, remove=0, insert="😀é")
    replica = Replica.load(bytes.fromhex(js.ask("save")))
    assert replica.text() == js.ask("text") == f"Hello 😀é{FAMILY}😀\n"
    assert [head.hex() for head in replica.heads] == js.ask("heads")


def test_a_document_made_here(js):
    """It loads there, with history."""
    replica = Replica.seed(f"Hello {FAMILY}\n")
    typed(replica, 6, "😀", delete=1)
    js.ask("load", data=replica.save().hex())
    assert (js.ask("text"), js.ask("heads")) == (replica.text(), [h.hex() for h in replica.heads])


def test_joining_takes_the_whole_document(js):
    """A new editor is served by version 2 of the protocol."""
    replica, session = Replica.seed(f"Hello {FAMILY}\n"), Session()
    for index in range(50):
        typed(replica, index, "x")
    serve(session, replica, js)
    assert (js.ask("text"), js.ask("heads")) == (replica.text(), [h.hex() for h in replica.heads])


@pytest.mark.parametrize("seed", range(6))
def test_typing_on_both_sides(js, seed):
    """UTF-16 there, code points here: the same letters."""
    rng = random.Random(seed)
    replica, session = Replica.seed(f"Hello {FAMILY}\n" * 3), Session()
    serve(session, replica, js)
    for _ in range(30):
        text = js.ask("text")
        at = rng.randrange(len(text))
        remove = rng.randrange(min(4, len(text) - at))
        offsets = Offsets(text)
        start = offsets.to_utf16(at)
        length = offsets.to_utf16(at + remove) - start
        insert = rng.choice(["", "x", "😀", FAMILY, "two words "])
        js.ask("splice", at=start, remove=length, insert=insert)
        if rng.random() < 0.5:
            typed(replica, rng.randrange(len(replica.text())), rng.choice(["y", "é😀"]))
        if rng.random() < 0.3:
            serve(session, replica, js)
    serve(session, replica, js)
    assert js.ask("text") == replica.text() == Replica.load(replica.save()).text()


def test_javascript_writes_changes_as_we_expect(js):
    """The guard's idea of how a change is written is the library's own."""
    js.ask("load", data=Replica.seed(f"{FAMILY}Hello\n" * 5).save().hex())
    for at, remove, insert in [(3, 5, "xyz"), (0, 0, "😀" * 300), (20, 2, ""), (1, 0, "aab")]:
        js.ask("splice", at=at, remove=remove, insert=insert)
        (chunk,) = chunks.split(bytes.fromhex(js.ask("last")), 1 << 20)
        body = chunks.change(chunk)
        rows = operations.rows(body, operations.count(body), operations.ANY)
        assert operations.encode(body, rows) == chunk.body


def test_a_javascript_reader_who_types(js):
    """Trap 8: it falls silent, and still gets every later edit."""
    replica, session = Replica.seed("Hello\n"), Session()
    serve(session, replica, js, follower=True)
    js.ask("splice", at=0, remove=0, insert="reader ")
    serve(session, replica, js, follower=True)
    for index in range(3):
        typed(replica, len(replica.text()), f"{index}")
        serve(session, replica, js, follower=True)
        js.ask("splice", at=0, remove=0, insert="again ")
    assert js.ask("text").endswith("Hello\n012")
    assert replica.text() == "Hello\n012"


def test_assigning_the_text_in_javascript(js):
    """Trap 5: `doc.content = …` replaces the text object and is handed back as text."""
    replica, session = Replica.seed("Hello\n"), Session()
    serve(session, replica, js)
    js.ask("assign", text="Something else")
    with pytest.raises(errors.ChangeReshapes) as refused:
        serve(session, replica, js)
    assert refused.value.text == "Something else"
    assert replica.text() == "Hello\n"


def test_the_librarys_other_ways_of_editing(js):
    """Empty changes, changes of a former version and `updateText` are edits like any other."""
    replica, session = Replica.seed(f"Hello {FAMILY}\n"), Session()
    serve(session, replica, js)
    heads = js.ask("heads")
    js.ask("empty")
    js.ask("splice", at=0, remove=1, insert="J")
    js.ask("spliceAt", heads=heads, at=5, remove=0, insert=" there")
    js.ask("update", text=f"Well, {FAMILY}😀\n")
    serve(session, replica, js)
    assert replica.text() == js.ask("text")
    assert Replica.load(replica.save()).heads == replica.heads


MESSAGES = [
    (
        wire.Join("client", ("1",), wire.Metadata("store", is_ephemeral=False)),
        {
            "type": "join", "senderId": "client", "supportedProtocolVersions": ["1"],
            "peerMetadata": {"storageId": "store", "isEphemeral": False},
        },
    ),
    (
        wire.Sync("a", "b", "doc", b"\0\1\2"),
        {"type": "sync", "senderId": "a", "targetId": "b", "documentId": "doc",
         "data": {"hex": "000102"}},
    ),
    (
        wire.Request("a", "b", "doc", b"\xff"),
        {"type": "request", "senderId": "a", "targetId": "b", "documentId": "doc",
         "data": {"hex": "ff"}},
    ),
    (
        wire.Ephemeral("a", "b", "doc", "session", 7, b"\1"),
        {"type": "ephemeral", "senderId": "a", "targetId": "b", "documentId": "doc",
         "sessionId": "session", "count": 7, "data": {"hex": "01"}},
    ),
    (
        wire.Unavailable("a", "b", "doc"),
        {"type": "doc-unavailable", "senderId": "a", "targetId": "b", "documentId": "doc"},
    ),
    (
        wire.RemoteSubscriptionChange("a", "b", ("s",), ()),
        {"type": "remote-subscription-change", "senderId": "a", "targetId": "b", "add": ["s"],
         "remove": []},
    ),
    (
        wire.RemoteHeadsChanged("a", "b", "doc", {"s": wire.StorageHeads(("h",), 1795500000000)}),
        {"type": "remote-heads-changed", "senderId": "a", "targetId": "b", "documentId": "doc",
         "newHeads": {"s": {"heads": ["h"], "timestamp": 1795500000000}}},
    ),
    (wire.Leave("a"), {"type": "leave", "senderId": "a"}),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs"), MESSAGES, ids=lambda m: type(m).__name__)
def test_envelopes(js, ours, theirs):
    """Their bytes are read here, and ours are read there."""
    encoded = bytes.fromhex(js.ask("encode", message=json.dumps(theirs)))
    assert wire.decode(encoded) == ours
    assert json.loads(js.ask("decode", data=wire.encode(ours).hex())) == theirs


def test_the_successor_is_a_string_to_an_official_client(js):
    """Which it can hand to `repo.find`; a scalar would be an object of another class there."""
    replica = Replica.seed("text")
    replica.write_successor("automerge:abc")
    js.ask("load", data=replica.save().hex())
    assert js.ask("successor") == "automerge:abc"
