"""The merge driver on bytes: line endings, BOM and final newline are merged too, and nothing is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from merge import texts

from prdgen.files import text
from prdgen.files.errors import NotEditable
from prdgen.flows import merge_file
from prdgen.merge.markers import Markers

BOM = b"\xef\xbb\xbf"
BASE = b"# Calls\n\nThe quick brown fox jumps.\n\n- one\n- two\n"
OURS = BASE.replace(b"quick", b"slow")
THEIRS = BASE.replace(b"fox", b"dog").replace(b"two", b"two\n- three")
BOTH = THEIRS.replace(b"quick", b"slow")


def merged(base, theirs, ours, **how):
    found = merge_file.merge(base, ours, theirs, Markers(**how))
    return found.data, found.conflicts


def windows(data):
    return data.replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("dress", "want"),
    [
        ((windows, windows, windows), windows),
        ((bytes, windows, bytes), windows),
        ((bytes, bytes, windows), windows),
        ((windows, bytes, windows), bytes),
        ((bytes, lambda data: BOM + data, bytes), lambda data: BOM + data),
        ((lambda data: BOM + data, bytes, lambda data: BOM + data), bytes),
    ],
)
def test_line_endings_and_bom_are_merged_like_words(dress, want):
    """Trap 4: who changed them has his way; the words of both are there."""
    sides = (make(data) for make, data in zip(dress, (BASE, THEIRS, OURS), strict=True))
    assert merged(*sides) == (want(BOTH), 0)


def test_one_ending_changed_on_a_side_without_words():
    """A single CRLF that they made stays, and ours is one word."""
    theirs = BASE.replace(b"- one\n", b"- one\r\n")
    assert merged(BASE, theirs, OURS) == (OURS.replace(b"- one\n", b"- one\r\n"), 0)


def test_markers_have_the_endings_of_the_file():
    """A conflict in a file of Windows is a file of Windows."""
    sides = (windows(BASE.replace(b"quick", word)) for word in (b"quick", b"slow", b"lazy"))
    data, conflicts = merged(*sides, style="diff3")
    assert conflicts == 1
    assert not re.search(rb"(?<!\r)\n", data)
    assert b"<<<<<<< ours\r\nThe lazy brown" in data


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "want"),
    [
        ("teh quick fox\n", "the quick fox\n", "the quick fox jumps\n", "the quick fox jumps\n"),
        ("a\n", "a\nnew\n", "a\nnew\n", "a\nnew\n"),
        ("Hello\n", "typed Hello\n", "typed Hello\n", "typed Hello\n"),
        ("world\n", "brave world\n", "brave world!\n", "brave world!\n"),
        ("Seed.\n", "Seed.\n\nBy Bob.\n\nMore.\n", "Seed.\n\nBy Bob.\n", "Seed.\n\nBy Bob.\n\nMore.\n"),
        ("Sign in by password.\n\nSessions end.\n", "Sessions end.\n\nSign in by password.\n",
         "Sign in by OIDC.\n\nSessions end.\n", "Sessions end.\n\nSign in by OIDC.\n"),
    ],
    ids=["same fix", "same line", "own write", "taken in twice", "committed already", "moved"],
)  # fmt: skip
def test_what_other_systems_make_of_texts_is_not_made_here(base, theirs, ours, want):
    """Traps 1 to 3, through the driver: done once, not doubled, and moved with the edit."""
    assert merged(*(text.encode() for text in (base, theirs, ours))) == (want.encode(), 0)


def test_two_rewrites_are_never_woven_together():
    """Trap 3: `Eachplaforly3frall calls must be`."""
    base, theirs, ours = (
        f"# A\n\n{sentence}\n".encode()
        for sentence in (
            "All calls must be answered quickly by a person.",
            "Every call shall be taken by someone within three seconds.",
            "Each and every call must be picked up in a minute.",
        )
    )
    data, conflicts = merged(base, theirs, ours)
    assert conflicts == 1
    assert ours.split(b"\n")[2] in data.split(b"\n")
    assert theirs.split(b"\n")[2] in data.split(b"\n")


@pytest.mark.parametrize("data", [b"caf\xe9\n", b"a\0b\n"])
def test_what_is_no_text_is_not_merged_here(data):
    """Latin-1, or a file with NUL: Git's own merge is asked instead."""
    with pytest.raises(NotEditable):
        merged(data, THEIRS, OURS)


def test_a_file_that_cannot_be_written_stays(tmp_path):
    """Nothing half written is left to be taken for a merge."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(merge_file.CannotMerge, match="folder"):
        merge_file.write(tmp_path / "folder", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


SIDES = st.tuples(
    texts.triples(), st.lists(st.sampled_from(["\n", "\r\n"]), min_size=3, max_size=3)
)


def dressed(three, endings):
    return [
        page.replace("\n", ending).encode() for page, ending in zip(three, endings, strict=True)
    ]


@given(SIDES)
def test_a_side_that_did_nothing_changes_no_byte(given):
    """Identity, byte for byte."""
    base, theirs, ours = dressed(*given)
    assert merged(base, base, ours) == (ours, 0)
    assert merged(base, theirs, base) == (theirs, 0)
    assert merged(base, theirs, theirs) == (theirs, 0)


@given(texts.told_apart(), st.booleans(), st.sampled_from(["merge", "diff3", "zdiff3"]))
def test_nothing_is_lost_or_garbled(three, crlf, style):
    """Every word that somebody wrote stands in the file, and no word that nobody wrote."""
    base, theirs, ours = dressed(three, ["\r\n" if crlf else "\n"] * 3)
    data, conflicts = merged(base, theirs, ours, style=style)
    words = set(text.decode(data).text.split())
    assert {*theirs.decode().split(), *ours.decode().split()} - {*base.decode().split()} <= words
    shown = {"<<<<<<<", "|||||||", "=======", ">>>>>>>", "ours", "base", "theirs"}
    known = {*base.decode().split(), *theirs.decode().split(), *ours.decode().split()}
    assert words - known <= (shown if conflicts else set())


@given(texts.told_apart(moves=False))
def test_sides_may_be_swapped(three):
    """The same words are merged, and as many places asked about."""
    base, theirs, ours = dressed(three, ["\n"] * 3)
    one, other = merged(base, theirs, ours), merged(base, ours, theirs)
    assert one[1] == other[1]
    assert sorted(one[0].split()) == sorted(other[0].split())
