"""Where files went, by Git's own renames."""

import pytest

from prdgen.git import renames
from prdgen.git.renames import Renames

LONG = "".join(
    f"Line {number} of a page that is long enough to be known again.\n" for number in range(9)
)


@pytest.mark.parametrize(
    ("found", "ends"),
    [
        ([("a", "b")], ["b"]),
        ([("a", "b"), ("b", "c")], ["c"]),
        ([("b", "x"), ("a", "b"), ("b", "c")], ["c"]),
        ([("a", "b"), ("b", "a")], ["a"]),
        ([("a", "b"), ("a", "c")], ["c", "b"]),
        ([("b", "c"), ("a", "b")], ["b"]),
        ([("x", "y")], []),
    ],
)  # fmt: skip
def test_every_way_is_followed_to_its_end(found, ends):
    """The newest leaving first; a step that was made before the file came does not count."""
    assert Renames(found).ends("a") == ends


def test_a_way_of_thousands_of_steps_ends():
    there = [("a", "b"), ("b", "a")] * 5_000
    assert Renames(there).ends("a") == ["a"]


def test_renames_of_a_file_and_of_its_folder_are_found(repo):
    """Each commit's renames, the oldest first; the known ones are not read again."""
    first = repo.commit("begin", old__page=LONG)
    repo.git("mv", "old/page.md", "old/ü name.md")
    middle = repo.commit("rename")
    repo.git("mv", "old", "new")
    last = repo.commit("rename the folder")
    every = [("old/page.md", "old/ü name.md"), ("old/ü name.md", "new/ü name.md")]
    assert renames.between(repo.opened, None, last) == every
    assert renames.between(repo.opened, first, middle) == every[:1]
    assert renames.between(repo.opened, middle, last) == every[1:]
    assert renames.between(repo.opened, last, last) == []


def test_a_rename_on_a_branch_counts_once_it_is_merged(repo):
    repo.commit("begin", page=LONG)
    repo.git("switch", "--quiet", "--create", "side")
    repo.git("mv", "page.md", "side.md")
    repo.commit("rename on the side")
    repo.git("switch", "--quiet", "main")
    main = repo.commit("elsewhere", other="more\n")
    assert renames.between(repo.opened, None, main) == []
    repo.git("merge", "--quiet", "--no-edit", "side")
    assert ("page.md", "side.md") in renames.between(repo.opened, main, repo.tip())
