"""Two texts of a page whose common origin nobody knows: what only one of them says.

What both have counts as had by both, wherever it stands: text that is in another place there is
in its old place here no addition.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from prdgen.merge import alignment, fences, front_matter, tokens
from prdgen.merge.alignment import Effort, Span
from prdgen.merge.diff import LIMIT_MS

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_ALONE = re.compile(r"\s*(?:[-*+]|\d+[.)])\s|\s*\||#{1,6}(?:\s|$)")
"""Lines that begin something of their own: an item, a row of a table, a heading."""
_ROW = re.compile(r"\s*(?:[-*+]|\d+[.)])\s|\s*\|")
_ENDS = re.compile(r"\s*\||#{1,6}(?:\s|$)")
_SHORTEST = 16

Name = Callable[[str], str]
"""By what name a block is known, whatever it says (the id of a requirement); "" when it has none."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A heading, an item of a list, a row of a table, a paragraph or a fence, and the blank lines after."""

    text: str
    blanks: str


def to(
    ours: str, theirs: str, name: Name = lambda _: "", alone: Collection[str] = ()
) -> tuple[str, str]:
    """A base and a text; merging them into `ours` adds what only `theirs` says, and nothing goes away.

    Blocks that both have stand where ours has them; what only theirs has stands behind the block it
    follows there. A block of another text but the same name is another version of that block. Of
    front matter, keys that ours has not come in, without those named in `alone`.
    """
    (our_front, our_body), (their_front, their_body) = map(front_matter.split, (ours, theirs))
    front = front_matter.with_more(our_front, their_front, alone)
    start = len(our_body) - len(our_body.lstrip("\n"))
    found = _in_our_order(our_body[start:], their_body.lstrip("\n"), name)
    base, text = (our_body[:start] + part for part in found)
    return our_front + base, front + text


def _in_our_order(ours: str, theirs: str, name: Name) -> tuple[str, str]:
    """What both have, and theirs with its blocks where ours has them."""
    end = ours[len(ours.rstrip("\n")) :] if ours else "\n"
    here, there = (
        list(_blocks(text if text.endswith("\n") else text + "\n")) for text in (ours, theirs)
    )
    pairs = _Pairs(here, there, name).found
    order = list(_order(len(here), len(there), pairs))
    base, text, gaps = "", "", ("", "")
    at = 0
    for place, number in enumerate(order):
        after = order[place + 1] if place + 1 < len(order) else None
        mine, block = pairs.get(number), there[number]
        blanks = block.blanks
        if after is not None and mine is not None and pairs.get(after) == mine + 1:
            blanks = here[mine].blanks
        elif after is not None and after != number + 1 and not blanks:
            blanks = "" if _are_rows(block.text, there[after].text) else "\n"
        if mine is not None:
            gaps = gaps[0] + _joined(here[at:mine]), gaps[1]
            at = mine + 1
        if mine is not None and here[mine].text == block.text:
            base += _in_both(*gaps) + block.text + min(here[mine].blanks, blanks, key=len)
            gaps = "", ""
        else:
            own = _joined(here[mine : mine + 1]) if mine is not None else ""
            gaps = gaps[0] + own, gaps[1] + block.text + blanks
        text += block.text + blanks
    base += _in_both(gaps[0] + _joined(here[at:]), gaps[1])
    base, text = (each.rstrip("\n") for each in (base, text))
    return base + end if base else "", text + end if text else ""


def _order(ours: int, theirs: int, pairs: Mapping[int, int]) -> Iterator[int]:
    """The numbers of their blocks as they stand here: what ours has not follows what it follows there."""
    place = {mine: number for number, mine in pairs.items()}
    for number in (-1, *(place[mine] for mine in range(ours) if mine in place)):
        if number >= 0:
            yield number
        yield from takewhile(lambda n: n not in pairs, range(number + 1, theirs))


def _are_rows(one: str, other: str) -> bool:
    """Whether two blocks are of one list or table, and need no blank line between them."""
    kinds = [_ROW.match(text) for text in (one, other)]
    return all(kinds) and len({kind[0].strip() == "|" for kind in kinds if kind}) == 1


