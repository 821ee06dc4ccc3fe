"""A text as lines or as words; joined again they are the text, and no token splits a letter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import accumulate

_LINES = re.compile(r"[^\n]*\n|[^\n]+")
# Scripts written without spaces: each letter is a word of its own, or a paragraph would be one.
_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# What holds a word together for its reader: 2026-11-24, 1.4.2, 10:30, 1,000, e-mail, don't, a=b, x@y.
_WORD = rf"[^\W{_UNSPACED}]+(?:(?:[-.@='’]|(?<=\d)[:,](?=\d))[^\W{_UNSPACED}]+)*"
_WORDS = re.compile(rf"\n|[^\S\n]+|{_WORD}|[{_UNSPACED}]|[\U0001f1e6-\U0001f1ff]{{2}}|[^\w\s]")
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
_SURROGATES = range(0xD800, 0xE000)
_FIRST_CODE = 0x100


def lines(text: str) -> list[str]:
    """The lines of the text with their line feeds; only the last may have none."""
    return _LINES.findall(text)


def words(text: str) -> list[str]:
    """Words, runs of blanks, line feeds and single signs.

    A date, a version, a number or a name with hyphens is one word: halves of two people's values
    would make a value nobody wrote. Parts of a path are words of their own. A combining mark or emoji part stays with the token before it.
    """
    found: list[str] = _WORDS.findall(text)
    return found if text.isascii() else _whole_letters(found)


def starts(tokens: Iterable[str]) -> list[int]:
    """Where each token starts, in code points, and last of all where the text ends."""
    return [0, *accumulate(map(len, tokens))]


def numbered(old: Sequence[str], new: Sequence[str]) -> tuple[str, str]:
    """Both lists as strings with one character for each token, equal for equal tokens.

    Surrogates are left out: not every library takes them in a string.
    """
    codes: dict[str, str] = {}
    for token in (*old, *new):
        if token not in codes:
            code = len(codes) + _FIRST_CODE
            codes[token] = chr(code if code < _SURROGATES.start else code + len(_SURROGATES))
    return "".join(map(codes.__getitem__, old)), "".join(map(codes.__getitem__, new))


def is_between_letters(text: str, position: int) -> bool:
    """Whether a cut at this position leaves whole what a reader takes for one letter."""
    if position <= 0 or position >= len(text):
        return True
    before, after = text[position - 1], text[position]
    if after < "\u0300" and before < "\u0300":
        return True
    flags = _is_flag_part(before) and _is_flag_part(after)
    return not (flags or _extends(after) or before == "\u200d")


def has_words(text: str) -> bool:
    """Whether there is a letter or digit in it: a blank line or a bare fence has none."""
    return any(character.isalnum() for character in text)


def count_words(text: str) -> int:
    """How many of the text's tokens have a letter or digit in them."""
    return sum(map(has_words, words(text)))


def are_one(text: str, position: int) -> bool:
    """Whether a cut at this position goes through a word, as `words` has them."""
    near = words(text[max(position - 2, 0) : position + 2])
    ends = accumulate(map(len, near))
    return 0 < position < len(text) and min(position, 2) not in ends


def _extends(character: str) -> bool:
    return (
        character in _JOINERS
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character).startswith("M")
    )


def _is_flag_part(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _whole_letters(found: Sequence[str]) -> list[str]:
    whole: list[str] = []
    for token in found:
        previous = whole[-1] if whole else ""
        joined = previous.endswith("\u200d") or (token[0] > "\u02ff" and _extends(token[0]))
        goes_on = previous[:1].isalnum() and not previous[-1].isalnum() and token[0].isalnum()
        if previous and previous != "\n" and (joined or goes_on):
            whole[-1] = previous + token
        else:
            whole.append(token)
    return whole
