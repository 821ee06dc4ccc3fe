"""A bucket that fails, that another one publishes to, or that does not keep its word."""

import json
import threading
import time
from uuid import uuid4

import httpx2
import pytest

from prdgen.delivery.errors import LeaseLost, TargetBusy
from prdgen.delivery.lease import Lease
from prdgen.delivery.state import State
from prdgen.storage.errors import NoConditions, StorageAway, StorageDenied, StorageError

from . import buckets
from .conftest import bucket_place

OLD = {"index_html": "INDEX old", "a__index_html": "PAGE 1 needs s_1111111.css",
       "b__index_html": "PAGE b", "gone_html": "PAGE g", "s_1111111_css": "FIXED 1"}  # fmt: skip
NEW = {"index_html": "INDEX new", "a__index_html": "PAGE 2 needs s_2222222.css",
       "b__index_html": "PAGE b", "c__index_html": "PAGE c", "s_2222222_css": "FIXED 2"}  # fmt: skip
NEXT = OLD | {"index_html": "INDEX next", "d_html": "PAGE d"}


@pytest.fixture
def both(storage, between):
    """One bucket, straight and with what stands between."""
    name = buckets.make(storage, f"prds-{uuid4().hex[:12]}")
    straight = bucket_place(buckets.opened(storage, name, "docs"), lease_seconds=1.5)
    through = bucket_place(
        buckets.opened(between.endpoint, name, "docs", seconds=0.8), lease_seconds=1.5
    )
    return straight, through


def texts(shop, build):
    return {path: shop.artifacts[file.name].decode() for path, file in build.files.items()}


def published(place, build, read):
    """The same as the target's, for whoever asks again while another one is heard of."""
    for _ in range(20):
        try:
            return place.again().publish(build, read)
        except TargetBusy:
            continue
    raise AssertionError("busy for ever")


def failing_after(number: int, answer):
    """A rule that lets so many changes through and gives all later ones this answer."""
    seen = [0]

    def rule(method: str, path: str):
        seen[0] += method != "GET"
        return answer if seen[0] > number else None

    return rule


def assert_whole(shown: dict[str, str]) -> None:
    """Every page has what it is drawn with."""
    for path, text in shown.items():
        if "needs" in text:
            assert text.rpartition(" ")[2] in shown, f"{path}: {text}"


def test_a_connection_lost_at_any_moment_leaves_pages_whole(shop, both, between):
    """And whichever build comes next is then shown exactly, as if nothing had been."""
    straight, through = both
    straight.target.publish(shop.build("c0", **OLD), shop.read)
    for number in range(0, 12, 3):
        between.rule = failing_after(number, "drop")
        with pytest.raises((StorageAway, LeaseLost)):
            through.again().publish(shop.build(f"n{number}", **NEW), shop.read)
        assert_whole(straight.shown())
        build = shop.build(f"c{number + 1}", **NEXT)
        straight.again().publish(build, shop.read)
        shown = straight.shown()
        assert shown == texts(shop, build) | {p: t for p, t in shown.items() if p.startswith("s_")}


def test_what_was_sent_before_is_not_sent_again(shop, both, between):
    """Whoever goes on after a kill sends the rest."""
    straight, through = both
    straight.target.publish(shop.build("c0", **OLD), shop.read)
    build = shop.build("c1", **NEW)
    between.rule = lambda method, path: (
        "drop" if method == "PUT" and path.endswith("a/index.html") else None
    )
    through.lease(5.0)
    with pytest.raises(StorageAway):
        through.again().publish(build, shop.read)
    assert straight.again().publish(build, shop.read).sent == 0
    assert straight.shown() == texts(shop, build) | {"s_1111111.css": "FIXED 1"}


