"""Bytes ⇄ text: exactly reversible, and nothing outside an edit moves (trap 4)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prdgen.files import text
from prdgen.files.errors import NotEditable
from prdgen.files.text import Edit

PARTS = st.lists(st.sampled_from(["a", "é", "😀", "\ufeff", "\r\n", "\n", "\r"]), max_size=24)
INSERTS = st.text(alphabet="x😀\n", max_size=5)


@st.composite
def files(draw) -> bytes:
    bom = text.BOM if draw(st.booleans()) else b""
    return bom + "".join(draw(PARTS)).encode()


@st.composite
def edited(draw):
    """A file, and splices that do not overlap."""
    data = draw(files())
    cuts = st.lists(st.integers(0, len(text.decode(data).text)), max_size=6).map(sorted)
    places = draw(cuts)
    pairs = zip(places[::2], places[1::2], strict=False)
    return data, [Edit(start, end - start, draw(INSERTS)) for start, end in pairs]


def applied(old: str, splices) -> str:
    for start, delete, insert in sorted(splices, key=lambda s: s[:2])[::-1]:
        old = old[:start] + insert + old[start + delete :]
    return old


@settings(max_examples=300, deadline=None)
@given(edited())
def test_a_patched_file_reads_as_the_edited_text(case):
    """decode(patch(file, splices)) is splices applied to decode(file): for every mixture."""
    data, splices = case
    expected = applied(text.decode(data).text, splices)
    found = text.decode(text.patch(data, splices))
    starts_like_a_bom = expected.startswith("\ufeff") and not data.startswith(text.BOM)
    assert found.text == expected or starts_like_a_bom


@settings(max_examples=200, deadline=None)
@given(files())
def test_no_edit_changes_no_byte(data):
    """Line endings, BOM, final newline."""
    assert text.patch(data, []) == data


@settings(max_examples=200, deadline=None)
@given(files(), INSERTS, st.data())
def test_bytes_outside_an_insertion_stay(data, insert, draw):
    """What is before it and what is after it, to the byte."""
    old = text.decode(data).text
    at = draw.draw(st.integers(0, len(old)))
    before = text.patch(data, [Edit(at, len(old) - at, "")])
    after = text.patch(data, [Edit(0, at, "")]).removeprefix(text.BOM)
    out = text.patch(data, [Edit(at, 0, insert)])
    assert out.startswith(before)
    assert out.endswith(after)


@pytest.mark.parametrize(
    ("data", "edit", "expected"),
    [
        (b"first\r\nsecond\r\nthird", Edit(13, 5, "THIRD"), b"first\r\nsecond\r\nTHIRD"),
        (b"a\r\nb\r\n", Edit(1, 0, "\nx"), b"a\r\nx\r\nb\r\n"),
        (b"a\r\nb", Edit(3, 0, "\nx"), b"a\r\nb\r\nx"),
        (b"a\nb\r\nc\n", Edit(3, 0, "\n"), b"a\nb\r\n\r\nc\n"),
        (b"\xef\xbb\xbfa\n", Edit(0, 0, "x"), b"\xef\xbb\xbfxa\n"),
        (b"a\rb\r", Edit(1, 0, "\n"), b"a\r\rb\r"),
        ("😀é\r\n".encode(), Edit(1, 1, "e"), "😀e\r\n".encode()),
        (b"", Edit(0, 0, "a\nb"), b"a\nb"),
        (b"a\r\nb\r\n", Edit(0, 4, ""), b""),
    ],
)
def test_an_edit_in_words(data, edit, expected):
    """New lines take their neighbours' ending; everything else is byte for byte."""
    assert text.patch(data, [edit]) == expected


def test_a_lone_cr_never_melts_with_the_next_line_end():
    """Between CR and LF nothing is left: one byte more keeps them two line ends."""
    out = text.patch(b"a\rXX\nb", [Edit(2, 2, "")])
    assert out == b"a\r\n\nb"
    assert text.decode(out).text == "a\n\nb"


def test_every_kind_of_line_end_is_one():
    """CR counts as CommonMark and CodeMirror count it."""
    found = text.decode(b"a\r\nb\nc\rd")
    assert (found.text, found.endings, found.bom) == ("a\nb\nc\nd", ("\r\n", "\n", "\r"), False)


def test_a_bom_is_not_text():
    """It would hide the front matter."""
    assert text.decode(b"\xef\xbb\xbf---\n").text == "---\n"


@pytest.mark.parametrize(
    ("data", "words"), [(b"a\nb\xff", "line 2"), (b"a\n\nb\0", "line 3"), (b"\xff\xfea\0", "NUL")]
)
def test_what_is_not_text_is_refused_with_the_line(data, words):
    """Read-only, with the reason; never a replacement character written back."""
    with pytest.raises(NotEditable, match=words):
        text.decode(data)
    with pytest.raises(NotEditable):
        text.patch(data, [])


@pytest.mark.parametrize(
    "splices",
    [[Edit(3, 0, "x")], [Edit(0, 3, "")], [Edit(0, 2, ""), Edit(1, 1, "")], [Edit(1, -1, "")]],
)
def test_splices_outside_the_text_are_a_mistake_of_the_caller(splices):
    """Never cut off silently."""
    with pytest.raises(ValueError, match="outside the text"):
        text.patch(b"ab", splices)


def test_what_a_file_cannot_hold_is_replaced():
    """A peer may put anything into a document; the file stays a text file."""
    assert text.writable("a\r\nb\rc\0d\ud800e") == "a\nb\nc\ufffdd\ufffde"
    assert text.patch(b"x\r\n", [Edit(0, 0, "\0\r")]) == "\ufffd\r\nx\r\n".encode()
    assert text.encode("\ud800\r\n") == "\ufffd\n".encode()


@given(st.text(alphabet=st.characters(codec=None), max_size=40))
def test_writable_text_survives_a_file(raw):
    """encode, then decode: the same."""
    wanted = text.writable(raw)
    assert text.decode(text.encode(raw)).text == wanted.removeprefix("\ufeff")
