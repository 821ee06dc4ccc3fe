"""Old anchors of renamed headings, from Git: the same whatever was known before."""

import random
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from prdgen.flows import clone as clones
from prdgen.flows import old_anchors, publish
from prdgen.settings import Settings

PAGE = "# Page\n\nAll about it.\n\n## {}\n\nWords that are said below the first.\n\n## {}\n\nOther things below.\n"


@pytest.fixture
def clone(repo):
    return clones.open_clone(Settings(repository=repo.path, site_url="https://site.test/"))


def led(clone, repo, branch="main"):
    return old_anchors.of(clone, branch, repo.git("rev-parse", branch))


def from_nothing(repo, folder):
    """A clone that knows nothing, at the same commit."""
    repo.git("clone", "-q", str(repo.path), str(folder))
    return clones.open_clone(Settings(repository=folder, site_url="https://site.test/"))


def html(clone, page="p"):
    data, _ = publish.published(clone).get(f"{page}/index.html")
    return data.decode()


def test_a_page_whose_heading_was_renamed_twice(clone, repo):
    """Both old anchors stand at the heading, in the page that is public; a removed one is nowhere."""
    repo.commit(p=PAGE.format("First", "Second"))
    publish.build(clone, repo.tip())
    repo.commit(p=PAGE.format("Erste", "Second"))
    publish.build(clone, repo.tip())
    repo.commit(p=PAGE.format("Primera", "Second").partition("## Second")[0])
    made = publish.build(clone, repo.tip())
    assert made.rendered == ("p.md",)
    start = '<h2 id="primera"><span id="erste"></span><span id="first"></span>Primera</h2>'
    assert start in html(clone)
    assert 'id="second"' not in html(clone)


def test_a_renamed_page_takes_its_old_anchors_along(clone, repo):
    """So that the old address with its old anchor is right, too."""
    repo.commit(p=PAGE.format("First", "Second"))
    repo.commit(p=PAGE.format("Erste", "Second"))
    publish.build(clone, repo.tip())
    repo.git("mv", "p.md", "uno.md")
    repo.commit(uno=PAGE.format("Erste", "Zweite"))
    publish.build(clone, repo.tip())
    assert 'id="first"' in html(clone, "uno")
    assert 'id="second"' in html(clone, "uno")


def test_a_branch_that_is_put_back(clone, repo):
    """Nothing of what is no longer there leads on, without reading all commits again."""
    repo.commit(p=PAGE.format("First", "Second"))
    repo.commit(p=PAGE.format("Erste", "Second"))
    repo.commit(p=PAGE.format("Primera", "Second"))
    assert led(clone, repo) == {"p.md": {"erste": "primera", "first": "primera"}}
    repo.git("reset", "-q", "--hard", "HEAD~1")
    assert led(clone, repo) == {"p.md": {"first": "erste"}}
    repo.git("reset", "-q", "--hard", "HEAD~1")
    assert led(clone, repo) == {}


def test_a_draft_has_those_of_main_up_to_where_it_began(clone, repo):
    """And its own. Main has none of them before it is merged."""
    repo.commit(p=PAGE.format("First", "Second"))
    repo.commit(p=PAGE.format("Erste", "Second"))
    repo.git("checkout", "-q", "-b", "draft")
    repo.commit(p=PAGE.format("Erste", "Zweite"))
    repo.git("checkout", "-q", "main")
    repo.commit(p=PAGE.format("Primera", "Second"))
    assert led(clone, repo, "draft") == {"p.md": {"first": "erste", "second": "zweite"}}
    assert led(clone, repo) == {"p.md": {"erste": "primera", "first": "primera"}}
    repo.git("merge", "-q", "draft", "--no-edit")
    assert led(clone, repo)["p.md"]["second"] == "zweite"


def test_what_is_kept_is_read_again(clone, repo, monkeypatch):
    """Another process begins with it; broken, it is found anew."""
    repo.commit(p=PAGE.format("First", "Second"))
    repo.commit(p=PAGE.format("Erste", "Second"))
    found = led(clone, repo)
    old_anchors._memory.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(old_anchors, "_from_all", None)
        assert led(clone, repo) == found
    kept = clone.state_dir / "anchors-main.json"
    for broken in (
        "",
        "{",
        "[]",
        '{"version": 1}',
        kept.read_text().replace("p.md", "two.md", 1)[:-9],
    ):
        kept.write_text(broken)
        old_anchors._memory.cache_clear()
        assert led(clone, repo) == found


def test_nobody_waits_for_a_long_history(clone, repo):
    """Who reads a page while all commits are looked at sees it without."""
    repo.commit(p=PAGE.format("First", "Second"))
    tip = repo.commit(p=PAGE.format("Erste", "Second"))
    with old_anchors._memory(clone.state_dir).lock:
        assert old_anchors.of_page(clone, "main", tip, "p.md") == {}
    assert old_anchors.of_page(clone, "main", tip, "p.md") == {"first": "erste"}


