"""A review's log → where it stands: its state, what was said, who approved which commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from prdgen.review import anchors
from prdgen.review.anchors import Anchor
from prdgen.review.log import Entry

State = Literal["open", "merged", "closed"]
Word = Literal["approved", "changes_requested"]


@dataclass(frozen=True, slots=True)
class Comment:
    """One thing somebody said."""

    name: str
    email: str
    at: datetime
    text: str
    id: str = ""
    """The log's entry that has it."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment and its answers; without `page_path` it is about the draft as a whole."""

    id: str
    comments: tuple[Comment, ...]
    page_path: str | None = None
    commit: str | None = None
    """The commit whose text the anchor is of."""
    anchor: Anchor | None = None
    suggestion: str | None = None
    """What is proposed to stand in the anchor's place."""
    resolved: bool = False
    taken_by: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decided last, and about which commit."""

    word: Word
    name: str
    email: str
    at: datetime
    tip: str


@dataclass(frozen=True, slots=True)
class Link:
    """A pull request: the forge's project (`github.com/team/prds`), its number and its address."""

    forge: str
    number: int
    address: str


@dataclass(frozen=True, slots=True)
class Review:
    """A draft, what was said of it, and what became of it."""

    id: str
    branch: str
    base: str
    """The branch it is to go into."""
    title: str
    description: str
    state: State
    started_by: str
    """Empty: nobody knows, the branch was made with Git and had no commit of its own."""
    started_by_email: str
    started_at: datetime
    """When the review began: nothing in it is older."""
    begun_at: datetime
    """When the draft was begun: its first commit, where it was made with Git."""
    named_at: datetime
    """Since when its branch is called so, as far as the review knows."""
    changed_at: datetime
    former: tuple[str, ...] = ()
    """What its branch was called before, as far as somebody knows."""
    lost: str | None = None
    """What its branch was called when that was gone, and another one was only guessed to be it."""
    tip: str | None = None
    """The draft's last commit, once it is merged or closed."""
    made: str | None = None
    """The commit that merged it."""
    ended_by: str | None = None
    """Who merged or closed it."""
    asked_by: str | None = None
    """Who asked for a review, while it is asked for."""
    link: Link | None = None
    """The pull request at a forge that is the same review."""
    threads: Mapping[str, Thread] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    """By e-mail address in lower case; the last word of each person."""
    commits: tuple[str, ...] = ()
    """The commits that people spoke about, newest last."""

    @property
    def open_threads(self) -> list[Thread]:
        """What is not resolved, oldest first."""
        return [thread for thread in self.threads.values() if not thread.resolved]


_ABOUT: Final = {"commented": "commit", "approved": "tip", "changes_requested": "tip"}


def fold(id_: str, entries: Iterable[Entry]) -> Review | None:
    """Where a review stands after these entries, in order; None: it never began."""
    review: Review | None = None
    for entry in entries:
        if entry.kind == "started" and review is None:
            review = _started(id_, entry)
        elif review is not None and entry.kind in _STEPS:
            review = replace(_STEPS[entry.kind](review, entry), changed_at=entry.at)
            if entry.kind in _ABOUT and (about := entry.facts.get(_ABOUT[entry.kind])):
                known = (each for each in review.commits if each != about)
                review = replace(review, commits=(*known, str(about)))
    return review


def _started(id_: str, entry: Entry) -> Review:
    name, email, begun = entry.name, entry.email, entry.at
    starter = entry.facts.get("starter")
    if isinstance(starter, Mapping):
        name, email = str(starter.get("name", "")), str(starter.get("email", ""))
        begun = _time(starter.get("at")) or begun
    return Review(
        id=id_, branch=_text(entry, "branch"), base=_text(entry, "base"),
        title=_text(entry, "title"), description="", state="open", started_by=name,
        started_by_email=email, started_at=entry.at, begun_at=begun, named_at=entry.at, changed_at=entry.at,
    )  # fmt: skip


