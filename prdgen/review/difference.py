"""Two rendered bodies → one, in which is marked what came and what went, block by block.

Blocks are paired by the requirement they are, then by what is the same in them, then by likeness;
words are compared within a pair only, so that neighbours are never mixed. What went keeps its form: a
heading is struck as a heading, a list as a list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from prdgen.merge import alignment
from prdgen.merge.alignment import Effort
from prdgen.review import blocks
from prdgen.review.blocks import Block

LIMIT_MS: Final = 200
_PIECES: Final = re.compile(
    r"""<(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>|&[^;\s]{1,12};|[^<&\s]+|\s+|[<&]"""
)
_DRAWN: Final = re.compile(r"<(svg|math)\b.*?</\1>", re.DOTALL)
_LINE: Final = re.compile(r' data-line="\d+"')
_ALIKE: Final = 0.4
_ALIKE_WITHIN: Final = 0.2
"""For what has blocks of its own: a list with some entries left is that list."""
_NEARLY_SAME: Final = 0.9
"""A requirement with another id is another one, unless nearly all of it is the same."""
_MOST_PAIRS: Final = 40_000
_DEEPEST: Final = 16
What = Literal["pair", "moved", "gone", "come"]


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one block: both of a pair, one of them of what went or came."""

    what: What
    old: Block | None
    new: Block | None


def marked(old: str, new: str) -> str:
    """`new` with `<ins>` around the words that are not in `old`, and `<del>` around those that went.

    Both are well-formed, and so is the result: tags are never split.
    """
    return _drawn(blocks.split(old), blocks.split(new), Effort.lasting(LIMIT_MS), 0)


def _drawn(old: Sequence[Block], new: Sequence[Block], effort: Effort, depth: int) -> str:
    return "\n".join(_step(each, effort, depth) for each in steps(old, new, effort))


def _step(step: Step, effort: Effort, depth: int) -> str:
    if step.new is None:
        return "" if step.old is None else _whole(blocks.without_places(step.old.html), "del")
    if step.old is None:
        return _whole(step.new.html, "ins")
    note = '<span class="badge moved">moved</span> ' if step.what == "moved" else ""
    return step.new.opening + note + _within(step.old, step.new, effort, depth) + step.new.closing


def _within(old: Block, new: Block, effort: Effort, depth: int) -> str:
    """The inside of `new`, compared with `old`'s."""
    if old.plain == new.plain:
        return new.inner
    if depth < _DEEPEST and (old.blocks or new.blocks):
        left, right = old.blocks or [_loose(old)], new.blocks or [_loose(new)]
        return _drawn(left, right, effort, depth + 1)
    return words(old.inner, new.inner, effort)


def _loose(block: Block) -> Block:
    return Block("", "", block.inner, "")


def _whole(html: str, tag: Literal["ins", "del"]) -> str:
    """A block that came or went as a whole, in its own form."""
    if html.startswith("<figure"):
        return f'<{tag} class="drawn">{html}</{tag}>'
    return "".join(_wrapped(_pieces(html), tag))


def steps(old: Sequence[Block], new: Sequence[Block], effort: Effort) -> Iterator[Step]:
    """What became of every block, in the order of the result."""
    if len(old) == len(new) and old and all(each.kind == "td" for each in (*old, *new)):
        yield from (Step("pair", a, b) for a, b in zip(old, new, strict=True))
        return
    both = _ids(old) & _ids(new)
    spans = alignment.align(_names(old, both), _names(new, both), effort)
    left: dict[str | None, Block] = {
        b.requirement: b for s in spans for b in old[s.start : s.end] if b.requirement in both
    }
    at = new_at = 0
    for span in spans:
        yield from _paired(old[at : span.start], new[new_at : span.new_start])
        gone = [each for each in old[span.start : span.end] if each.requirement not in both]
        yield from _gap(gone, new[span.new_start : span.new_end], left)
        at, new_at = span.end, span.new_end
    yield from _paired(old[at:], new[new_at:])


def _ids(found: Iterable[Block]) -> set[str]:
    """The requirements that stand there once."""
    count = Counter(each.requirement for each in found if each.requirement)
    return {id_ for id_, times in count.items() if times == 1}


def _names(found: Sequence[Block], both: set[str]) -> list[str]:
    return [f"#{b.requirement}" if b.requirement in both else b.plain for b in found]


def _paired(old: Sequence[Block], new: Sequence[Block]) -> Iterator[Step]:
    return (Step("pair", a, b) for a, b in zip(old, new, strict=True))


def _gap(
    gone: Sequence[Block], come: Sequence[Block], left: dict[str | None, Block]
) -> Iterator[Step]:
    """Between what is the same: pairs by likeness, in order; requirements that were elsewhere."""
    alike = _alike(gone, [each for each in come if each.requirement not in left])
    at = 0
    for block in come:
        if block.requirement in left:
            yield Step("moved", left[block.requirement], block)
            continue
        partner = alike.get(id(block))
        if partner is None:
            yield Step("come", None, block)
            continue
        yield from (Step("gone", each, None) for each in gone[at:partner])
        yield Step("pair", gone[partner], block)
        at = partner + 1
    yield from (Step("gone", each, None) for each in gone[at:])


def _alike(old: Sequence[Block], new: Sequence[Block]) -> dict[int, int]:
    """The `id()` of a new block → index of the old one it was; the likest pairs that do not cross."""
    if not old or not new or len(old) * len(new) > _MOST_PAIRS:
        return {}
    counts = [Counter(each.words) for each in old], [Counter(each.words) for each in new]
    score = [[_likeness(a, b, m, n) for b, n in zip(new, counts[1], strict=True)]
             for a, m in zip(old, counts[0], strict=True)]  # fmt: skip
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            together = best[i + 1][j + 1] + score[i][j] if score[i][j] else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], together)
    found: dict[int, int] = {}
    i = j = 0
    while i < len(old) and j < len(new):
        if score[i][j] and best[i][j] == best[i + 1][j + 1] + score[i][j]:
            found[id(new[j])] = i
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _likeness(old: Block, new: Block, mine: Counter[str], theirs: Counter[str]) -> float:
    """How much of two blocks is the same, 0 to 1; 0 as well for too little to be the same thing."""
    if old.kind != new.kind:
        return 0.0
    if old.requirements & new.requirements:
        return 1.0
    together = mine.total() + theirs.total()
    found = 2 * (mine & theirs).total() / together if together else 0.1
    other = old.requirement != new.requirement
    least = _NEARLY_SAME if other else _ALIKE_WITHIN if old.blocks or new.blocks else _ALIKE
    return found if found >= least or not together else 0.0


