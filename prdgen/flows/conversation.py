"""review → what was said, at the words it is about: in the rendered pages of its draft, also of one that
is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prdgen.flows import reviews
from prdgen.flows.clone import Clone
from prdgen.git import log as git_log
from prdgen.review import marking
from prdgen.review.marking import Spot
from prdgen.review.state import Review, Thread

_LABEL = 60


@dataclass(frozen=True, slots=True)
class Placed:
    """A thread, its number in the review (from 1), the page it is about now, and its words there."""

    thread: Thread
    number: int
    page_path: str | None
    how: str
    """same, changed, gone (the words or the page), page (all of it), draft; unknown: the draft's last
    commit is not in this clone.
    """
    words: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a rendered page, and what was said of words in it, to be shown behind it."""

    html: str
    threads: tuple[Placed, ...] = ()


@dataclass(frozen=True, slots=True)
class OfPage:
    """A rendered page with what was said at its words, and what was said of it besides."""

    parts: tuple[Part, ...]
    besides: tuple[Placed, ...]

    @property
    def is_open(self) -> bool:
        """Whether anything of it is not settled."""
        said = (*self.besides, *(each for part in self.parts for each in part.threads))
        return any(not each.thread.resolved for each in said)


def placed(clone: Clone, review: Review | None, tip: str | None) -> list[Placed]:
    """In a thread: every thread of a review, oldest first, with where it is at `tip`."""
    here = tip if tip is not None and git_log.has_commit(clone.repository, tip) else None
    threads = review.threads.values() if review else ()
    return [_place(clone, thread, number, here) for number, thread in enumerate(threads, 1)]


def _place(clone: Clone, thread: Thread, number: int, tip: str | None) -> Placed:
    if thread.page_path is None:
        return Placed(thread, number, None, "draft")
    if tip is None:
        return Placed(thread, number, thread.page_path, "unknown")
    page_path, place = reviews.where(clone, thread, tip)
    if page_path is None:
        return Placed(thread, number, None, "gone")
    if place is None:
        return Placed(thread, number, page_path, "page")
    if place.how == "gone":
        return Placed(thread, number, page_path, "gone", "", place.start, place.end)
    text = reviews.page_text(clone, tip, page_path) or ""
    words = text[place.start : place.end]
    return Placed(thread, number, page_path, place.how, words, place.start, place.end)


def at_words(
    html: str, text: str, page_path: str, said: Iterable[Placed], elsewhere: str = ""
) -> OfPage:
    """In a thread: a page's body (rendered with lines) from its `text`, its words marked. With
    `elsewhere` the numbers lead to the conversation on that page of the server.
    """
    said = [each for each in said if each.page_path == page_path]
    of_id = {each.thread.id: each for each in said}
    spots = [
        Spot(each.thread.id, each.start, each.end, each.number, _label(each),
             f"{elsewhere}#{each.thread.id}" if elsewhere else "")
        for each in said if each.how in {"same", "changed"}
    ]  # fmt: skip
    parts = tuple(
        Part(part.html, tuple(of_id[id_] for id_ in part.spots))
        for part in marking.marked(html, text, spots)
    )
    shown = {each.thread.id for part in parts for each in part.threads}
    besides = (each for each in said if each.thread.id not in shown and each.how != "gone")
    return OfPage(parts, tuple(besides))


def _label(said: Placed) -> str:
    first = said.thread.comments[0]
    words = " ".join(first.text.split()) or "other words suggested"
    words = f"{words[:_LABEL]}…" if len(words) > _LABEL else words
    answers = len(said.thread.comments) - 1
    more = f", {answers} answer{'' if answers == 1 else 's'}" if answers else ""
    return f"Comment {said.number} by {first.name}: {words}{more}"


def besides(said: Iterable[Placed], pages: Mapping[str, OfPage]) -> list[Placed]:
    """What was said of the draft, or of pages that are not shown."""
    return [each for each in said if each.how != "gone" and each.page_path not in pages]


def gone(said: Iterable[Placed]) -> list[Placed]:
    """What was said of words or pages that are not there any more."""
    return [each for each in said if each.how == "gone"]
