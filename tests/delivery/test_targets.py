"""What a folder and a bucket both do, as readers and as those who publish see it."""

import json
import os

import pytest

from prdgen import serving
from prdgen.delivery.errors import (
    BuildDamaged,
    FileGone,
    FolderRefused,
    NoSuchBuild,
    TargetGarbled,
    TargetNotOurs,
)
from prdgen.delivery.folder import FolderTarget

ONE = {"index_html": "INDEX home", "a__index_html": "PAGE a", "a_md": "FILE a",
       "site_1234567_css": "FIXED one"}  # fmt: skip


def texts(shop, build):
    return {path: shop.artifacts[file.name].decode() for path, file in build.files.items()}


def test_a_build_is_shown_as_it_is(shop, place):
    build = shop.build("c1", **ONE)
    done = place.target.publish(build, shop.read)
    assert place.shown() == texts(shop, build)
    assert (done.sent, set(done.changed)) == (4, {"index.html", "a/index.html", "a.md"})
    state = place.again().state()
    assert (state.current, [each.commit for each in state.builds]) == (build.id, ["c1"])


def test_the_same_again_is_nothing(shop, place):
    """Nothing is read, nothing is sent."""
    build = shop.build("c1", **ONE)
    place.target.publish(build, shop.read)
    shop.asked.clear()
    assert place.again().publish(build, shop.read, check=True).nothing
    assert shop.asked == []


def test_only_what_changed_is_sent(shop, place):
    """A page, and nothing that stands beside it."""
    place.target.publish(shop.build("c1", **ONE), shop.read)
    build = shop.build("c2", **ONE | {"a__index_html": "PAGE a, more"})
    shop.asked.clear()
    done = place.again().publish(build, shop.read)
    assert done.changed == ("a/index.html",)
    assert (done.sent, done.sent_bytes) == (1, len("PAGE a, more"))
    assert {shop.artifacts[name] for name in shop.asked} == {b"PAGE a, more"}
    assert place.shown() == texts(shop, build)


def test_a_page_that_goes_is_gone_and_what_it_was_drawn_with_stays(shop, place):
    """Open pages of the build before still find their style sheet."""
    place.target.publish(shop.build("c1", **ONE), shop.read)
    new = shop.build("c2", index_html="INDEX home", site_7654321_css="FIXED two")
    done = place.again().publish(new, shop.read)
    assert {"a/index.html", "a.md"} == set(done.gone)
    assert place.shown() == texts(shop, new) | {"site_1234567.css": "FIXED one"}


def test_going_back_and_forth(shop, place):
    """To the build before, to a named one, to a commit; nothing is sent for it."""
    one, two = shop.build("c1", **ONE), shop.build("c2", index_html="INDEX other")
    for build in (one, two):
        place.target.publish(build, shop.read)
    shop.asked.clear()
    done = place.again().roll_back("")
    assert (done.build, done.sent, set(done.changed) >= {"index.html", "a.md"}) == (one.id, 0, True)
    assert place.shown() == texts(shop, one)
    assert place.target.state().rolled_from == "c2"
    assert place.again().roll_back(two.id[:6]).build == two.id
    assert place.again().roll_back("c1").build == one.id
    assert shop.asked == []
    three = shop.build("c3", index_html="INDEX third")
    place.again().publish(three, shop.read)
    assert place.shown() == texts(shop, three) | {"site_1234567.css": "FIXED one"}
    assert place.target.state().rolled_from == ""


def test_there_is_no_build_to_go_back_to(shop, place):
    """Before the first one, or one that never was: said, and nothing is changed."""
    with pytest.raises(NoSuchBuild):
        place.target.roll_back("")
    build = shop.build("c1", **ONE)
    place.target.publish(build, shop.read)
    for name in ("", "nope"):
        with pytest.raises(NoSuchBuild):
            place.again().roll_back(name)
    assert place.shown() == texts(shop, build)


