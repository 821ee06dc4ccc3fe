"""GitLab: version 4 of its REST interface. A merge request is the pull request."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote

from prdgen.forge.address import Address
from prdgen.forge.client import Access, Answers, Client
from prdgen.forge.errors import (
    ForgeConflict,
    ForgeDenied,
    ForgeForbids,
    ForgeMissing,
    ForgeRefuses,
)
from prdgen.forge.values import Decision, How, Mark, Place, Posted, Pull, Said, State, Talk, Who

_RIGHTS: Final = "the scope `api`, with the role Developer or higher in the project"
_STATES: Final[dict[str, State]] = {
    "opened": "open", "locked": "open", "closed": "closed", "merged": "merged",
}  # fmt: skip
_MARKS: Final = {"pending": "pending", "success": "success", "failure": "failed"}


class _Tips:
    """What the tip of a merge request was, and since when."""

    def __init__(self, versions: list[dict[str, Any]]) -> None:
        self._since = sorted(
            (_moment(each["created_at"]), str(each["head_commit_sha"])) for each in versions
        )

    def at(self, moment: datetime) -> str | None:
        """The tip at that moment, the first one before any was noted; None: nobody knows."""
        begun = [tip for since, tip in self._since if since <= moment]
        first = [tip for _, tip in self._since[:1]]
        return next(iter([*reversed(begun), *first]), None)


class GitLab:
    """A project at GitLab."""

    suggests = "suggestion:-{before}+0"

    def __init__(self, address: Address, token: str, seconds: float, answers: Answers) -> None:
        self.key = address.key
        self._host = address.host
        self._at = f"/projects/{quote(address.project, safe='')}"
        headers = {"accept": "application/json", "private-token": token}
        self.client = Client(
            Access(address.api, address.key, _RIGHTS, headers, token, seconds), answers
        )

    async def open_pulls(self) -> list[Pull]:
        """The merge requests that are open."""
        what = "list the open merge requests"
        found = await self.client.get_all(f"{self._at}/merge_requests", what, state="opened")
        with self.client.reading(what):
            return [self._pull(each) for each in found]

    async def pull(self, number: int) -> Pull:
        """One of them, open or not."""
        what = f"show the merge request {number}"
        found = await self.client.get(f"{self._at}/merge_requests/{number}", what)
        with self.client.reading(what):
            return self._pull(found)

    async def talk(self, pull: Pull) -> Talk:
        """What is said of it, and decided."""
        at, what = self._one(pull.number), f"list what is said of the merge request {pull.number}"
        threads = await self.client.get_all(f"{at}/discussions", what)
        approvals = await self.client.get(f"{at}/approvals", what)
        try:
            reviewers = await self.client.get_all(f"{at}/reviewers", what)
        except ForgeMissing:
            reviewers = []  # an older GitLab
        with self.client.reading(what):
            dated = any(each.get("approved_at") for each in approvals["approved_by"])
        versions = await self.client.get_all(f"{at}/versions", what) if dated else []
        with self.client.reading(what):
            said = [found for thread in threads for found in self._thread(thread)]
            decisions = self._decisions(pull, approvals, reviewers, _Tips(versions))
        return Talk(tuple(sorted(said, key=lambda each: (not each.begins, each.at))), decisions)

    async def open(self, title: str, body: str, branch: str, base: str) -> Pull:
        """Open one; the one that is open already when there is one for this branch."""
        what = f"open a merge request for {branch}"
        facts = {"source_branch": branch, "target_branch": base, "title": title,
                 "description": body}  # fmt: skip
        try:
            found = await self.client.send("POST", f"{self._at}/merge_requests", what, facts)
        except ForgeConflict:
            listed = await self.client.get_all(
                f"{self._at}/merge_requests", what, state="opened", source_branch=branch,
                target_branch=base,
            )  # fmt: skip
            with self.client.reading(what):
                known = [found for each in listed if not (found := self._pull(each)).is_foreign]
            if not known:
                raise
            return known[0]
        with self.client.reading(what):
            return self._pull(found)

    async def edit(
        self, number: int, *, title: str | None = None, body: str | None = None,
        state: Literal["open", "closed"] | None = None,
    ) -> None:  # fmt: skip
        """Change what is given."""
        event = {"open": "reopen", "closed": "close", None: None}[state]
        given = {"title": title, "description": body, "state_event": event}
        facts = {key: value for key, value in given.items() if value is not None}
        what = f"change the merge request {number}"
        await self.client.send("PUT", self._one(number), what, facts)

    async def say(self, pull: Pull, text: str, place: Place | None = None) -> Posted:
        """Comment on it, or on a line of a file in it. Each comment begins a thread."""
        what = f"take a comment on the merge request {pull.number}"
        facts: dict[str, object] = {"body": text}
        if place is not None:
            if pull.compared is None:
                raise ForgeRefuses(what=what, where=self.key, got="it has not compared the commits")
            base, start = pull.compared
            position: dict[str, object] = {
                "position_type": "text", "base_sha": base, "start_sha": start, "head_sha": pull.tip,
                "new_path": place.path, "old_path": place.old_path or place.path,
                "new_line": place.line,
            }  # fmt: skip
            if place.old_line is not None:
                position["old_line"] = place.old_line
            facts["position"] = position
        address = f"{self._one(pull.number)}/discussions"
        found = await self.client.send("POST", address, what, facts)
        with self.client.reading(what):
            return Posted(f"note-{int(found['notes'][0]['id'])}", str(found["id"]))

    async def reply(self, pull: Pull, thread: str, text: str) -> Posted:
        """Answer a comment."""
        what = f"take an answer in the merge request {pull.number}"
        address = f"{self._one(pull.number)}/discussions/{quote(thread, safe='')}/notes"
        found = await self.client.send("POST", address, what, {"body": text})
        with self.client.reading(what):
            return Posted(f"note-{int(found['id'])}", thread)

    async def resolve(self, pull: Pull, first: Posted, *, resolved: bool) -> bool:
        """Settle the thread that `first` began, or open it again."""
        what = f"settle a thread in the merge request {pull.number}"
        address = f"{self._one(pull.number)}/discussions/{quote(first.thread, safe='')}"
        try:
            await self.client.send("PUT", address, what, {"resolved": resolved})
        except ForgeRefuses:
            return False  # a comment that is no thread
        return True

    async def mark(self, commit: str, mark: Mark, words: str, address: str) -> None:
        """Show beside a commit how prdgen's review stands."""
        facts = {"state": _MARKS[mark], "name": "prdgen", "description": words[:140]}
        facts |= {"target_url": address} if address else {}
        what = f"take a status of the commit {commit[:10]}"
        try:
            await self.client.send("POST", f"{self._at}/statuses/{commit}", what, facts)
        except ForgeConflict:
            return  # It has this state already.

    async def is_protected(self, branch: str) -> bool:
        """Whether this account may change the branch by a merge request only."""
        what = f"show the branch {branch}"
        address = f"{self._at}/repository/branches/{quote(branch, safe='')}"
        found = await self.client.get(address, what)
        with self.client.reading(what):
            return bool(found["protected"]) and not found["can_push"]

    async def merge(self, pull: Pull, how: How, title: str, message: str) -> None:
        """Merge it there, if it still is at its tip; without `squash` by the project's own method."""
        words = f"{title}\n\n{message}".strip()
        facts: dict[str, object] = {"sha": pull.tip, "squash": how == "squash"}
        facts["squash_commit_message" if how == "squash" else "merge_commit_message"] = words
        what = f"merge the merge request {pull.number}"
        try:
            await self.client.send("PUT", f"{self._one(pull.number)}/merge", what, facts)
        except ForgeDenied as error:
            # So GitLab says that this account may not merge it; the token it knows, it was just read with it.
            raise ForgeForbids(rights=_RIGHTS, **error.facts) from error

    async def note_merged(self, pull: Pull, made: str) -> bool:  # noqa: ARG002 - the protocol's
        """GitLab finds out by itself, when the commits are the same."""
        return False

    def _one(self, number: int) -> str:
        return f"{self._at}/merge_requests/{number}"

    def _pull(self, found: dict[str, Any]) -> Pull:
        refs = found.get("diff_refs") or {}
        compared = (refs["base_sha"], refs["start_sha"]) if refs.get("base_sha") else None
        ended = found.get("merged_at") or found.get("closed_at")
        by = found.get("merge_user") or found.get("merged_by") or found.get("closed_by")
        return Pull(
            number=int(found["iid"]), address=found["web_url"], state=_STATES[found["state"]],
            title=found["title"], body=found.get("description") or "",
            branch=found["source_branch"], base=found["target_branch"], tip=found["sha"] or "",
            author=self._who(found["author"]), changed_at=_moment(found["updated_at"]),
            began_at=_moment(found["created_at"]),
            made=found.get("merge_commit_sha") or found.get("squash_commit_sha")
            or (found["sha"] if found["state"] == "merged" else None),
            ended_by=self._who(by) if by else None, ended_at=_moment(ended) if ended else None,
            is_foreign=found["source_project_id"] != found["target_project_id"], compared=compared,
            is_preparing="diff_refs" in found and compared is None,  # lists leave them out
        )  # fmt: skip

    def _thread(self, thread: dict[str, Any]) -> list[Said]:
        notes = [note for note in thread["notes"] if not note["system"]]
        return [self._said(str(thread["id"]), note, note is notes[0]) for note in notes]

    def _said(self, thread: str, note: dict[str, Any], begins: bool) -> Said:
        place, position = None, note.get("position") or {}
        if position.get("position_type") == "text" and position.get("new_path"):
            line_range = (position.get("line_range") or {}).get("start") or {}
            place = Place(
                position["new_path"], int(position.get("new_line") or 0), position["head_sha"],
                line_range.get("new_line"),
            )  # fmt: skip
        by = note.get("resolved_by")
        return Said(
            f"note-{int(note['id'])}", thread, begins, self._who(note["author"]),
            _moment(note["created_at"]), note["body"], place,
            bool(note.get("resolved")) if note.get("resolvable") else None,
            self._who(by) if by else None,
        )  # fmt: skip

    def _decisions(
        self, pull: Pull, approvals: dict[str, Any], reviewers: list[dict[str, Any]], tips: _Tips
    ) -> tuple[Decision, ...]:
        """GitLab keeps who approves now, and since when; not of which commit, which was the tip then."""
        approved = []
        for each in approvals["approved_by"]:
            at = _moment(each.get("approved_at"))
            seen = tips.at(at) if at else None
            approved.append(
                Decision("", "approved", self._who(each["user"]), at or pull.changed_at,
                         seen or pull.tip, is_dated=seen is not None)
            )  # fmt: skip
        against = [
            Decision("", "changes_requested", self._who(each["user"]), pull.changed_at, pull.tip)
            for each in reviewers if each.get("state") == "requested_changes"
        ]  # fmt: skip
        return tuple(approved + against)

    def _who(self, found: dict[str, Any]) -> Who:
        """By the private address that GitLab gives to the account's commits."""
        name = str(found["username"])
        return Who(name, f"{int(found['id'])}-{name}@users.noreply.{self._host}")


def _moment(text: str | None) -> Any:
    return datetime.fromisoformat(text) if text else None
