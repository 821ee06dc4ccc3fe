"""review → comments of a Word file: the open ones, at the words they are about, with who said them when."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from html import escape
from typing import Final

from prdgen.flows import conversation, drafts
from prdgen.flows.clone import Clone
from prdgen.flows.conversation import Placed
from prdgen.review import marking
from prdgen.review.marking import Spot
from prdgen.review.state import Comment

_PIECE: Final = re.compile(
    r'<mark class="said" data-threads="([^"]*)">|(</mark>)|'
    r'<a class="said" id="at-([^"]*)"[^>]*>\d+</a>|(<pre\b)|(</pre>)|(<h1\b)|(</h1>)|'
    r'( data-line="\d+")(?=[^<>]*>)'
)
_BLOCK: Final = re.compile(r"<(?:p|h[2-6]|li|dt|td|th)\b[^>]*>")
_CODE: Final = re.compile(r'<div class="highlight"[^>]*>\s*\Z')


def of_page(clone: Clone, branch: str, page_path: str, at: str) -> list[Placed]:
    """In a thread: what is said of a page in the review of its draft and not settled, oldest first;
    main has none. What is said of words that are gone is not in it.
    """
    if branch == clone.main_branch:
        return []
    said = conversation.placed(clone, drafts.find_branch(clone, branch).review, at)
    wanted = {"same", "changed", "page"}
    return [
        each for each in said
        if each.page_path == page_path and each.how in wanted and not each.thread.resolved
    ]  # fmt: skip


def put(html: str, text: str, said: Sequence[Placed]) -> str:
    """A body in the mode `word`, rendered with its lines, with the comments as pandoc reads them and
    without the lines. What is said of no words, or of words that are not shown, is at its beginning.
    """
    spots = [
        Spot(each.thread.id, each.start, each.end, each.number, "")
        for each in said if each.how != "page"
    ]  # fmt: skip
    marked = "".join(part.html for part in marking.marked(html, text, spots))
    pieces = list(_pieces(marked))
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for number, (_, begun, _) in enumerate(pieces):
        for id_ in begun:
            first.setdefault(id_, number)
            last[id_] = number
    numbers = {id_: n for n, id_ in enumerate((each.thread.id for each in said), 1)}
    of_id = {each.thread.id: each for each in said}
    out = []
    for number, (plain, begun, words) in enumerate(pieces):
        ordered = sorted(begun, key=numbers.__getitem__)
        out.append(plain)
        out += [_begin(of_id[id_], numbers[id_]) for id_ in ordered if first[id_] == number]
        out.append(words)
        out += [_end(of_id[id_], numbers[id_]) for id_ in ordered if last[id_] == number]
    besides = [each for each in said if each.thread.id not in first]
    return _at_the_beginning("".join(out), [
        _begin(each, numbers[each.thread.id]) + _end(each, numbers[each.thread.id]) for each in besides
    ])  # fmt: skip


def _pieces(marked: str) -> Iterator[tuple[str, list[str], str]]:
    """The body in pieces: what stands before some marked words, which threads are about them, and the
    words. Neither the title nor code can hold a comment: code has it before itself.
    """
    at, plain, inside = 0, "", ""
    ids: list[str] = []
    hidden: list[str] = []
    seen: set[str] = set()
    for found in _PIECE.finditer(marked):
        plain += marked[at : found.start()]
        at = found.end()
        if found[4] or found[6]:
            inside = "pre" if found[4] else "h1"
            hidden, before = [], plain
            plain += found[0]
        elif found[5] or found[7]:
            plain += found[0]
            if inside == "pre" and hidden:
                outer = _CODE.search(before)
                cut = outer.start() if outer else len(before)
                yield before[:cut] + "<p>", list(dict.fromkeys(hidden)), ""
                plain = "</p>" + plain[cut:]
            inside = ""
        elif found[1] is not None:
            ids = found[1].split()
            seen.update(ids if inside != "h1" else ())
            if inside:
                hidden += ids
                ids = []
            else:
                start = plain
                plain = ""
        elif found[2]:
            if ids:
                yield start, ids, plain
                ids, plain = [], ""
        elif found[3] is not None and found[3] not in seen and not inside:
            yield plain, [found[3]], ""
            plain = ""
    yield plain + marked[at:], [], ""


def _at_the_beginning(html: str, comments: Sequence[str]) -> str:
    if not comments:
        return html
    after = html.find("</h1>") + 1
    block = _BLOCK.search(html, after)
    if block is None:
        return f"{html}<p>{''.join(comments)}</p>"
    return html[: block.end()] + "".join(comments) + html[block.end() :]


def _begin(said: Placed, number: int) -> str:
    return "".join(
        f'<span class="comment-start" id="{_name(number, n)}" author="{escape(each.name)}" '
        f'date="{each.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}">{_words(said, each, n)}</span>'
        for n, each in enumerate(said.thread.comments)
    )


def _end(said: Placed, number: int) -> str:
    return "".join(
        f'<span class="comment-end" id="{_name(number, n)}"></span>'
        for n in range(len(said.thread.comments))
    )


def _name(number: int, answer: int) -> str:
    """Word wants whole numbers."""
    return str(number * 10_000 + answer)


def _words(said: Placed, comment: Comment, answer: int) -> str:
    suggested = said.thread.suggestion if answer == 0 else None
    proposed = f"Suggested: {suggested or 'nothing there'}" if suggested is not None else ""
    lines = "\n".join(part for part in (comment.text.strip(), proposed) if part)
    return "<br>".join(escape(line) for line in lines.splitlines())
