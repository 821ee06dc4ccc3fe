"""Two tips become one tree."""

import pytest

from prdgen.git import joining
from prdgen.git.errors import Unmergeable, UnrelatedHistories

from . import repos


@pytest.fixture
def fork(tmp_path):
    """A function that commits on `draft` and `main` of a new repository and merges the two."""
    count = iter(range(9))

    def run(base, draft, main, merge=lambda both: None, **options):
        repo = repos.make(tmp_path / f"fork-{next(count)}")
        repo.put(base)
        repo.commit("base")
        repo.git("switch", "-qc", "draft")
        change(repo, draft)
        theirs = repo.commit("draft")
        repo.git("switch", "-q", "main")
        change(repo, main)
        ours = repo.commit("main")
        tree = joining.trees(repo.opened, ours, theirs, merge, **options)
        return {
            line.split("\t")[1]: repo.git("cat-file", "blob", line.split()[2])
            for line in repo.git("ls-tree", "-r", tree).splitlines()
        }

    return run


def change(repo, files):
    for name, content in files.items():
        if content is None:
            (repo.path / name).unlink()
        else:
            repo.put({name: content})


LONG = "".join(f"line {number}\n" for number in range(20))


def test_what_one_side_changed_is_taken(fork):
    """Files of either side, added, changed and deleted."""
    found = fork(
        {"a": "a\n", "b": "b\n", "c": "c\n"},
        {"a": "a2\n", "new": "n\n", "c": None},
        {"b": "b2\n"},
    )
    assert found.pop("a") == "a2"
    assert found.pop("b") == "b2"
    assert found.pop("new") == "n"
    assert "c" not in found


def test_a_file_both_changed_is_asked_for(fork):
    """With its three texts; lines that Git would merge by itself are asked for too."""
    asked = []

    def merge(both):
        asked.append(both)
        return b"merged\n"

    found = fork({"a": LONG}, {"a": "top\n" + LONG}, {"a": LONG + "end\n"}, merge)
    assert found["a"] == "merged"
    (both,) = asked
    assert (both.base, both.ours, both.theirs) == (
        LONG.encode(), (LONG + "end\n").encode(), ("top\n" + LONG).encode()
    )  # fmt: skip


def test_a_file_one_side_renamed_is_asked_for_under_its_new_name(fork):
    """Whichever side it is."""
    for one, two in ((0, 1), (1, 0)):
        sides = [{"a": None, "z": LONG + "end\n"}, {"a": "top\n" + LONG}]
        found = fork({"a": LONG}, sides[one], sides[two], lambda both: both.path.encode())
        assert found["z"] == "z"
        assert "a" not in found


def test_a_file_both_added_has_an_empty_base(fork):
    """Each its own."""
    found = fork({"a": "a\n"}, {"n": "one\n"}, {"n": "two\n"}, lambda b: b.base + b.ours + b.theirs)
    assert found["n"] == "two\none"


def test_what_one_side_edited_and_the_other_deleted_stays(fork):
    """Whichever side it is."""
    assert fork({"a": LONG}, {"a": None}, {"a": LONG + "x\n"})["a"] == (LONG + "x\n").strip()
    assert fork({"b": LONG}, {"b": LONG + "y\n"}, {"b": None})["b"] == (LONG + "y\n").strip()


def test_other_files_changed_in_one_place_are_named(fork):
    """Nobody decides that by a rule."""
    with pytest.raises(Unmergeable) as refused:
        fork({"a": "one\n"}, {"a": "two\n"}, {"a": "three\n"})
    assert "a" in refused.value.message


def test_strangers_are_not_merged(tmp_path):
    """No commit in common."""
    repo = repos.make(tmp_path / "strangers")
    one = repo.commit("one")
    repo.git("switch", "-q", "--orphan", "other")
    two = repo.commit("two", page="x")
    with pytest.raises(UnrelatedHistories):
        joining.trees(repo.opened, one, two, lambda both: None)


@pytest.mark.parametrize(("named", "kept", "other"), [("ours", "m", "d"), ("theirs", "d", "m")])
def test_a_file_both_renamed_is_called_as_one_side_calls_it(fork, named, kept, other):
    """Merged, and told; also when only one side or nobody changed a word."""
    told = []
    options = {"named": named, "renamed": lambda path, gone: told.append((path, gone))}
    for draft, main in (("top\n" + LONG, LONG + "end\n"), (LONG, LONG)):
        found = fork({"a": LONG}, {"a": None, "d": draft}, {"a": None, "m": main},
                     lambda both: both.path.encode() + both.ours + both.theirs, **options)  # fmt: skip
        assert list(found) == [kept]
        assert found[kept] == f"{kept}{main}{draft}".rstrip("\n")
    assert told == [(kept, other)] * 2


def test_another_file_both_renamed_is_taken_from_who_changed_it(fork):
    """Without a merge of its own; changed by both it is named, as before."""
    sides = {"a": None, "d": LONG + "x\n"}, {"a": None, "m": LONG}
    assert fork({"a": LONG}, *sides) == {"d": (LONG + "x\n").strip()}
    with pytest.raises(Unmergeable):
        fork({"a": LONG}, sides[0], {"a": None, "m": LONG + "y\n"})


def test_a_name_that_another_file_has_is_taken_from_nobody(fork):
    """One side's new page stands where the other side's page went: a person decides."""
    with pytest.raises(Unmergeable):
        fork({"a": LONG}, {"a": None, "d": LONG, "m": "another\n"}, {"a": None, "m": LONG},
             lambda both: both.ours)  # fmt: skip