def test_so_many_builds_are_kept(shop, place):
    """The newest of each commit; the others' files are gone from the target."""
    place.target._keep = 2
    for number in range(4):
        for step in ("pages", "search"):
            build = shop.build(f"c{number}", index_html=f"INDEX {number} {step}")
            place.target.publish(build, shop.read, check=True)
    assert [each.commit for each in place.target.state().builds] == ["c3", "c2"]
    assert place.again().roll_back("c2").build
    assert place.shown() == {"index.html": "INDEX 2 search"}
    with pytest.raises(NoSuchBuild):
        place.again().roll_back("c0")


def test_what_somebody_else_changed_is_noticed_and_put_right(shop, place):
    """A changed, a deleted, and in a build that changes it too."""
    build = shop.build("c1", **ONE)
    place.target.publish(build, shop.read)
    place.meddle("a/index.html", "PAGE b")
    place.meddle("a.md", None)
    done = place.again().publish(build, shop.read, check=True)
    assert done.mended == ("a.md", "a/index.html")
    assert place.shown() == texts(shop, build)
    place.meddle("index.html", "defaced")
    new = shop.build("c2", **ONE | {"index_html": "INDEX new"})
    assert place.again().publish(new, shop.read, check=True).changed == ("index.html",)
    assert place.shown() == texts(shop, new)


def test_what_is_not_ours_is_left_alone(shop, place):
    """A folder or bucket with something in it is not published to."""
    if hasattr(place.target, "_bucket"):
        place.meddle("mine.txt", "mine")
    else:
        place.target._path.mkdir(parents=True)
        (place.target._path / "mine.txt").write_text("mine")
    for call in (place.target.state, lambda: place.target.publish(shop.build("c"), shop.read)):
        with pytest.raises(TargetNotOurs, match=r"mine\.txt"):
            call()


def test_looking_changes_nothing(shop, place):
    """What would be done is what is done then."""
    build = shop.build("c1", **ONE)
    planned = place.target.plan(build)
    assert place.target.state() is None
    done = place.target.publish(build, shop.read)
    assert (planned.sent, planned.changed, planned.gone) == (done.sent, done.changed, done.gone)
    new = shop.build("c2", index_html="INDEX home, more")
    before = place.shown()
    planned = place.again().plan(new)
    assert place.shown() == before
    done = place.again().publish(new, shop.read)
    assert (planned.sent, planned.changed, planned.gone) == (done.sent, done.changed, done.gone)


def test_a_file_that_is_missing_stops_it_before_readers_notice(shop, place):
    """The old site stays whole, and the next build goes through."""
    build = shop.build("c1", **ONE)
    place.target.publish(build, shop.read)
    broken = shop.build("c2", **ONE | {"index_html": "INDEX x", "a_md": "FILE y"})
    del shop.artifacts[broken.files["a.md"].name]
    with pytest.raises(FileGone, match=r"a\.md"):
        place.again().publish(broken, shop.read)
    assert place.shown() == texts(shop, build)
    good = shop.build("c3", **ONE | {"index_html": "INDEX z"})
    place.again().publish(good, shop.read)
    assert place.shown() == texts(shop, good)


def test_a_kept_build_that_is_not_whole_is_not_gone_back_to(shop, place):
    """Its name is said; the public one stays."""
    one, two = shop.build("c1", **ONE), shop.build("c2", index_html="INDEX other")
    for build in (one, two):
        place.target.publish(build, shop.read)
    if hasattr(place.target, "_bucket"):
        bucket = place.target._bucket
        bucket.delete([e.key for e in bucket.objects() if "/objects/" in e.key])
    else:
        (place.target._path / "builds" / one.id / "a.md").unlink()
    with pytest.raises(BuildDamaged, match=one.id):
        place.again().roll_back("")
    assert place.shown()["index.html"] == "INDEX other"


def test_a_state_that_nobody_understands_is_said(shop, place):
    """Of a newer prdgen, or broken: nothing is written over it."""
    place.target.publish(shop.build("c1", **ONE), shop.read)
    for data in (b"{", b'{"version": 9}', b"[]", b'{"version": 1, "x": 2}'):
        if hasattr(place.target, "_bucket"):
            place.target._bucket.put(".prdgen/state.json", data)
        else:
            (place.target._home / "state.json").write_bytes(data)
        with pytest.raises(TargetGarbled):
            place.again().publish(shop.build("c2", index_html="INDEX"), shop.read)
    assert place.shown()["a/index.html"] == "PAGE a"


