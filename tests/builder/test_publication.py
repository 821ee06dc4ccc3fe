"""Switching: a reader never sees a half-built site, whatever is killed when."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from prdgen.builder import artifacts, errors, publication, search, search_parts, site, switch


def test_public_is_a_whole_build_for_any_server(team):
    """The public folder itself can be served: files, not links to links."""
    team.publish(a="# A\n")
    assert team.site.public.is_symlink()
    assert (team.site.public / "a" / "index.html").is_file()
    assert not team.site.public.readlink().is_absolute()


def test_each_version_has_a_later_second(team):
    """Of a page published twice in one second, also with the bytes it had before: a server that tells
    versions apart by time, in seconds, never takes a newer one for the one that a browser has.
    """
    page, seconds = team.site.public / "a" / "index.html", []
    twin = page.with_name("index.html.gz")
    team.publish(a="# A\n", b="# B\n")
    for text in ("# One\n", "# Two\n", "# One\n", "# Six\n"):
        team.publish(a=text + "word " * 500)
        seconds.append((int(page.stat().st_mtime), twin.exists() and int(twin.stat().st_mtime)))
        before = page.stat().st_mtime_ns
        team.publish(b=f"# B\n\n{text[2:]}")
        assert page.stat().st_mtime_ns == before
    pages, twins = zip(*seconds, strict=True)
    assert sorted(set(pages)) == list(pages)
    assert sorted(set(twins)) == list(twins)


def test_a_later_second_stays(tmp_path):
    """Making the same bytes again does not put an artifact back to now."""
    store = artifacts.Artifacts(tmp_path)
    path = store.path(store.put(b"bytes"))
    later = int(time.time()) + 5
    os.utime(path, (later, later))
    store.put(b"bytes")
    assert path.stat().st_mtime == later
    os.utime(path, (1, 1))
    store.put(b"bytes")
    assert path.stat().st_mtime > later - 60


def test_switch_is_one_step(team, monkeypatch):
    """When preparing fails half way, the public site is the old one, whole."""
    team.publish(a="# Old\n")
    calls = iter(range(100))

    def fails(*args, link=os.link, **options):
        if next(calls) == 2:
            raise KeyboardInterrupt
        link(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(switch.os, "link", fails)
        with pytest.raises(KeyboardInterrupt):
            team.publish(a="# New\n", b="# B\n", c="# C\n")
    assert "Old" in team.read("a/index.html")
    assert not (team.site.public / "b").exists()
    team.publish()
    assert "New" in team.read("a/index.html")


def test_killed_build_leaves_the_old_site_whole(team, tmp_path, run_dir):
    """`kill -9` of a process that builds and switches, again and again: always a whole site."""
    team.publish(a="# Page\n", b="# Page\n")
    code = textwrap.dedent(f"""
        import itertools, pathlib
        from prdgen.builder import frame, publication, sources
        drawn = frame.draw(None, {{}}, pathlib.Path({str(run_dir / "frames")!r}))
        site = publication.Site(pathlib.Path({str(team.site.state)!r}), pathlib.Path({str(team.site.public)!r}))
        print("ready", flush=True)
        for n in itertools.count():
            text = f"# Page\\n\\nnumber {{n}}\\n"
            pages = [sources.PageSource.of(f"site/{{name}}.md", text) for name in "ab"]
            site.publish(pages, [], frame=drawn, target=sources.Target())
    """)
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        child.stdout.readline()
        child.stdout.close()
        seen = set()
        while len(seen) < 3:
            shown = team.site.public.lstat().st_ctime_ns
            folder = team.site.public.resolve()
            numbers = {
                (folder / name).read_text().rpartition("number")[2] for name in ("a.md", "b.md")
            }
            if team.site.public.lstat().st_ctime_ns == shown:
                assert len(numbers) == 1
                seen |= numbers
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert team.read("a.md") == team.read("b.md")
    team.publish()
    assert team.read("a.md") == "# Page\n"


def test_folder_with_files_of_others_is_left_alone(team):
    """A `public` folder that somebody filled is never replaced."""
    team.site.public.mkdir()
    (team.site.public / "mine.txt").write_text("mine")
    with pytest.raises(errors.PublicNotOurs):
        team.publish()
    assert (team.site.public / "mine.txt").read_text() == "mine"


def test_broken_manifest_is_built_again(team):
    """The manifest is a cache: a broken one costs a full build, nothing else."""
    team.publish(a="# A\n")
    for path in team.site.state.glob("published.db*"):
        path.unlink()
    (team.site.state / "published.db").write_bytes(b"{" * 9000)
    built = team.publish()
    assert len(built.rendered) == 2


def test_manifest_survives_the_process(team):
    """Another process finds what this one published and renders nothing again."""
    team.publish(a="# A\n\n- [REQ-1] x\n")
    again = type(team.site)(team.site.state, team.site.public)
    assert again.current() == team.site.current()


def test_a_build_that_was_overtaken_is_not_switched_to(team):
    """It is decided while nobody else can switch: the newer build stays, whoever waited for whom."""
    old = team.publish(a="# Old\n").manifest
    late, done = site.with_search(old, {}, old), []
    new = team.publish(a="# New\n").manifest
    team.site.switch(old)
    other = type(team.site)(team.site.state, team.site.public)
    with team.site._switch.alone():
        waiting = threading.Thread(
            target=lambda: done.append(other.switch(late, when=lambda now: now.id == old.id))
        )
        waiting.start()
        team.site._show(new)
    waiting.join()
    assert done == [False]
    assert team.site.current().id == new.id
    assert "New" in (team.site.public / "a/index.html").read_text()


def test_search_and_twins_step_back_for_a_build(team, monkeypatch):
    """Somebody waits for what is being built, and nobody for them; a build that hangs is not waited for."""
    team.publish(a="# A\n" + "word " * 400)
    page = team.site.current().files["a/index.html"]
    asked, real = [], search.Index._ask
    monkeypatch.setattr(search.Index, "_ask", lambda *a, **_: asked.append(a) or real(*a, **_))
    improving = threading.Thread(target=team.site.improve)
    with team.site.building():
        improving.start()
        improving.join(1)
        assert improving.is_alive()
        assert not asked  # not even that Pagefind starts
        assert not team.site.store.path(page, "gz").exists()
    improving.join(30)
    assert (team.site.public / "a/index.html.br").exists()
    assert team.site.current().search
    monkeypatch.setattr(publication, "_GIVE_WAY", 0.3)
    team.publish(**{f"p{n}": f"# P{n}\n" + "word " * 400 for n in range(30)})
    with team.site.building():
        team.site.improve()
    assert (team.site.public / "p29/index.html.br").exists()


def test_compressed_twins_never_lag(team):
    """The .br, .zst and .gz beside a page are of that page, also after the next edit."""
    team.publish(a="# A\n" + "word " * 400)
    team.site.improve()
    assert (team.site.public / "a/index.html.br").exists()
    team.publish(**{f"p{n}": "# P\n" for n in range(30)}, a="# A\n" + "other " * 400)
    assert not (team.site.public / "a/index.html.br").exists()
    team.site.improve()
    import gzip

    from backports import zstd

    data, name = team.site.get("a/index.html", "gz")
    assert b"other" in gzip.decompress(data)
    assert gzip.decompress(data) == zstd.decompress(team.site.get("a/index.html", "zst")[0])
    assert name == team.site.current().files["a/index.html"]


def test_markdown_has_the_twin_that_every_program_knows(team):
    """A page's source is gzip beside itself and nothing else, also where an older version of prdgen had
    made more, which would lag behind one day.
    """
    team.publish(a="# A\n" + "word " * 400)
    team.site.improve()
    beside = {path.name for path in team.site.public.glob("a.md*")}
    assert beside == {"a.md", "a.md.gz"}
    name = team.site.current().files["a.md"]
    team.site.store.compress(name, ("gz", "br"))
    team.site.store.path(name, "br").unlink()
    team.site.store.path(name, "br").write_bytes(b"old")
    for slot in (team.site.state / "slots").glob("?"):
        (slot / "a.md.br").write_bytes(b"old")
    for text in ("# B\n", "# C\n"):
        team.publish(b=text)
        team.site.improve()
    team.publish(a="# A\n" + "other " * 400)
    team.site.improve()
    assert {path.name for path in team.site.public.glob("a.md*")} == {"a.md", "a.md.gz"}


def test_old_artifacts_stay_longer_than_any_cache(team):
    """What no build names is swept after two hours, not before."""
    old = team.publish(a="# Old\n").manifest.files["a/index.html"]
    team.publish(a="# New\n")
    store = team.site.store
    files = team.site.current().files.values()
    assert store.sweep(files) == 0
    assert store.get(old)
    import time

    assert store.sweep(files, now=time.time() + artifacts.KEEP_SECONDS + 60) > 0
    assert store.get(old) is None
    assert all(store.get(name) is not None for name in files)


def test_theme_files_of_the_last_build_can_still_be_asked_for(team):
    """An open page of the last build still finds its style sheet."""
    built = team.publish(a="# A\n")
    theme = {"assets/old.css": team.site.store.put(b"old")}
    files = dict(built.manifest.files) | theme
    previous = site.Manifest(files=files, pages=built.manifest.pages, theme=theme)
    kept = site.with_search(built.manifest, {}, previous)
    assert "assets/old.css" in kept.files
    assert kept.retired["assets/old.css"][0] == files["assets/old.css"]


def test_artifacts_are_immutable(team):
    """A public file is a hard link to an artifact nobody may write into."""
    team.publish(a="# A\n")
    assert (team.site.public / "a.md").stat().st_mode & 0o222 == 0


class WaitsForPages(search_parts.Parts):
    """An index that is made once the pages lie in their slot."""

    def files(self, pages, known, made_from):
        slot, deadline = self._state.parent / "slots" / "a", time.monotonic() + 30
        while not (slot / "long" / "index.html.zst").exists():
            assert time.monotonic() < deadline, "the slot waits for the index"
            time.sleep(0.01)
        assert not self._state.parent.parent.joinpath("public").exists()
        return super().files(pages, known, made_from)


def test_a_first_site_is_laid_out_while_its_search_index_is_made(team):
    """And nothing of what a killed build left in the slot is in it."""
    left = team.site.state / "slots" / "a" / "left" / "index.html"
    left.parent.mkdir(parents=True)
    left.write_text("from a build that was killed")
    texts = {f"p{n}": f"# P {n}\n" for n in range(5)} | {"long": "# L\n" + "word " * 400}
    with WaitsForPages(team.site.store, team.site.state / "search") as index:
        built = team.build(**texts, index=index)
        shown = team.site.finish(built.manifest, index, twins=True)
    assert shown.search
    found = {
        path.relative_to(team.site.public.resolve()).as_posix()
        for path in team.site.public.resolve().rglob("*")
        if path.is_file() and path.suffix not in {".gz", ".br", ".zst"}
    }
    assert found == shown.files.keys()
    for path, name in shown.files.items():
        assert (team.site.public / path).read_bytes() == team.site.store.get(name)
    # The next one finds the slots as the ledger has them.
    team.publish(p1="# Other\n")
    team.publish(p2="# Other\n")
    assert "Other" in team.read("p1/index.html")
    assert "Other" in team.read("p2/index.html")


def test_a_site_prepared_for_nothing_is_not_taken_for_another(team):
    """When its index fails, the next first site begins with an empty slot."""
    built = team.build(one="# One\n")
    with search_parts.Parts(team.site.store, team.site.state / "search") as index:
        index.files = None
        with pytest.raises(TypeError):
            team.site.finish(built.manifest, index)
    del team.pages["site/one.md"]
    with team.site.index() as index:
        team.site.finish(team.build(two="# Two\n", index=index).manifest, index)
    assert not (team.site.public / "one").exists()
    assert "Two" in team.read("two/index.html")
