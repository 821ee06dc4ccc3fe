"""Conflicts as Git writes them, in each of its three styles."""

import subprocess

import pytest
from hypothesis import given

from prdgen.merge import diff, markers
from prdgen.merge.markers import Markers
from prdgen.merge.three_way import merge

from . import texts

BASE = "# Calls\n\nCalls must be answered.\n\nEnd.\n"
OURS = BASE.replace("answered", "picked up")
THEIRS = BASE.replace("answered", "taken")


def marked(base, theirs, ours, style):
    """Ours after the splices of a merge with markers."""
    merged = merge(base, theirs, ours, whole=style.whole)
    return diff.apply(ours, markers.splices(ours, merged, style))


def by_git(tmp_path, base, theirs, ours, *options):
    """What `git merge-file` makes of the same texts."""
    for name, text in (("ours", ours), ("base", base), ("theirs", theirs)):
        (tmp_path / name).write_bytes(text.encode())
    return subprocess.run(
        ["git", "merge-file", "-p", *options, "ours", "base", "theirs"],
        cwd=tmp_path, capture_output=True, text=True,
    ).stdout  # fmt: skip


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
@pytest.mark.parametrize(
    "texts",
    [
        (BASE, THEIRS, OURS),
        (BASE, THEIRS.removesuffix("\n"), OURS.removesuffix("\n")),
        ("a\nEnd.", "a\nFin.", "a\nThe end."),
        ("a", "b", "c"),
        ("", "a b c\nsame\n", "a b d\nsame\n"),
    ],
)
def test_a_conflict_looks_as_git_writes_it(tmp_path, style, texts):
    """Whoever and whatever reads conflict markers reads ours."""
    options = [] if style == "merge" else [f"--{style}"]
    assert marked(*texts, Markers(style=style)) == by_git(tmp_path, *texts, *options)


def test_labels_and_length_of_markers():
    """As the attribute `conflict-marker-size` and Git's names of the sides want them."""
    found = marked(BASE, THEIRS, OURS, Markers(ours="HEAD", theirs="feature", size=12))
    assert "\n<<<<<<<<<<<< HEAD\nCalls must be picked up.\n============\n" in found
    assert "\nCalls must be taken.\n>>>>>>>>>>>> feature\n" in found


def test_what_is_no_conflict_is_merged_beside_one():
    """Only the words in dispute stand between markers."""
    found = marked(f"one\n{BASE}", f"1\n{THEIRS}", f"one\n{OURS}more\n", Markers())
    assert found.startswith("1\n# Calls\n\n<<<<<<< ours\n")
    assert found.endswith(">>>>>>> theirs\n\nEnd.\nmore\n")


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
def test_conflicts_that_follow_each_other_are_shown_as_one(style):
    """Three rows that both changed are one question, as Git asks it."""
    base, theirs, ours = (
        "".join(f"| REQ-{number} | {word} |\n" for number in range(3)) for word in "bto"
    )
    shown = f"||||||| base\n{base}" if style != "merge" else ""
    found = marked(base, theirs, ours, Markers(style=style))
    assert found == f"<<<<<<< ours\n{ours}{shown}=======\n{theirs}>>>>>>> theirs\n"


def test_a_deleted_side_is_empty():
    """One deleted the paragraph that the other rewrote."""
    gone = "# Calls\n\nEnd.\n"
    found = marked(BASE, gone, OURS, Markers())
    assert found == (
        "# Calls\n\n<<<<<<< ours\nCalls must be picked up.\n\n=======\n>>>>>>> theirs\nEnd.\n"
    )


def resolved(text, side):
    """The text with one side of every conflict."""
    kept, keeping = [], True
    for line in text.split("\n"):
        if line.startswith("<<<<<<<"):
            keeping = side == "ours"
        elif line.startswith("|||||||"):
            keeping = side == "base"
        elif line.startswith("======="):
            keeping = side == "theirs"
        elif line.startswith(">>>>>>>"):
            keeping = True
        elif keeping:
            kept.append(line)
    return [line for line in kept if line]


@given(texts.triples())
def test_both_versions_can_be_had_back(three):
    """Choosing ours everywhere and theirs everywhere lose no line that stands in the merge."""
    base, theirs, ours = three
    merged = merge(base, theirs, ours)
    text = diff.apply(ours, markers.splices(ours, merged, Markers()))
    both = {*resolved(text, "ours"), *resolved(text, "theirs")}
    assert both == {line for line in merged.text.split("\n") if line}


@given(texts.triples())
def test_styles_ask_about_the_same_places(three):
    """A style shows more or less of a conflict; it neither makes nor hides one."""
    base, theirs, ours = three
    plain, whole = merge(base, theirs, ours), merge(base, theirs, ours, whole=True)
    assert bool(plain.conflicts) == bool(whole.conflicts)
    for merged in (plain, whole):
        assert diff.apply(ours, merged.hunks) == merged.text
    for side in ("ours", "theirs"):
        shown = [
            resolved(diff.apply(ours, markers.splices(ours, merged, Markers(style=style))), side)
            for merged, style in ((whole, "diff3"), (whole, "zdiff3"))
        ]
        assert shown[0] == shown[1]