def test_a_lost_list_of_the_public_build_is_made_anew(shop, place):
    """All is sent again, and what an older build had goes."""
    for build in (shop.build("c0", old_html="PAGE old"), shop.build("c1", **ONE)):
        place.target.publish(build, shop.read)
    current = place.target.state().current
    if hasattr(place.target, "_bucket"):
        place.target._bucket.put(f".prdgen/builds/{current}.json.gz", b"nonsense")
    else:
        (place.target._home / "builds" / f"{current}.json.gz").write_bytes(b"nonsense")
    new = shop.build("c2", **ONE | {"index_html": "INDEX new"})
    place.again().publish(new, shop.read)
    assert place.shown() == texts(shop, new)


def test_what_changed_is_remembered_until_the_cdn_was_told(shop, place):
    """Over several builds; only what it was told of is forgotten."""
    place.target.publish(shop.build("c1", **ONE), shop.read)
    place.again().told(place.again().state().purge)
    changed = ONE | {"a_md": "FILE b"}
    place.again().publish(shop.build("c2", **changed), shop.read)
    told = place.again().state().purge
    place.again().publish(shop.build("c3", **changed | {"index_html": "INDEX c"}), shop.read)
    assert set(place.again().state().purge) == {"a.md", "index.html"}
    place.again().told(told)
    assert set(place.again().state().purge) == {"index.html"}


def test_what_changes_again_while_the_cdn_is_told_is_told_again(shop, place):
    """The answer to what was asked before says nothing of what came after it."""
    place.target.publish(shop.build("c1", **ONE), shop.read)
    told = place.again().state().purge
    place.again().publish(shop.build("c2", **ONE | {"a_md": "FILE b"}), shop.read)
    place.again().told(told)
    assert set(place.again().state().purge) == {"a.md"}
    place.again().told(place.again().state().purge)
    assert not place.again().state().purge


def test_a_target_of_earlier_days_is_gone_on_with(shop, place):
    """Its state has no turns of what the CDN was not told of."""
    place.target.publish(shop.build("c1", **ONE), shop.read)
    state = place.again().state()
    old = json.loads(state.packed()) | {"purge": ["a.md", "gone.html"]}
    if hasattr(place.target, "_bucket"):
        place.target._bucket.put(".prdgen/state.json", json.dumps(old).encode())
    else:
        (place.target._home / "state.json").write_text(json.dumps(old))
    place.again().publish(shop.build("c2", **ONE | {"a_md": "FILE b"}), shop.read)
    noted = place.again().state().purge
    assert set(noted) == {"a.md", "gone.html"}
    place.again().told(noted)
    assert not place.again().state().purge


def test_each_version_in_a_folder_has_a_later_second(shop, tmp_path):
    """A server that tells versions apart by time, in seconds, never takes a new one for the one before."""
    target, seconds = FolderTarget(tmp_path / "site", keep=3, keep_seconds=60.0), []
    for number in range(4):
        target.publish(shop.build(f"c{number}", index_html=f"INDEX {number}"), shop.read)
        seconds.append(int((tmp_path / "site" / "current" / "index.html").stat().st_mtime))
    assert sorted(set(seconds)) == seconds


def test_a_version_that_was_left_half_way_has_a_later_second(shop, tmp_path, monkeypatch):
    """Killed when the file was there and its time not yet set."""
    target = FolderTarget(tmp_path / "site", keep=3, keep_seconds=60.0)
    shown = tmp_path / "site" / "current" / "index.html"
    target.publish(shop.build("c1", index_html="INDEX 1"), shop.read)
    second = shown.stat().st_mtime
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(serving, "be_newer", killed)
        target.publish(shop.build("c2", index_html="INDEX 2"), shop.read)
    (left,) = (tmp_path / "site" / "builds").glob(".*.new/index.html")
    os.utime(left, (second, second))
    target.publish(shop.build("c2", index_html="INDEX 2"), shop.read)
    assert shown.read_text() == "INDEX 2"
    assert int(shown.stat().st_mtime) > int(second)