def words(old: str, new: str, effort: Effort) -> str:
    """The words within one block: `new` with its tags, and `old`'s words that went."""
    left, right = _pieces(old), _pieces(new)
    names = [_LINE.sub("", each) for each in left], [_LINE.sub("", each) for each in right]
    out: list[str] = []
    done = 0
    for span in alignment.align(*names, effort):
        out += right[done : span.new_start]
        gone = "".join(each for each in left[span.start : span.end] if not each.startswith("<"))
        out.append(f"<del>{gone}</del>" if gone.strip() else "")
        out += _wrapped(right[span.new_start : span.new_end], "ins")
        done = span.new_end
    return "".join((*out, *right[done:]))


def _pieces(text: str) -> list[str]:
    """Tags, words, spaces; a whole diagram or formula is one piece."""
    found: list[str] = []
    position = 0
    for match in _DRAWN.finditer(text):
        found += _PIECES.findall(text[position : match.start()])
        found.append(match.group())
        position = match.end()
    return found + _PIECES.findall(text[position:])


def _wrapped(pieces: Iterable[str], tag: Literal["ins", "del"]) -> list[str]:
    """Runs of words in `<ins>` or `<del>`; tags stay outside of it."""
    out: list[str] = []
    run: list[str] = []
    for piece in (*pieces, "<"):
        if not piece.startswith("<"):
            run.append(piece)
            continue
        said = "".join(run)
        if said.strip():
            bare = said.strip()
            before, _, after = said.partition(bare)
            out.append(f"{before}<{tag}>{bare}</{tag}>{after}")
        else:
            out.append(said)
        run = []
        shown = piece.startswith(("<svg", "<math", "<img"))
        out.append(f'<{tag} class="drawn">{piece}</{tag}>' if shown else piece)
    return out[:-1]
