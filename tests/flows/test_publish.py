"""A commit published after another one: the same site as from nothing, looking at what changed."""

import gzip
import subprocess
import sys
import time

import pytest

from prdgen.builder import crew, errors, site
from prdgen.builder.publication import Site
from prdgen.flows import clone as clones
from prdgen.flows import publish, servers
from prdgen.settings import Settings

from git import repos  # isort: skip

CONFIG = "site_name: S\ndocs_dir: .\nnav:\n  - one.md\n  - missing.md\n"


def _merge(repo):
    repo.git("checkout", "-qb", "side")
    repo.commit(side="# Side\n")
    repo.git("checkout", "-q", "main")
    repo.commit(other="# O\n\nmain\n")
    repo.git("merge", "-q", "--no-edit", "side")


STEPS = (
    ("a word", lambda repo: repo.commit(one="# One\n\nmore\n")),
    ("a title", lambda repo: repo.commit(other="# Another\n")),
    ("new pages", lambda repo: repo.commit(f__a="# A\n\n[B](b.md)\n", f__b="---\ntags: [x]\n---\n# B\n")),
    ("an image", lambda repo: (repo.put({"f/i.png": b"\x89PNG"}), repo.commit(f__a="# A\n\n![](i.png)\n"))),
    ("a rename", lambda repo: (repo.git("mv", "one.md", "uno.md"), repo.commit())),
    ("a draft", lambda repo: repo.commit(f__b="---\ndraft: true\n---\n# B\n\nunpublishable\n")),
    ("a configuration", lambda repo: (repo.put({"mkdocs.yml": CONFIG}), repo.commit())),
    ("a page that nav names", lambda repo: repo.commit(missing="# Here\n")),
    ("a deletion", lambda repo: (repo.git("rm", "-q", "f/a.md"), repo.commit())),
    ("two commits", lambda repo: (repo.commit(other="# O\n"), repo.commit(other="# O\n\nw\n", uno="# U\n"))),
    ("a merge", _merge),
    ("another line", lambda repo: (repo.git("reset", "-q", "--hard", "HEAD~3"), repo.commit(x="# X\n"))),
    ("nothing", lambda repo: repo.commit()),
)  # fmt: skip


@pytest.fixture
def clone(repo):
    return clones.open_clone(Settings(repository=repo.path, site_url="https://site.test/"))


def from_nothing(repo, folder):
    """What a clone that never built anything makes of the same commit."""
    other = repos.Repo(folder)
    repo.git("clone", "-q", str(repo.path), str(folder))
    clone = clones.open_clone(Settings(repository=other.path, site_url="https://site.test/"))
    return publish.build(clone, repo.tip())


def test_each_commit_is_the_site_a_new_clone_gets(clone, repo, tmp_path):
    """Byte for byte, with the same problems; whatever was done to the branch."""
    publish.build(clone, repo.tip())
    for number, (name, step) in enumerate(STEPS):
        step(repo)
        made = publish.build(clone, repo.tip())
        clean = from_nothing(repo, tmp_path / f"clone-{number}")
        kept = made.manifest.retired.keys()
        files = {path: n for path, n in made.manifest.files.items() if path not in kept}
        assert files == dict(clean.manifest.files), name
        assert made.manifest.pages == clean.manifest.pages, name
        assert sorted(map(repr, made.problems)) == sorted(map(repr, clean.problems)), name
        assert publish.published(clone).current() == made.manifest


def test_a_commit_after_another_looks_at_what_changed(clone, repo, monkeypatch):
    """Nothing lists the repository, and no other page is read."""
    publish.build(clone, repo.tip())
    tip = repo.commit(one="# One\n\nmore\n")
    monkeypatch.setattr(site, "build", None)
    monkeypatch.setattr(type(clone.repository), "files", None)
    assert publish.build(clone, tip).rendered == ("one.md",)


def test_what_another_process_published_is_seen(clone, repo, tmp_path):
    """Two processes publish in turns: neither goes on from what it remembers."""
    publish.build(clone, repo.tip())
    other = Site(clone.state_dir / "site", clone.public_dir)
    theirs = repo.commit(other="# Theirs\n")
    publish._built(clone, theirs, other, None, clean=False)
    other.switch(publish._built(clone, theirs, other, None, clean=False).manifest)
    made = publish.build(clone, repo.commit(one="# Ours\n"))
    clean = from_nothing(repo, tmp_path / "clone")
    assert dict(made.manifest.files) == dict(clean.manifest.files)


