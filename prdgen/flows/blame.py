"""page → who wrote its lines: from what is live for what is not committed yet, from Git for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from anyio import to_thread

from prdgen.files.text import readable
from prdgen.flows import read
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchPage
from prdgen.store import people


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines one after the other that one commit wrote, or one person just now (`commit` None)."""

    first_line: int
    text: str
    name: str
    commit: str | None
    at: datetime | None
    subject: str


async def of(app: App, branch: str, page_path: str) -> list[Passage]:
    """Who wrote the page's lines, from the top; raises NoSuchBranch and NoSuchPage."""
    _, tip = await read.source(app, branch, page_path)
    lives = app.keeper.all() if app.keeper else []
    live = next((x for x in lives if (x.branch, x.page_path) == (branch, page_path)), None)
    owners: list[tuple[int | None, UUID | None]] | None = None
    text = None
    if live is not None and live.document.tip_commit == tip:
        owners, text = live.authorship.owners(), live.authorship.text
    async with app.store.transaction() as tx:
        known = {person.id: person.name for person in await people.list_people(tx)}
    return await to_thread.run_sync(_passages, app, tip, page_path, owners, text, known)


def _passages(
    app: App, tip: str, page_path: str, owners: list[tuple[int | None, UUID | None]] | None,
    text: str | None, known: dict[UUID, str],
) -> list[Passage]:  # fmt: skip
    """In a thread."""
    if text is None:
        data = app.repository.read(tip, page_path)
        if data is None:
            raise NoSuchPage(page_path=page_path, branch=tip)
        text = readable(data)
    lines = text.split("\n")
    commits = [
        hunk.commit for hunk in app.repository.blame(tip, page_path) for _ in range(hunk.line_count)
    ]
    places = owners or [(number, None) for number in range(len(lines))]
    found: list[tuple[str, str | None]] = []
    for base, owner in places[: len(lines)]:
        if base is not None and base < len(commits):
            found.append(("", commits[base]))
        elif base is not None:  # behind the last line feed
            found.append(found[-1] if found else ("", None))
        else:
            found.append((known.get(owner, "") if owner else "a file on disk", None))
    made, at = [], 0
    for (name, commit), group in groupby(found):
        count = len(list(group))
        info = app.repository.commit_info(commit) if commit else None
        made.append(
            Passage(
                at + 1,
                "\n".join(lines[at : at + count]),
                info.author.name if info else name,
                commit,
                info.at if info else None,
                info.subject if info else "not committed yet",
            )
        )
        at += count
    return made