def _in_both(one: str, other: str) -> str:
    """The lines that both texts have, in their order; blank lines alone make nothing the same."""
    parts, at = [], 0
    mine, others = (fences.whole(tokens.lines(text)) for text in (one, other))
    for span in alignment.align(mine, others, Effort.lasting(LIMIT_MS)):
        parts.append("".join(mine[at : span.start]))
        at = span.end
    return "".join(filter(tokens.has_words, [*parts, "".join(mine[at:])]))


def _joined(blocks: Iterable[_Block]) -> str:
    return "".join(block.text + block.blanks for block in blocks)


class _Pairs:
    """Which block of theirs (its number) is which of ours: in order first, then wherever it stands."""

    def __init__(self, ours: Sequence[_Block], theirs: Sequence[_Block], name: Name) -> None:
        self.found: dict[int, int] = {}
        self.ours, self.theirs = ([block.text for block in side] for side in (ours, theirs))
        self.free: set[int] = set(range(len(ours)))
        self._in_order()
        often = Counter(self.ours), Counter(self.theirs)
        self.once = {text for text, count in often[0].items() if count == often[1][text] == 1}
        said = [n for n, text in enumerate(self.theirs) if tokens.has_words(text)]
        # What stands once on both sides first: what is the same beside it goes along.
        self._anywhere(sorted(said, key=lambda n: self.theirs[n] not in self.once))
        self.ours = [name(text) if n in self.free else "" for n, text in enumerate(self.ours)]
        self.theirs = ["" if n in self.found else name(text) for n, text in enumerate(self.theirs)]
        self._anywhere([n for n, known in enumerate(self.theirs) if known], named=True)

    def _in_order(self) -> None:
        at = new_at = 0
        spans = alignment.align(self.ours, self.theirs, Effort.lasting(LIMIT_MS))
        end = len(self.ours), len(self.ours), len(self.theirs), len(self.theirs)
        for start, after, _, new_after in (*spans, Span(*end)):
            for shift in range(start - at):
                self._pair(new_at + shift, at + shift)
            at, new_at = after, new_after

    def _anywhere(self, numbers: Iterable[int], *, named: bool = False) -> None:
        places: dict[str, deque[int]] = defaultdict(deque)
        for mine in sorted(self.free):
            places[self.ours[mine]].append(mine)
        for number in numbers:
            there = places[self.theirs[number]]
            while there and there[0] not in self.free:
                there.popleft()
            if number in self.found or not there:
                continue
            before, after = (self._alike(number, there[0], step) for step in (-1, 1))
            run = range(number - before, number + after + 1)
            if named or self._says_much([self.theirs[each] for each in run]):
                for each in run:
                    self._pair(each, there[0] - number + each)

    def _says_much(self, texts: Sequence[str]) -> bool:
        """Whether finding the same elsewhere is no coincidence."""
        if any(text in self.once or text.startswith("#") for text in texts):
            return True
        return len("".join(texts)) >= _SHORTEST

    def _alike(self, number: int, mine: int, step: int) -> int:
        """How many blocks beside these two are the same as well, and free."""
        count = 0
        while (
            (number := number + step) in range(len(self.theirs))
            and (mine := mine + step) in self.free
            and number not in self.found
            and self.theirs[number] == self.ours[mine] != ""
        ):
            count += 1
        return count

    def _pair(self, number: int, mine: int) -> None:
        self.found[number] = mine
        self.free.discard(mine)


def _blocks(text: str) -> Iterator[_Block]:
    """The text taken apart; joined again it is the text. It begins with no blank line."""
    block, blanks, fence, closed = "", "", "", False
    for line in tokens.lines(text):
        if not line.strip() and not fence:
            blanks += line
            continue
        mark = _FENCE.match(line)
        ends = closed or _ENDS.match(block)
        if block and (blanks or (not fence and (ends or mark or _ALONE.match(line)))):
            yield _Block(block, blanks)
            block = ""
        block, blanks, closed = block + line, "", False
        if mark and not fence:
            fence = mark[1]
        elif fence and fences.closes(line, fence):
            fence, closed = "", True
    if block:
        yield _Block(block, blanks)
