"""What differs between two commits, found without looking into what is the same."""

from __future__ import annotations

import random
import shutil
import subprocess

import pytest

from prdgen.git import trees

from .repos import make


def told(repo, old, new):
    """The same, as Git tells it."""
    printed = repo.git("diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index", old, new)
    parts = printed.strip("\0").split("\0")
    rows = {}
    for facts, path in zip(parts[::2], parts[1::2], strict=True):
        was, now, before, after, _ = facts.lstrip(":").split()
        sides = [(int(mode, 8), blob) for mode, blob in ((was, before), (now, after))]
        rows[path] = tuple(side if side[0] else None for side in sides)
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_it_is_what_git_finds(tmp_path, seed):
    """Files come, go, change, become folders, links and programs, and folders become files."""
    dice = random.Random(seed)
    repo = make(tmp_path / "repo", one="1\n")
    commits = [repo.tip()]
    names = ["a", "b", "d/a", "d/e/f", "d/e/g", "ä ö", "a/x"]
    for _ in range(6):
        for name in dice.sample(names, 3):
            path = repo.path / name
            top = repo.path / name.split("/", maxsplit=1)[0]
            shutil.rmtree(top) if top.is_dir() and not top.is_symlink() else top.unlink(True)
            if dice.random() < 0.3:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if dice.random() < 0.3:
                path.symlink_to("one.md")
                continue
            path.write_text(f"{dice.random()}\n")
            path.chmod(dice.choice([0o644, 0o755]))
        commits.append(repo.commit("next"))
    for old in commits:
        for new in commits:
            found = {m.path: (m.old, m.new) for m in trees.moved(repo.opened.libgit2, old, new)}
            assert found == (told(repo, old, new) if old != new else {})


def test_from_nothing_everything_is_new(tmp_path):
    """A branch that begins."""
    repo = make(tmp_path / "repo", one="1\n", d__two="2\n")
    found = trees.moved(repo.opened.libgit2, None, repo.tip())
    assert [(each.path, each.old) for each in found] == [("d/two.md", None), ("one.md", None)]


def written(repo, entries: bytes, parent: str) -> str:
    """A commit whose tree has these raw entries, whatever Git thinks of them."""
    tree = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"], cwd=repo.path,
        input=entries, capture_output=True, check=True,
    ).stdout.decode().strip()  # fmt: skip
    return repo.git("commit-tree", tree, "-p", parent, "-m", "Odd")


def test_modes_of_old_programs_are_read_as_git_reads_them(tmp_path):
    """Some wrote 100664 or 100777; a page is a page all the same, and does not change by it."""
    repo = make(tmp_path / "repo", one="1\n", two="2\n")
    first = repo.tip()
    one, two = (bytes.fromhex(repo.git("rev-parse", f"HEAD:{name}.md")) for name in ("one", "two"))
    link = bytes.fromhex(repo.git("hash-object", "-w", "--stdin", data="one.md"))
    made = written(
        repo,
        b"120777 link\0" + link + b"100664 one.md\0" + two + b"100664 two.md\0" + two
        + b"100777 x\0" + one,
        first,
    )  # fmt: skip
    opened = repo.opened
    found = {each.path: (each.old, each.new) for each in trees.moved(opened.libgit2, first, made)}
    assert found == told(repo, first, made)
    assert "two.md" not in found
    paths = ["one.md", "two.md", "x", "link"]
    assert opened.blobs(made, paths) == {each.path: each.blob for each in opened.files(made)}
    kinds = {each.path: each.kind for each in opened.changed(first, made)}
    assert kinds == {"one.md": "modified", "x": "added"}