@pytest.mark.parametrize(
    "answer, kind, words",
    [
        ((403, b"<Error><Code>AccessDenied</Code><Message>No</Message></Error>"), StorageDenied, "403 AccessDenied No"),
        ((503, b"<Error><Code>SlowDown</Code></Error>"), StorageAway, "503 SlowDown"),
        ((400, b"<Error><Code>BadDigest</Code></Error>"), StorageError, "400 BadDigest"),
        ("drop", StorageAway, "error"),
    ],
)  # fmt: skip
def test_what_storage_says_is_said_with_a_cure_and_the_old_site_stays(
    shop, both, between, answer, kind, words
):
    straight, through = both
    old = shop.build("c0", **OLD)
    straight.target.publish(old, shop.read)
    for allowed in (0, 3):
        between.rule = failing_after(allowed, answer)
        with pytest.raises((kind, LeaseLost)) as caught:
            through.again().publish(shop.build("c1", **NEW), shop.read)
        if caught.type is not LeaseLost:
            assert words in str(caught.value)
        assert caught.value.hint
        assert buckets.SECRET not in str(caught.value)
        assert straight.shown() == texts(shop, old) | (
            {"s_2222222.css": "FIXED 2"} if "s_2222222.css" in straight.shown() else {}
        )


def test_storage_that_stumbles_is_asked_again(shop, both, between):
    """503 now and then, and answers that get lost on their way back: nobody notices."""
    straight, through = both
    through.lease(5.0)
    count = [0]

    def rule(method: str, path: str):
        count[0] += 1
        if count[0] % 5 == 2:
            return (503, b"<Error><Code>SlowDown</Code></Error>")
        return "lose" if count[0] % 5 == 4 else None

    between.rule = rule
    for number, files in enumerate((OLD, NEW)):
        build = shop.build(f"c{number}", **files)
        through.again().publish(build, shop.read)
    assert straight.shown() == texts(shop, build) | {"s_1111111.css": "FIXED 1"}
    assert straight.target.state().underway == []


def test_storage_that_is_too_slow_is_given_up(shop, both, between):
    """Within its time limits, with the old site whole."""
    straight, through = both
    old = shop.build("c0", **OLD)
    straight.target.publish(old, shop.read)
    between.slow = 1.5
    began = time.monotonic()
    with pytest.raises(StorageAway):
        through.again().publish(shop.build("c1", **NEW), shop.read)
    assert time.monotonic() - began < 15
    assert straight.shown() == texts(shop, old)


def test_two_at_once(shop, both, between):
    """One publishes; the other says so, and comes through when it asks again."""
    straight, through = both
    straight.target.publish(shop.build("c0", **OLD), shop.read)
    straight.lease(3.0)
    through.lease(3.0)
    between.slow, done = 0.08, []
    one, two = shop.build("c1", **NEW), shop.build("c2", **NEXT)
    first = threading.Thread(target=lambda: done.append(through.again().publish(one, shop.read)))
    first.start()
    while first.is_alive() and not straight.target.state().holder:
        time.sleep(0.01)
    with pytest.raises(TargetBusy, match="Process"):
        straight.again().publish(two, shop.read)
    first.join()
    assert done[0].build == one.id
    straight.again().publish(two, shop.read)
    shown = straight.shown()
    assert shown == texts(shop, two) | {"s_2222222.css": "FIXED 2"}


def test_a_publisher_elsewhere_that_died_is_waited_for_and_followed(shop, both):
    """For as long as its lease is; it cannot be asked whether it lives."""
    straight, _ = both
    straight.target.publish(shop.build("c0", **OLD), shop.read)
    bucket = straight.target._bucket
    state = json.loads(bucket.get(".prdgen/state.json")[0])
    bucket.put(".prdgen/state.json", json.dumps(state | {"holder": "other/1-2/7/x"}).encode())
    began = time.monotonic()
    straight.again().publish(shop.build("c1", **NEW), shop.read)
    assert 1.2 < time.monotonic() - began < 20
    assert straight.target.state().holder == ""


