"""A text as tokens: nothing lost, no letter split."""

from hypothesis import given
from hypothesis import strategies as st

from prdgen.merge import tokens


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_tokens_joined_are_the_text(text):
    """Words and lines lose nothing of any Unicode text."""
    assert "".join(tokens.words(text)) == text
    assert "".join(tokens.lines(text)) == text


def test_combining_marks_stay_with_their_letter():
    """An e with an accent of its own is inside one word."""
    assert tokens.words("cafe\u0301s x") == ["cafe\u0301s", " ", "x"]


def test_emoji_families_and_flags_are_one_token():
    """Joined emoji, skin tones and flags are one letter to a reader."""
    family, thumb, flag = "👩\u200d👩\u200d👧", "👍🏽", "🇩🇪"
    assert tokens.words(f"{family}{thumb}{flag}!") == [family, thumb, flag, "!"]


def test_scripts_without_spaces_are_cut_by_letter():
    """A Japanese paragraph is not one giant word."""
    assert tokens.words("日本語 ok") == ["日", "本", "語", " ", "ok"]


def test_a_value_is_one_word():
    """Dates, versions, numbers and names with hyphens; a path is cut at its slashes."""
    for value in (
        "2026-11-24",
        "1.4.2",
        "10:30",
        "1,000.50",
        "e-mail",
        "don't",
        "a@b.example",
        "n=3",
    ):
        assert tokens.words(value) == [value]
    assert tokens.words("docs/a-b.md, and: x") == [
        "docs", "/", "a-b.md", ",", " ", "and", ":", " ", "x",
    ]  # fmt: skip


def test_marks_never_join_the_next_line():
    """A line feed is a token of its own even before a stray mark."""
    assert tokens.words("a\n\u0301b")[1] == "\n"


def test_numbering_skips_surrogates():
    """More tokens than there are code points below the surrogates still get valid characters."""
    many = [str(number) for number in range(60_000)]
    numbered, _ = tokens.numbered(many, [])
    assert len(set(numbered)) == len(many)
    assert not any(0xD800 <= ord(character) < 0xE000 for character in numbered)


def test_no_cut_between_regional_indicators():
    """Half a flag is another flag."""
    assert not tokens.is_between_letters("🇩🇪", 1)
    assert tokens.is_between_letters("ab", 1)
