"""A site brought up to date by what changed is the site a clean build gives, byte for byte."""

import io
import random
from dataclasses import replace

import pytest
from PIL import Image

from prdgen.builder import lists, navigation, render, site
from prdgen.builder.manifest import Difference
from prdgen.builder.publication import Site
from prdgen.builder.sources import Target
from prdgen.builder.standing import Touched

WORDS = (
    "zebra",
    "lion",
    "café",
    "REQ-1",
    "REQ-2",
    "[a](a.md)",
    "[[b]]",
    "![](img/x.png)",
    "![](../other/x.png)",
    "*so*",
)
FOLDERS = ("", "f/", "f/g/", "h/", "pages/")
NAMES = ("a", "b", "c", "index", "README", "p10", "p9", "Über")
MATTER = ("title: T{n}", "status: draft", "status: approved", "draft: true", "hidden: true", "weight: {n}",
          "unlisted: true", "tags: [x, t{n}]", "redirect_from: [/old{n}/]", "owner: o{n}", "owner: [Ann, o{n}]", "owner: ann", "status: Draft", "status: s{n}",
                    "description: d{n}", "sidebar_label: L{n}", "template: home.html", "search: {{exclude: true}}")  # fmt: skip


def png(width):
    """A small image of this width."""
    made = io.BytesIO()
    Image.new("1", (width, 3)).save(made, "PNG")
    return made.getvalue()


class Author:
    """Changes the texts and files of a team at random, and says what was touched."""

    def __init__(self, team, seed):
        self.team, self.pick = team, random.Random(seed)
        self.moved: dict[str, list[str]] = {}
        for number in range(9):
            self._page(number)

    def some(self):
        """One to three changes; the paths they touch."""
        changes = (
            self._page,
            self._page,
            self._page,
            self._retitle,
            self._delete,
            self._rename,
            self._file,
        )
        touched = set()
        for _ in range(self.pick.randint(1, 3)):
            touched |= self.pick.choice(changes)(self.pick.randrange(99))
        return touched

    def _page(self, number):
        path = f"site/{self.pick.choice(FOLDERS)}{self.pick.choice(NAMES)}.md"
        matter = self.pick.sample(MATTER, self.pick.randint(0, 3))
        lines = "\n".join(line.format(n=number) for line in matter)
        words = " ".join(self.pick.choices(WORDS, k=6))
        uses = f"- [REQ-{number % 4}] {words}\n" if number % 3 == 0 else ""
        self.team.pages[path] = f"---\n{lines}\n---\n# Page {number}\n\n{words}\n\n{uses}"
        return {path}

    def _retitle(self, number):
        path = self.pick.choice(sorted(self.team.pages))
        self.team.pages[path] = self.team.pages[path].replace("# ", f"# {number} ", 1)
        return {path}

    def _delete(self, _):
        path = self.pick.choice(sorted(self.team.pages))
        del self.team.pages[path]
        return {path}

    def _rename(self, number):
        path = self.pick.choice(sorted(self.team.pages))
        new = f"site/{self.pick.choice(FOLDERS)}n{number}.md"
        self.team.pages[new] = self.team.pages.pop(path)
        self.moved = {**self.moved, path: [new]}
        return {path, new}

    def _file(self, number):
        path = self.pick.choice(
            ("site/img/x.png", "site/f/img/x.png", "site/evil.svg", "other/x.png")
        )
        if self.pick.random() < 0.3:
            self.team.assets.pop(path, None)
        else:
            active = "onload='x()'" if number % 2 else f"width='{number + 1}' height='9'"
            self.team.assets[path] = (
                png(number + 1) if path.endswith(".png") and number % 5
                else f"<svg xmlns='http://www.w3.org/2000/svg' {active}>{number}</svg>".encode()
            )  # fmt: skip
        return {path}


def sources(team):
    """What a commit has now, by path."""
    pages, files = team.sources({})
    return {page.page_path: page for page in pages}, {file.path: file for file in files}


