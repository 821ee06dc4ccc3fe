"""Front matter taken apart into its keys, so that each is merged by itself; bytes stay."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from prdgen.merge import tokens

_FENCES = re.compile(r"\A(---[ \t]*\n)(.*?)^((?:---|\.\.\.)[ \t]*\n)", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"""("[^"\n]*"|'[^'\n]*'|[^\s#"'\-\[\]{}][^:\n]*?)\s*:(?=\s)""")

Part = tuple[str, str, str]
"""A part of base, of theirs and of ours; "" where it is absent."""

_Keys = dict[str, str]


def parts(base: str, theirs: str, ours: str) -> list[Part]:
    """The three texts as parts to be merged one by one, in the order ours has them.

    That is fence, keys, fence and body when theirs and ours have front matter with plain,
    distinct keys (and base has it too, or none); otherwise the texts are one part.
    """
    whole = [(base, theirs, ours)]
    found = [_FENCES.match(text) for text in (base, theirs, ours)]
    if found[1] is None or found[2] is None:
        return whole
    keys = [_keys(match[2]) if match else {} for match in found]
    if any(each is None for each in keys):
        return whole
    bodies = [
        text[match.end() :] if match else text
        for match, text in zip(found, (base, theirs, ours), strict=True)
    ]
    fences = [[match[side] if match else "" for match in found] for side in (1, 3)]
    middle = _by_key([each or {} for each in keys])
    return [_part(fences[0]), *middle, _part(fences[1]), _part(bodies)]


def _part(texts: Sequence[str]) -> Part:
    return texts[0], texts[1], texts[2]


def _keys(text: str) -> _Keys | None:
    """Each top-level key with its lines; what stands before the first key has the name "".

    None when a key comes twice or a line belongs to no key.
    """
    found: _Keys = {}
    name = ""
    for line in tokens.lines(text):
        key = _KEY.match(line)
        if key is not None:
            name = key[1].strip("\"'")
            if name in found:
                return None
        elif not line[0].isspace() and line[0] not in "#-]}":
            return None
        found[name] = found.get(name, "") + line
    return found


def _by_key(keys: Sequence[_Keys]) -> list[Part]:
    base, theirs, ours = keys
    order = _order(list(ours), list(theirs), list(base))
    return [(base.get(key, ""), theirs.get(key, ""), ours.get(key, "")) for key in order]


def _order(ours: Sequence[str], *others: Sequence[str]) -> list[str]:
    """Our keys in our order; another side's after the key that it stands behind there, and after
    those that only we have in that place.
    """
    order = list(ours)
    known = {key for keys in others for key in keys}
    for keys in others:
        before: str | None = None
        for key in keys:
            if key not in order:
                place = order.index(before) + 1 if before is not None else _head(order)
                while place < len(order) and order[place] not in known:
                    place += 1
                order.insert(place, key)
            before = key
    return order


def _head(order: Sequence[str]) -> int:
    return 1 if order[:1] == [""] else 0


def split(text: str) -> tuple[str, str]:
    """The front matter with its fences ("" without any), and the rest."""
    found = _FENCES.match(text if text.endswith("\n") else text + "\n")
    return ("", text) if found is None else (text[: found.end()], text[found.end() :])


def with_more(ours: str, theirs: str, alone: Collection[str]) -> str:
    """Our front matter (as of `split`) with the keys that only theirs has, each behind the key it
    follows there. No key named in `alone` comes in, and nothing where a side has no plain keys.
    """
    matches = [_FENCES.match(text + "\n") for text in (ours, theirs)]
    our_keys, their_keys = (_keys(match[2]) if match else {} for match in matches)
    if not their_keys or our_keys is None:
        return ours
    known = {_plain(key) for key in (*our_keys, *alone)}
    more = {key: lines for key, lines in their_keys.items() if key and _plain(key) not in known}
    if not more:
        return ours
    there = [key for key in their_keys if key in our_keys or key in more]
    keys = more | our_keys
    made = "".join(keys[key] for key in _order(list(our_keys), there))
    fences = matches[0] or matches[1]
    assert fences is not None
    return fences[1] + made + fences[3]


def _plain(key: str) -> str:
    return key.lower().replace("-", "_")