def _time(given: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _titled(review: Review, entry: Entry) -> Review:
    return replace(review, title=_text(entry, "title"))


def _renamed(review: Review, entry: Entry) -> Review:
    now = _text(entry, "branch") or review.branch
    if entry.facts.get("guessed"):
        return replace(review, branch=now, named_at=entry.at, lost=review.branch)
    return replace(review, branch=now, named_at=entry.at, former=(*review.former, review.branch))


def _described(review: Review, entry: Entry) -> Review:
    return replace(review, description=_text(entry, "text"))


def _closed(review: Review, entry: Entry) -> Review:
    if review.state == "merged":  # somebody closed it at the same moment: main has it
        return review
    return replace(review, state="closed", tip=_text(entry, "tip"), ended_by=entry.name)


def _merged(review: Review, entry: Entry) -> Review:
    if review.state == "merged":  # two did it at once: the first one's is what main has
        return review
    tip, made = _text(entry, "tip"), _text(entry, "made")
    return replace(review, state="merged", tip=tip, made=made, ended_by=entry.name)


def _reopened(review: Review, _: Entry) -> Review:
    if review.state == "merged":  # somebody merged it while it was closed elsewhere
        return review
    return replace(review, state="open", tip=None, made=None, ended_by=None)


def _requested(review: Review, entry: Entry) -> Review:
    return replace(review, asked_by=entry.name)


def _withdrawn(review: Review, _: Entry) -> Review:
    return replace(review, asked_by=None)


def _decided(review: Review, entry: Entry) -> Review:
    word: Word = "approved" if entry.kind == "approved" else "changes_requested"
    verdict = Verdict(word, entry.name, entry.email, entry.at, _text(entry, "tip"))
    verdicts = {**review.verdicts, entry.email.lower(): verdict}
    review = replace(review, verdicts=verdicts)
    return _commented(review, entry) if entry.facts.get("text") else review


def _commented(review: Review, entry: Entry) -> Review:
    suggestion = entry.facts.get("suggestion")
    thread = Thread(
        entry.id, (_said(entry),), _maybe(entry, "page_path"), _maybe(entry, "commit"),
        anchors.of_facts(entry.facts.get("anchor")),
        suggestion if isinstance(suggestion, str) else None,
    )  # fmt: skip
    return replace(review, threads={**review.threads, thread.id: thread})


def _replied(review: Review, entry: Entry) -> Review:
    return _with_thread(
        review, entry, lambda thread: replace(thread, comments=(*thread.comments, _said(entry)))
    )


def _resolved(review: Review, entry: Entry) -> Review:
    return _with_thread(review, entry, lambda thread: replace(thread, resolved=True))


def _unresolved(review: Review, entry: Entry) -> Review:
    return _with_thread(review, entry, lambda thread: replace(thread, resolved=False))


def _taken(review: Review, entry: Entry) -> Review:
    return _with_thread(
        review, entry, lambda thread: replace(thread, resolved=True, taken_by=entry.name)
    )


def _with_thread(review: Review, entry: Entry, change: Callable[[Thread], Thread]) -> Review:
    thread = review.threads.get(_text(entry, "thread"))
    if thread is None:
        return review
    return replace(review, threads={**review.threads, thread.id: change(thread)})


def _said(entry: Entry) -> Comment:
    return Comment(entry.name, entry.email, entry.at, _text(entry, "text"), entry.id)


def _reworded(review: Review, entry: Entry) -> Review:
    """What somebody said, in the words they chose later."""
    said, text = _text(entry, "comment"), _text(entry, "text")
    threads = {
        id_: replace(thread, comments=tuple(
            replace(each, text=text) if each.id == said else each for each in thread.comments
        ))
        for id_, thread in review.threads.items()
    }  # fmt: skip
    return replace(review, threads=threads)


def _undecided(review: Review, entry: Entry) -> Review:
    left = {who: v for who, v in review.verdicts.items() if who != entry.email.lower()}
    return replace(review, verdicts=left)


def _linked(review: Review, entry: Entry) -> Review:
    number = entry.facts.get("number")
    if not isinstance(number, int):
        return review
    return replace(review, link=Link(_text(entry, "forge"), number, _text(entry, "address")))


def _text(entry: Entry, key: str) -> str:
    return str(entry.facts.get(key, ""))


def _maybe(entry: Entry, key: str) -> str | None:
    found: Any = entry.facts.get(key)
    return found if isinstance(found, str) else None


_STEPS: Final[Mapping[str, Callable[[Review, Entry], Review]]] = {
    "titled": _titled, "described": _described, "closed": _closed, "merged": _merged,
    "reopened": _reopened, "requested": _requested, "withdrawn": _withdrawn,
    "approved": _decided, "changes_requested": _decided, "commented": _commented,
    "replied": _replied, "resolved": _resolved, "unresolved": _unresolved, "taken": _taken,
    "linked": _linked, "reworded": _reworded, "undecided": _undecided,
    "renamed": _renamed,
}  # fmt: skip