class Killed(BaseException):
    """The process was ended."""


def killed(*_):
    raise Killed


def test_a_build_that_is_published_again_has_later_seconds(shop, tmp_path):
    """Main went back to a commit: its files are new to readers; builds that share them stay whole."""
    target = FolderTarget(tmp_path / "site", keep=9, keep_seconds=60.0)
    shown = tmp_path / "site" / "current" / "index.html"
    builds = [shop.build(f"c{n}", index_html=text, a_html=f"PAGE {n}")
              for n, text in enumerate(("INDEX 1", "INDEX 1", "INDEX 2"))]  # fmt: skip
    for build in builds:
        target.publish(build, shop.read)
    second = int(shown.stat().st_mtime)
    target.publish(builds[1], shop.read)
    assert shown.read_text() == "INDEX 1"
    assert int(shown.stat().st_mtime) > second
    target.roll_back(builds[0].id)
    assert shown.read_text() == "INDEX 1"


def test_names_of_every_kind(shop, place):
    """Blanks, signs, emoji, right-to-left: each at its own address."""
    build = shop.build("c1")
    build.files.update({f"{name}/index.html": shop.file(f"PAGE {name}")
                        for name in ("a b", "a#b", "100%", "q?x=1", "🙂", "שלום", "a+b", "ä", "%41")})  # fmt: skip
    place.target.publish(build, shop.read)
    assert place.shown() == texts(shop, build)
    assert place.again().publish(build, shop.read, check=True).nothing


def test_what_the_system_says_of_a_folder_is_said_in_words(shop, tmp_path):
    """A full disk, a folder of somebody else: an error that is tried again and can be shown."""
    (tmp_path / "file").write_text("in the way")
    target = FolderTarget(tmp_path / "file" / "site", keep=3, keep_seconds=60.0)
    with pytest.raises(FolderRefused, match="file") as caught:
        target.publish(shop.build("c1", **ONE), shop.read)
    assert caught.value.retryable


def test_killed_between_the_link_and_the_list(shop, tmp_path):
    """The build that readers see is listed, can be gone back from, and one that was gone back from is
    not published again.
    """
    target = FolderTarget(tmp_path / "site", keep=3, keep_seconds=60.0)
    first, second = shop.build("c1", **ONE), shop.build("c2", **ONE | {"index_html": "INDEX new"})
    target.publish(first, shop.read)
    before = (target._home / "state.json").read_bytes()
    target.publish(second, shop.read)
    (target._home / "state.json").write_bytes(before)
    state = target.state()
    assert (state.current, state.before.id) == (second.id, first.id)
    target.publish(second, shop.read)
    before = (target._home / "state.json").read_bytes()
    target.roll_back("")
    (target._home / "state.json").write_bytes(before)
    assert target.state().rolled_from == "c2"


@pytest.mark.parametrize("files", [1, 2, 3])
def test_killed_while_a_kept_build_is_published_again(shop, tmp_path, monkeypatch, files):
    """It stays whole for whoever goes back to it, and what somebody changes there later is noticed."""
    target = FolderTarget(tmp_path / "site", keep=9, keep_seconds=60.0)
    builds = [
        shop.build(f"c{n}", index_html=f"INDEX {n}", a_html=f"PAGE {n}", b_html=f"PAGE b {n}",
                   c_html="PAGE one for all")
        for n in (1, 2)
    ]  # fmt: skip
    for build in builds:
        target.publish(build, shop.read)
    steps = []

    def ended(*_):
        steps.append(1)
        if len(steps) == files:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(serving, "be_newer", ended)
        target.publish(builds[0], shop.read)
    target.roll_back(builds[0].id)
    shown = tmp_path / "site" / "current"
    assert (shown / "index.html").read_text() == "INDEX 1"
    assert (shown / "a.html").read_text() == "PAGE 1"
    assert not target.plan(builds[0]).sent
    os.utime(shown / "a.html", (1, 1))
    assert target.plan(builds[0]).sent == 1
    target.publish(builds[1], shop.read)
    target.publish(builds[0], shop.read)
    target.roll_back(builds[1].id)