def test_a_publisher_that_stood_still_gives_up(shop, both, between):
    """Another one took over; what the first one writes when it goes on is mended by the next build."""
    straight, _ = both
    straight.target.publish(shop.build("c0", **OLD), shop.read)
    straight.lease(2.0)
    stopped, go_on, failed = threading.Event(), threading.Event(), []

    def rule(method: str, path: str):
        if path.endswith("/a/index.html") or stopped.is_set():
            stopped.set()
            go_on.wait(20)

    def publish() -> None:
        try:
            slow = buckets.opened(between.endpoint, straight.target._bucket.access.bucket, "docs")
            bucket_place(slow, lease_seconds=2.0).target.publish(shop.build("c1", **NEW), shop.read)
        except LeaseLost as error:
            failed.append(error)

    between.rule = rule
    first = threading.Thread(target=publish)
    first.start()
    assert stopped.wait(20)
    build = shop.build("c2", **NEXT)
    published(straight, build, shop.read)
    go_on.set()
    first.join()
    assert "took over" in str(failed[0]) or "renewed" in str(failed[0])
    assert straight.target.state().current == build.id
    last = shop.build("c3", **NEXT)
    straight.again().publish(last, shop.read)
    shown = straight.shown()
    assert shown == texts(shop, last) | {p: t for p, t in shown.items() if p.startswith("s_")}


def test_storage_without_conditions_is_refused(shop, both, between):
    """Two publishers could not be told apart there."""
    _, through = both
    between.ignores_conditions = True
    with pytest.raises(NoConditions):
        through.target.publish(shop.build("c0", **OLD), shop.read)


def test_objects_say_how_they_are_to_be_served(shop, storage):
    """Type, age, keys and coding, for a reader of the bare bucket."""
    name = buckets.make(storage, f"prds-{uuid4().hex[:12]}", public=True)
    place = bucket_place(buckets.opened(storage, name))
    place.target.publish(shop.build("c0", **OLD), shop.read)
    with Lease(place.target._bucket, 2.0):
        pass
    found = {}
    for path in ("a/index.html", "s_1111111.css"):
        key = place.target._bucket.get(path)
        assert key is not None
        found[path] = httpx2.head(
            buckets.address(storage, name, path),
            headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={buckets.KEY}/20261126/us-east-1/s3/aws4_request"},
        ).headers  # fmt: skip
    page, style = found["a/index.html"], found["s_1111111.css"]
    assert page["content-type"] == "text/html; charset=utf-8"
    assert "s-maxage=3600" in page["cache-control"]
    assert page["x-amz-meta-surrogate-key"].startswith("prdgen-site p-")
    assert page["x-amz-meta-cache-tag"] == page["x-amz-meta-surrogate-key"].replace(" ", ",")
    assert style["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in style["cache-control"]


def test_a_renewed_lease_says_nothing_of_what_is_only_half_done(storage):
    """What is being changed is written when it is done; and then it counts, whatever was renewed."""
    place = bucket_place(buckets.opened(storage, buckets.make(storage, f"prds-{uuid4().hex[:12]}")))

    def stored():
        found = place.target._bucket.get(".prdgen/state.json")
        assert found is not None
        return State.unpacked(found[0], "")

    with Lease(place.target._bucket, 1.0) as lease:
        began = stored().turn
        lease.state.retired["s_1111111.css"] = 1.0
        until = time.monotonic() + 20
        while stored().turn < began + 2 and time.monotonic() < until:
            time.sleep(0.1)
        assert stored().turn >= began + 2
        assert stored().retired == {}
        lease.save()
        assert stored().retired == {"s_1111111.css": 1.0}
        turn = stored().turn
    assert (stored().holder, stored().retired) == ("", {"s_1111111.css": 1.0})
    assert stored().turn > turn


def test_what_nobody_needs_is_removed(shop, both):
    """Objects of builds that are not kept, and fixed files after the keep time."""
    straight, _ = both
    target = straight.target
    target._keep = 1
    target.publish(shop.build("c0", **OLD), shop.read)
    target.publish(shop.build("c1", **NEW), shop.read, check=True)
    target.publish(shop.build("c1", **NEW), shop.read, check=True)
    keys = {each.key for each in target._bucket.objects()}
    assert sum("/objects/" in key for key in keys) == 4
    assert sum("/builds/" in key for key in keys) == 1
    assert "s_1111111.css" in keys
    target._keep_seconds = 0.0
    target.publish(shop.build("c1", **NEW), shop.read, check=True)
    assert "s_1111111.css" not in {each.key for each in target._bucket.objects()}
    assert target.state().retired == {}
