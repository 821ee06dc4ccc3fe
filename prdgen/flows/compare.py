"""two versions of a page → their difference, rendered, with the words that came and went marked."""

from __future__ import annotations

import html as html_text
import re
from dataclasses import dataclass

from anyio import to_thread

from prdgen.builder import render
from prdgen.flows import read, restore
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchPage
from prdgen.git import diff as git_diff
from prdgen.merge import diff

FIRST = "first-change"
"""The id of the first word that came or went."""
_PIECES = re.compile(r"<[^>]*>|&[^;\s]{1,12};|[^<&\s]+|\s+|[<&]")
_WHOLE = re.compile(r"<(svg|math)\b.*?</\1>", re.DOTALL)
_FIRST_CODE = 0xE000
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed between `old` and `new` (commits): rendered, and as a unified diff."""

    old: str | None
    new: str
    html: str
    source: str
    passages: tuple[restore.Passage, ...]


async def versions(
    app: App, branch: str, page_path: str, old: str | None, new: str | None
) -> Difference:
    """Compare two commits' texts of a page; `new` is the tip unless given, `old` the one before.

    Raises NoSuchBranch, NoSuchPage and what an unknown commit raises.
    """
    history = await read.history(app, branch, page_path, limit=200)
    names = {version.commit: version.page_path for version in history}
    order = [version.commit for version in history]
    new = new or order[0]
    if old is None and new in order and order.index(new) + 1 < len(order):
        old = order[order.index(new) + 1]
    before = await _text(app, branch, names.get(old or "", page_path), old)
    after, _ = await read.source(app, branch, names.get(new, page_path), new)
    context = await read.render_context(app, branch, new)
    html, source = await to_thread.run_sync(rendered, page_path, before, after, context)
    passages = await to_thread.run_sync(restore.passages, before, after)
    return Difference(old, new, html, source, tuple(passages))


def rendered(
    page_path: str, before: str, after: str, context: render.RenderContext
) -> tuple[str, str]:
    """In a thread: two texts of a page, compared: rendered, and as a unified diff."""
    left = render.render(page_path, before, context=context).html
    right = render.render(page_path, after, context=context).html
    return marked(left, right), git_diff.unified(before, after, page_path)


async def _text(app: App, branch: str, page_path: str, commit: str | None) -> str:
    if commit is None:
        return ""
    try:
        return (await read.source(app, branch, page_path, commit))[0]
    except NoSuchPage:
        return ""


def marked(old: str, new: str) -> str:
    """`new` with `<ins>` around the words that are not in `old`, and `<del>` with those that went;
    the first of them has the id FIRST.

    Works on words between tags: tags are never split, and what went out is shown as text, so the
    result is as well-formed as `new` is.
    """
    left, right = _pieces(old), _pieces(new)
    codes: dict[str, str] = {}
    encoded_old = "".join(_code(codes, piece) for piece in left)
    encoded_new = "".join(_code(codes, piece) for piece in right)
    out: list[str] = []
    done_old = done_new = 0
    for splice in diff.splices(encoded_old, encoded_new):
        same = splice.position - done_old
        out += right[done_new : done_new + same]
        gone = left[splice.position : splice.position + splice.delete]
        done_old, done_new = splice.position + splice.delete, done_new + same
        out.append(_gone(gone))
        come = right[done_new : done_new + len(splice.insert)]
        out += _come(come)
        done_new += len(splice.insert)
    out += right[done_new:]
    return re.sub("<(ins|del)>", rf'<\1 id="{FIRST}">', "".join(out), count=1)


def _pieces(text: str) -> list[str]:
    """Tags, words, spaces; a whole diagram or formula is one piece."""
    found: list[str] = []
    position = 0
    for match in _WHOLE.finditer(text):
        found += _PIECES.findall(text[position : match.start()])
        found.append(match.group())
        position = match.end()
    return found + _PIECES.findall(text[position:])


def _code(codes: dict[str, str], piece: str) -> str:
    """One character for each different piece."""
    key = re.sub(r' data-line="\d+"', "", piece)
    if key not in codes:
        number = _FIRST_CODE + len(codes)
        codes[key] = chr(number)
    return codes[key]


def _gone(pieces: list[str]) -> str:
    words = "".join(piece for piece in pieces if not piece.startswith("<"))
    return f"<del>{words}</del>" if words.strip() else ""


def _come(pieces: list[str]) -> list[str]:
    """Runs of words in `<ins>`; tags stay outside of it."""
    out: list[str] = []
    for piece in pieces:
        if piece.startswith("<") or not piece.strip():
            out.append(piece)
        elif out and out[-1].endswith("</ins>"):
            out[-1] = out[-1].removesuffix("</ins>") + piece + "</ins>"
        else:
            out.append(f"<ins>{piece}</ins>")
    return out


def plain(text: str) -> str:
    """Text as HTML."""
    return html_text.escape(text)