def update(team, works, touched, moved):
    """The next build, told only what was touched."""
    pages, files = sources(team)
    told = Touched(
        {path: pages.get(path) for path in touched if path.endswith(".md")},
        {path: files.get(path) for path in touched if not path.endswith(".md")},
    )
    return site.rebuild(works, told, target=team.target, previous=team.site.current(), moved=moved)


@pytest.mark.parametrize("seed", range(24))
def test_what_changed_is_enough(team, tmp_path, frame, seed, monkeypatch):
    """Random edits, title edits, renames, deletions and files: the same as from nothing, each time."""
    if seed % 2:
        # As if it were a large site.
        for module, name in (
            (lists, "_LONG"),
            (navigation, "_LARGE_SITE"),
            (navigation, "_LARGE_FOLDER"),
        ):
            monkeypatch.setattr(module, name, 3)
    if seed % 3 == 0:
        team.target = Target(branch="main")
    author = Author(team, seed)
    works = team.publish().works
    for step in range(8):
        touched = author.some()
        made = update(team, works, touched, author.moved)
        assert made.since[1] == Difference.between(team.site.current(), made.manifest)
        team.site.switch(made.manifest, since=made.since)
        works = made.works
        clean = Site(tmp_path / f"clean-{step}", tmp_path / f"public-{step}")
        pages, files = team.sources({})
        full = clean.publish(pages, files, frame=team.frame, target=team.target, moved=author.moved)
        kept = made.manifest.retired.keys()
        files = {path: name for path, name in made.manifest.files.items() if path not in kept}
        assert files == dict(full.manifest.files)
        assert made.manifest.pages == full.manifest.pages
        assert sorted(map(repr, made.problems)) == sorted(map(repr, full.problems))
    folder = team.site.public.resolve()
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == {path: team.site.store.get(name) for path, name in made.manifest.files.items()}


def test_an_edit_looks_at_one_page(team):
    """No other page is read, parsed or compared when a word changes."""
    team.publish(**{f"p{n:02}": "# P\n\nText.\n" for n in range(40)})
    works = team.publish().works
    team.pages["site/p20.md"] = "# P\n\nText.\n\nMore.\n"
    made = update(team, works, {"site/p20.md"}, None)
    assert made.rendered == ("site/p20.md",)
    assert set(made.changed) == {"p20.md", "p20/index.html"}


def test_works_of_another_build_are_not_believed(team):
    """Who published meanwhile, in another process, makes this one look at everything again."""
    built = team.publish(a="# A\n")
    team.site.keep_works(built.works)
    other = Site(team.site.state, team.site.public)
    pages, files = team.sources({"b": "# B\n"})
    other.publish(pages, files, frame=team.frame, target=team.target)
    assert team.site.take_works(team.frame.id, team.target) is None
    built = team.publish()
    team.site.keep_works(built.works)
    moved = replace(team.target, site_url="https://elsewhere.example/")
    assert team.site.take_works(team.frame.id, moved) is None
    team.site.keep_works(built.works)
    later = replace(team.target, commit="beef")
    assert team.site.take_works(team.frame.id, later) is built.works
    assert team.site.take_works(team.frame.id, later) is None


def test_a_wiki_link_turns_when_a_second_page_has_its_name(team):
    """`[[b]]` leads to the one page of that name, wherever it is, and to none of two."""
    works = team.publish(a="# A\n\n[[b]]\n", f__b="# B\n").works
    assert '<a href="../f/b/">' in team.read("a/index.html")
    team.pages["site/g/b.md"] = "# Another\n"
    made = update(team, works, {"site/g/b.md"}, None)
    team.site.switch(made.manifest)
    assert "site/a.md" in made.rendered
    assert '<a href="../f/b/">' not in team.read("a/index.html")


def test_a_changed_page_is_parsed_once(team, monkeypatch):
    """Its facts and its body come from one parse."""
    team.publish(a="# A\n")
    parsed, parse = [], render.parse
    monkeypatch.setattr(render, "parse", lambda *a, **k: parsed.append(a[0]) or parse(*a, **k))
    team.publish(a="# A\n\nMore.\n")
    assert parsed == ["site/a.md"]