def test_a_build_that_failed_is_forgotten(clone, repo, monkeypatch, tmp_path):
    """Half a change is in nobody's memory: the next build begins from what is on disk."""
    publish.build(clone, repo.tip())
    tip = repo.commit(one="# Uno\n", other="# Otro\n")
    with monkeypatch.context() as patch:
        patch.setattr(site.Works, "redirects", None)
        with pytest.raises(TypeError):
            publish.build(clone, tip)
    made = publish.build(clone, tip)
    clean = from_nothing(repo, tmp_path / "clone")
    assert dict(made.manifest.files) == dict(clean.manifest.files)


def test_a_build_beside_a_server_is_the_servers(clone, repo):
    """`prdgen build` in the clone that is served renders nothing anew, and its pages lead to the server;
    without one there is nowhere to lead.
    """
    page = clone.public_dir / "one" / "index.html"
    with servers.joined(clone.state_dir, clone.settings, "http://127.0.0.1:1"):
        publish.build(clone, repo.tip())
        assert publish.finish(clone, repo.tip()).rendered == ()
        assert "edit/main/one.md" in page.read_text()
    publish.finish(clone, repo.tip())
    assert "edit/main/one.md" not in page.read_text()


def test_twins_are_made_when_they_are_asked_for(clone, repo):
    """Nothing waits for compressing otherwise, and no old twin is left beside a newer file."""
    tip = repo.commit(one="# One\n" + "many words " * 100)
    page = clone.public_dir / "one" / "index.html"
    packed = page.with_name("index.html.gz")
    publish.finish(clone, tip)
    assert page.exists()
    assert not list(clone.public_dir.resolve().rglob("*.br"))
    assert publish.finish(clone, tip, twins=True).rendered == ()
    assert gzip.decompress(packed.read_bytes()) == page.read_bytes()
    publish.finish(clone, repo.commit(one="# Uno\n" + "many words " * 100))
    assert "Uno" in page.read_text()
    assert not packed.exists()
    publish.improve(clone)
    assert gzip.decompress(packed.read_bytes()) == page.read_bytes()


def test_the_pages_of_a_first_build_are_read_while_the_frame_is_drawn(clone, repo, monkeypatch):
    repo.commit(**{f"page{number}": f"# Page {number}\n" for number in range(100)})
    order, drawn = [], publish.draw
    for name in ("begin", "made"):
        method = getattr(crew.Crew, name)
        monkeypatch.setattr(
            crew.Crew,
            name,
            lambda *args, name=name, method=method: order.append(name) or method(*args),
        )
    monkeypatch.setattr(publish, "draw", lambda *args: order.append("draw") or drawn(*args))
    assert len(publish.build(clone, repo.tip()).rendered) == 102
    assert order[:3] == ["begin", "draw", "made"]


def test_a_frame_that_cannot_be_drawn_ends_the_reading_at_once(clone, repo):
    """What is wrong with mkdocs.yml is said while the children read, and nobody waits for them."""
    long = "# A\n\n" + "Word *word* `word`.\n\n" * 1_000
    repo.commit(**{f"page{number}": f"{long}{number}\n" for number in range(100)})
    repo.put({"mkdocs.yml": "site_name: [\n"})
    tip, began = repo.commit(), time.monotonic()
    with pytest.raises(errors.BadSiteConfig):
        publish.build(clone, tip)
    failed = time.monotonic() - began
    repo.put({"mkdocs.yml": CONFIG})
    publish.build(clone, repo.commit())
    assert failed < (time.monotonic() - began - failed) / 2


def test_a_build_loads_nothing_of_a_server():
    """Database, jobs and forge take as long to import as all the rest, and a build needs none."""
    said = "import sys, prdgen.flows.publish; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", said], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()
    assert "prdgen.builder.site" in loaded
    assert not {"psycopg", "redis", "procrastinate", "httpx", "httpx2", "starlette"} & set(loaded)
