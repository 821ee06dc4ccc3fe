"""Entries of an index changed without Git: what Git finds in it afterwards is what it would have made."""

import os
import random
import subprocess
from copy import deepcopy
from pathlib import Path

import pytest

from prdgen.git import index, index_file, trees

from . import repos

NAMES = [
    "a.md",
    "a/b.md",
    "a/b/c.md",
    "a.b/c.md",
    "z/é 🙂.md",
    "z/" + "long" * 60 + ".md",
    "top.md",
]


def paths(repo) -> Path:
    return repo.path / ".git" / "index"


def patched(repo, old: str, new: str) -> bytes | None:
    """What `index_file` makes of the move."""
    tree = repo.opened.work_trees()[0]
    moves = trees.moved(repo.opened.libgit2, old, new)
    made = index_file.patched(repo.opened, tree, paths(repo), moves)
    return None if made is None else bytes(made)


@pytest.fixture
def many(tmp_path) -> repos.Repo:
    repo = repos.make(tmp_path / "many")
    repo.put({name: f"{name}\none\n" for name in NAMES})
    repo.commit("first")
    return repo


def moved_tip(repo, edits: dict[str, str]) -> tuple[str, str]:
    """Tip before and after a commit that touched neither index nor files."""
    old = repo.git("rev-parse", "main")
    env_index = str(repo.path / ".git" / "other-index")
    env = {**os.environ, "GIT_INDEX_FILE": env_index}

    def run(*words: str, data: str | None = None) -> str:
        done = subprocess.run(
            ["git", *words], cwd=repo.path, env=env, input=data, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return done.stdout.strip()

    run("read-tree", "main")
    for name, content in edits.items():
        blob = run("hash-object", "-w", "--stdin", data=content)
        run("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
    tree = run("write-tree")
    made = repo.git("commit-tree", tree, "-p", old, "-m", "moved")
    return old, made


def stages(repo, at: bytes | None = None) -> str:
    """All entries with what is noted of their files."""
    if at is not None:
        paths(repo).write_bytes(at)
    return repo.git("ls-files", "--stage", "--debug")


@pytest.mark.parametrize("seed", range(12))
def test_it_is_what_git_makes(many, seed, monkeypatch):
    """Same entries and same times and sizes, for pages whose file is written and others."""
    rng = random.Random(seed)
    edits = {name: f"{name}\n{rng.random()}\n" for name in rng.sample(NAMES, rng.randint(1, 5))}
    old, new = moved_tip(many, edits)
    many.put({name: text for name, text in edits.items() if rng.random() < 0.6})
    before = paths(many).read_bytes()
    ours = patched(many, old, new)
    assert ours is not None
    monkeypatch.setattr(index_file, "patched", lambda *_: None)
    with index.following(many.opened, "main", old, new):
        many.git("update-ref", "refs/heads/main", new)
    theirs = stages(many)
    assert stages(many, ours) == theirs
    assert before != ours


@pytest.mark.parametrize("seed", range(12))
def test_git_trusts_it(many, seed):
    """Status, the difference to the files, the trees of folders, and a commit by hand on top."""
    rng = random.Random(seed)
    for number in range(6):
        name = rng.choice(NAMES)
        text = f"{name}\n{number} {rng.random()}\n"
        if rng.random() < 0.7:
            many.put({name: text})
        many.save({name: text})
        assert many.git("diff", "--cached", "--raw") == ""
        assert many.git("write-tree") == many.git("rev-parse", "main^{tree}")
        many.put({name: text})
        assert many.git("diff", "--raw") == ""
        assert many.status() == ""
    many.put({"a/b/c.md": "by hand\n"})
    many.git("commit", "-qam", "By hand")
    assert many.git("show", "--format=", "--name-only") == "a/b/c.md"
    assert many.git("show", "main:a/b/c.md") == "by hand"
    many.git("fsck", "--strict")


@pytest.mark.parametrize("seed", range(8))
def test_what_is_remembered_of_an_index_is_what_stands_in_it(many, seed):
    """Versions, and between them whatever Git does to the index: as if nothing was remembered."""
    rng = random.Random(seed)
    names = list(NAMES)
    hits = 0
    for number in range(12):
        text = f"{number} {rng.random()}\n"
        name = rng.choice(names)
        match rng.randrange(6):
            case 0:
                names.append(f"{'n' * rng.randint(1, 30)}{number}.md")
                many.put({names[-1]: text})
                many.git("add", "-A")
                many.git("commit", "-qm", "More")
            case 1:
                many.put({name: text})
                many.git("add", name)
                many.git("commit", "-qm", "By hand")
            case 2:
                if len(names) > 3:
                    names.remove(name)
                    many.git("rm", "-qf", name)
                    many.git("commit", "-qm", "Less")
            case 3:
                many.put({name: text})
                many.save({name: text})
            case _:
                many.save({name: text})
        old, new = moved_tip(many, {rng.choice(names): f"next {text}"})
        known = index_file._known.get(paths(many))
        hits += known is not None and known.data == paths(many).read_bytes()
        before = deepcopy(index_file._known)
        one = patched(many, old, new)
        index_file._known.clear()
        assert patched(many, old, new) == one
        index_file._known.clear()
        index_file._known.update(before)
    assert hits > 2


def test_only_what_changed_loses_its_tree(many):
    """The trees Git noted for other folders stay, so its next commit need not make them anew."""
    many.git("write-tree")
    old, new = moved_tip(many, {"a/b/c.md": "new\n"})
    made = patched(many, old, new)
    noted = made[made.rindex(b"TREE") + 8 :]
    assert noted.startswith(b"\0-1 3\na\0-1 1\nb\0-1 0\n")
    assert b"z\x002 0\n" in noted
    assert b"a.b\x001 0\n" in noted


def test_a_change_in_the_second_of_the_index_is_seen(many):
    """Git trusts entries that are older than the index; ours is younger than the one before."""
    page, at = many.path / "top.md", 1_700_000_000_000_000_000
    many.git("update-index", "--refresh")
    os.utime(page, ns=(at, at))
    many.git("add", "--refresh", "top.md")
    os.utime(paths(many), ns=(at, at))
    page.write_text(page.read_text().replace("one", "two"))
    os.utime(page, ns=(at, at))
    old, new = moved_tip(many, {"a.md": "new\n"})
    many.put({"a.md": "new\n"})
    # Git compares the times of change as well, unless it is told not to.
    many.git("config", "core.trustctime", "false")
    assert stages(many, patched(many, old, new)).count("size: 0") == 1
    many.git("update-ref", "refs/heads/main", new)
    assert many.status() == " M top.md"


def split(repo) -> None:
    repo.git("update-index", "--split-index")


def version_four(repo) -> None:
    repo.git("update-index", "--index-version", "4")


def untracked_cache(repo) -> None:
    repo.git("update-index", "--force-untracked-cache")


def staged(repo) -> None:
    repo.put({"a.md": "staged\n"})
    repo.git("add", "a.md")


def assumed(repo) -> None:
    repo.git("update-index", "--assume-unchanged", "a.md")


def skipped(repo) -> None:
    repo.git("update-index", "--skip-worktree", "a.md")


def removed(repo) -> None:
    repo.git("rm", "-q", "--cached", "a.md")


def filtered(repo) -> None:
    repo.put({".git/info/attributes": "*.md filter=mine\n"})


def carriage(repo) -> None:
    repo.put({"a.md": "new\r\n"})


def broken(repo) -> None:
    data = bytearray(paths(repo).read_bytes())
    data[40] ^= 1
    paths(repo).write_bytes(data)


@pytest.mark.parametrize(
    "how",
    [
        split,
        version_four,
        untracked_cache,
        staged,
        assumed,
        skipped,
        removed,
        filtered,
        carriage,
        broken,
    ],
)
def test_what_is_unusual_is_left_to_git(many, how):
    """An index of another kind, and entries that are not as the commit had them."""
    old, new = moved_tip(many, {"a.md": "new\n"})
    assert patched(many, old, new) is not None
    how(many)
    assert patched(many, old, new) is None


def test_pages_that_come_or_go_are_left_to_git(many):
    """And one that is made a link."""
    old, new = moved_tip(many, {"fresh.md": "new\n"})
    assert patched(many, old, new) is None
    assert patched(many, new, old) is None


def test_a_conflict_is_left_to_git(many):
    """Its sides are three entries of one path."""
    blob = many.git("rev-parse", "main:a.md")
    lines = "".join(f"100644 {blob} {side}\ta.md\n" for side in (1, 2, 3))
    many.git("update-index", "--index-info", data=f"0 {'0' * 40}\ta.md\n{lines}")
    old, new = moved_tip(many, {"a.md": "new\n"})
    assert patched(many, old, new) is None


def test_an_index_without_checksum_stays_so(many):
    """`index.skipHash` saves Git the time."""
    many.git("config", "index.skipHash", "true")
    many.git("update-index", "--force-write-index")
    old, new = moved_tip(many, {"a.md": "new\n"})
    made = patched(many, old, new)
    had = paths(many).read_bytes()[-20:]
    assert (made[-20:] == bytes(20)) == (had == bytes(20))
    many.put({"a.md": "new\n"})
    paths(many).write_bytes(made)
    many.git("update-ref", "refs/heads/main", new)
    assert many.status() == ""


def test_a_file_behind_a_link_is_not_looked_at(many, tmp_path):
    """Git takes it for gone, and so the entry notes nothing of it."""
    old, new = moved_tip(many, {"a.b/c.md": "new\n"})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "c.md").write_text("new\n")
    (many.path / "a.b" / "c.md").unlink()
    (many.path / "a.b").rmdir()
    (many.path / "a.b").symlink_to(outside)
    listed = stages(many, patched(many, old, new))
    entry = listed.split("\ta.b/c.md\n")[1]
    assert "size: 0" in entry.split("\n100644")[0]


def test_attributes_that_come_with_a_page_are_left_to_git(many):
    """What they say of the page is not known before they stand in the index."""
    many.put({".gitattributes": "# nothing yet\n"})
    many.commit("attributes")
    (many.path / ".gitattributes").unlink()
    both = {".gitattributes": "*.md filter=mine\n", "a.md": "new\n"}
    old, new = moved_tip(many, both)
    assert patched(many, old, new) is None
    many.git("update-ref", "refs/heads/main", new)
    many.git("read-tree", "main")
    assert patched(many, *moved_tip(many, {"a.md": "newer\n"})) is None