def test_an_anchor_is_forgotten_after_many_commits(clone, repo, monkeypatch, tmp_path):
    """In a clone that saw them all as in a new one."""
    monkeypatch.setattr(old_anchors, "WINDOW", 4)
    monkeypatch.setattr(old_anchors, "_READ", 5)
    seen = []
    for number in range(14):
        repo.commit(p=PAGE.format(f"First {number // 3}", "Second"))
        seen.append(led(clone, repo))
        assert seen[-1] == led(from_nothing(repo, tmp_path / f"c{number}"), repo)
    assert seen[-1] == {"p.md": {"first-3": "first-4"}}
    repo.git("reset", "-q", "--hard", "HEAD~3")
    assert led(clone, repo) == seen[-4]


WORDS = ("Goals", "Scope", "Notes", "Risks", "Flows", "Data")


def edited(rng, text):
    """A page with one of its parts renamed, removed, added, moved, or written anew."""
    parts = re.split(r"(?m)^(?=#)", text)[1:]
    place = rng.randrange(len(parts))
    kind = rng.choice(("rename", "rename", "rename", "remove", "add", "move", "body"))
    mark, body = parts[place].partition("\n")[::2]
    fresh = f"{'#' * rng.randint(1, 3)} {rng.choice(WORDS)} {rng.choice('ab')}\n"
    if kind == "rename":
        parts[place] = f"{mark.partition(' ')[0]} {rng.choice(WORDS)}\n{body}"
    elif kind == "remove" and len(parts) > 1:
        del parts[place]
    elif kind == "add":
        parts.insert(place, f"{fresh}\nSaid about {rng.choice(WORDS)} {rng.random()}.\n\n")
    elif kind == "move":
        parts.insert(rng.randrange(len(parts)), parts.pop(place))
    else:
        parts[place] = f"{mark}\n\nAnother body {rng.random()} is here.\n\n"
    return "".join(parts)


def step(rng, repo, number):
    """One commit: pages edited, one renamed, a branch merged, or the last commit amended."""
    pages = [f"page-{n}" for n in range(3)]
    path = repo.path / f"{rng.choice(pages)}.md"
    text = path.read_text() if path.exists() else PAGE.format("Goals", "Scope")
    kind = rng.choice(("edit", "edit", "edit", "edit", "swap", "side", "back"))
    if kind == "swap" and path.exists():
        other = repo.path / f"{rng.choice(pages)}.md"
        path.rename(other)
        text, path = edited(rng, text), other
    elif kind == "side":
        repo.git("checkout", "-q", "-b", f"side-{number}")
        repo.commit(**{path.stem: edited(rng, edited(rng, text))})
        repo.git("checkout", "-q", "main")
        repo.commit(other=f"# Other {number}\n")
        repo.git("merge", "-q", "--no-edit", f"side-{number}")
        return
    elif kind == "back" and number > 3:
        repo.git("reset", "-q", "--hard", "HEAD~1")
        text = path.read_text() if path.exists() else text
    repo.commit(**{path.stem: edited(rng, text)})


def ids(text):
    return Counter(re.findall(r'\bid="([^"]*)"', text))


@pytest.mark.parametrize("seed", range(3))
def test_each_commit_is_the_site_a_new_clone_gets(clone, repo, tmp_path, seed):
    """Byte for byte, after random edits of headings; no id stands twice in a page."""
    rng = random.Random(seed)
    for number in range(5):
        step(rng, repo, number)
        made = publish.build(clone, repo.tip()).manifest
        clean = publish.build(from_nothing(repo, tmp_path / f"c{number}"), repo.tip()).manifest
        kept = made.retired.keys()
        assert {path: n for path, n in made.files.items() if path not in kept} == dict(clean.files)
        assert made.pages == clean.pages
        for record in made.pages.values():
            counted = ids(html(clone, record.url.strip("/") or "."))
            assert [one for one, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("seed", range(10, 14))
def test_what_was_known_before_makes_no_difference(clone, repo, seed):
    """After many random commits, for main and for a branch that left it."""
    rng, seen = random.Random(seed), 0
    for number in range(25):
        step(rng, repo, number)
        found = led(clone, repo)
        assert found == old_anchors._from_all(clone, repo.tip()).trail.anchors
        seen += len(found)
        if number % 5 == 4:
            repo.git("branch", "-f", "draft", "HEAD~2")
            repo.git("checkout", "-q", "draft")
            step(rng, repo, 0)
            draft = repo.git("rev-parse", "HEAD")
            everything = old_anchors._from_all(clone, draft).trail.anchors
            assert old_anchors.of(clone, "draft", draft) == everything
            repo.git("checkout", "-q", "main")
    assert seen > 25


def test_two_processes_keep_what_they_found(clone, repo):
    """At once: what lies there afterwards can be read, and neither fails."""
    repo.commit(p=PAGE.format("First", "Second"))
    tip = repo.commit(p=PAGE.format("Erste", "Second"))
    known = old_anchors._from_all(clone, tip)
    with ThreadPoolExecutor(8) as threads:
        assert (
            list(threads.map(lambda _: old_anchors._save(clone, known), range(80))) == [None] * 80
        )
    assert old_anchors._loaded(clone).trail == known.trail
