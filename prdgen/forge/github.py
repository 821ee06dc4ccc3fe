"""GitHub: its REST interface, as `@octokit/openapi` describes it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote

from prdgen.forge.address import Address
from prdgen.forge.client import Access, Answers, Client
from prdgen.forge.errors import ForgeForbids, ForgeMissing, ForgeRefuses
from prdgen.forge.values import (
    Decision,
    How,
    Mark,
    Place,
    Posted,
    Pull,
    Said,
    Talk,
    Who,
    Word,
)

log = logging.getLogger(__name__)
_RIGHTS: Final = "Pull requests, Issues, Contents and Commit statuses: read and write"
_COUNTED: Final = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""Anybody may approve a public project's pull request; only these are asked to."""
_WORDS: Final[dict[str, Word]] = {
    "APPROVED": "approved", "CHANGES_REQUESTED": "changes_requested", "DISMISSED": "none",
}  # fmt: skip

_THREADS: Final = """query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    reviewThreads(first: 100) { nodes {
      id isResolved resolvedBy { login databaseId } comments(first: 1) { nodes { fullDatabaseId } }
    } }
  } }
}"""


@dataclass(frozen=True, slots=True)
class _Thread:
    id: str
    resolved: bool
    by: str
    by_id: int


class GitHub:
    """A repository at GitHub."""

    suggests = "suggestion"

    def __init__(self, address: Address, token: str, seconds: float, answers: Answers) -> None:
        self.key = address.key
        self._host = address.host
        self._owner = address.project.partition("/")[0]
        self._project = address.project
        self._at = f"/repos/{address.project}"
        # The one address that is not below the others' on a server of one's own.
        self._graph = f"{address.api.removesuffix('/v3')}/graphql"
        headers = {
            "accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28",
            "authorization": f"Bearer {token}",
        }  # fmt: skip
        self.client = Client(
            Access(address.api, address.key, _RIGHTS, headers, token, seconds), answers
        )

    async def open_pulls(self) -> list[Pull]:
        """The pull requests that are open."""
        what = "list the open pull requests"
        found = await self.client.get_all(f"{self._at}/pulls", what, state="open")
        with self.client.reading(what):
            return [self._pull(each) for each in found]

    async def pull(self, number: int) -> Pull:
        """One of them, open or not."""
        what = f"show the pull request {number}"
        found = await self.client.get(f"{self._at}/pulls/{number}", what)
        with self.client.reading(what):
            return self._pull(found)

    async def talk(self, pull: Pull) -> Talk:
        """What is said of it, and decided."""
        at, what = self._at, f"list what is said of the pull request {pull.number}"
        plain = await self.client.get_all(f"{at}/issues/{pull.number}/comments", what)
        lines = await self.client.get_all(f"{at}/pulls/{pull.number}/comments", what)
        reviews = await self.client.get_all(f"{at}/pulls/{pull.number}/reviews", what)
        threads = await self._known_threads(pull.number) if lines else {}
        with self.client.reading(what):
            said = [*map(self._plain, plain), *(self._on_line(each, threads) for each in lines)]
            decisions = [made for each in reviews if (made := self._decision(each))]
            # A review may have nothing but words, or words of somebody whose word does not count.
            said += [self._plain_review(each) for each in reviews
                     if (each.get("body") or "").strip() and _is_talk(each)]  # fmt: skip
        return Talk(
            tuple(sorted(said, key=lambda each: (not each.begins, each.at))),
            tuple(sorted(decisions, key=lambda each: each.at)),
        )

    async def open(self, title: str, body: str, branch: str, base: str) -> Pull:
        """Open one; the one that is open already when there is one for this branch."""
        what = f"open a pull request for {branch}"
        facts = {"title": title, "body": body, "head": branch, "base": base}
        try:
            found = await self.client.send("POST", f"{self._at}/pulls", what, facts)
        except ForgeRefuses:
            listed = await self.client.get_all(
                f"{self._at}/pulls", what, state="open", head=f"{self._owner}:{branch}", base=base
            )
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
        given = {"title": title, "body": body, "state": state}
        facts = {key: value for key, value in given.items() if value is not None}
        what = f"change the pull request {number}"
        await self.client.send("PATCH", f"{self._at}/pulls/{number}", what, facts)

    async def say(self, pull: Pull, text: str, place: Place | None = None) -> Posted:
        """Comment on it, or on lines of a file in it."""
        what = f"take a comment on the pull request {pull.number}"
        if place is None:
            found = await self.client.send(
                "POST", f"{self._at}/issues/{pull.number}/comments", what, {"body": text}
            )
            with self.client.reading(what):
                id_ = f"issue-{int(found['id'])}"
            return Posted(id_, id_)
        facts: dict[str, object] = {"body": text, "commit_id": place.commit, "path": place.path,
                                    "line": place.line, "side": "RIGHT"}  # fmt: skip
        if place.first_line is not None and place.first_line < place.line:
            facts |= {"start_line": place.first_line, "start_side": "RIGHT"}
        address = f"{self._at}/pulls/{pull.number}/comments"
        found = await self.client.send("POST", address, what, facts)
        with self.client.reading(what):
            id_ = f"line-{int(found['id'])}"
        return Posted(id_, id_)

    async def reply(self, pull: Pull, thread: str, text: str) -> Posted:
        """Answer a comment; only comments on lines have answers of their own there."""
        kind, _, id_ = thread.partition("-")
        if kind != "line":
            return await self.say(pull, text)
        what = f"take an answer in the pull request {pull.number}"
        address = f"{self._at}/pulls/{pull.number}/comments/{id_}/replies"
        found = await self.client.send("POST", address, what, {"body": text})
        with self.client.reading(what):
            return Posted(f"line-{int(found['id'])}", thread)

    async def resolve(self, pull: Pull, first: Posted, *, resolved: bool) -> bool:
        """Settle the thread that `first` began, or open it again."""
        thread = (await self._threads(pull.number)).get(first.id)
        if thread is None:
            return False
        do = "resolveReviewThread" if resolved else "unresolveReviewThread"
        query = f"mutation($id: ID!) {{ {do}(input: {{threadId: $id}}) {{ thread {{ id }} }} }}"
        what = f"settle a thread in the pull request {pull.number}"
        await self._graphql(query, what, {"id": thread.id})
        return True

    async def mark(self, commit: str, mark: Mark, words: str, address: str) -> None:
        """Show beside a commit how prdgen's review stands."""
        facts = {"state": mark, "context": "prdgen", "description": words[:140]}
        facts |= {"target_url": address} if address else {}
        what = f"take a status of the commit {commit[:10]}"
        await self.client.send("POST", f"{self._at}/statuses/{commit}", what, facts)

    async def is_protected(self, branch: str) -> bool:
        """Whether the branch has a protection."""
        what = f"show the branch {branch}"
        found = await self.client.get(f"{self._at}/branches/{quote(branch, safe='')}", what)
        with self.client.reading(what):
            return bool(found["protected"])

    async def merge(self, pull: Pull, how: How, title: str, message: str) -> None:
        """Merge it there, if it still is at its tip."""
        facts = {"sha": pull.tip, "merge_method": how, "commit_title": title,
                 "commit_message": message}  # fmt: skip
        what = f"merge the pull request {pull.number}"
        await self.client.send("PUT", f"{self._at}/pulls/{pull.number}/merge", what, facts)

    async def note_merged(self, pull: Pull, made: str) -> bool:  # noqa: ARG002 - the protocol's
        """GitHub finds out by itself, when the commits are the same."""
        return False

    async def _known_threads(self, number: int) -> dict[str, _Thread]:
        """None, when the token may not ask that: the rest of the talk matters more."""
        try:
            return await self._threads(number)
        except (ForgeRefuses, ForgeForbids, ForgeMissing) as error:
            log.info("which threads are settled is not known: %s", error)
            return {}

    async def _threads(self, number: int) -> dict[str, _Thread]:
        """The threads at lines, by their first comment: only GraphQL knows whether they are settled."""
        owner, _, name = self._project.partition("/")
        facts = {"owner": owner, "name": name, "number": number}
        what = f"list the threads of the pull request {number}"
        found = await self._graphql(_THREADS, what, facts)
        with self.client.reading(what):
            nodes = found["repository"]["pullRequest"]["reviewThreads"]["nodes"]
            return {
                f"line-{int(each['comments']['nodes'][0]['fullDatabaseId'])}": _Thread(
                    each["id"], bool(each["isResolved"]), (each["resolvedBy"] or {}).get("login", ""),
                    (each["resolvedBy"] or {}).get("databaseId", 0),
                )
                for each in nodes
                if each["comments"]["nodes"]
            }  # fmt: skip

    async def _graphql(self, query: str, what: str, variables: dict[str, object]) -> Any:
        found = await self.client.send(
            "POST", self._graph, what, {"query": query, "variables": variables}
        )
        with self.client.reading(what):
            if found.get("errors"):
                said = "; ".join(str(each["message"]) for each in found["errors"])
                raise ForgeRefuses(what=what, where=self.key, got=said)
            return found["data"]

    def _pull(self, found: dict[str, Any]) -> Pull:
        merged = found.get("merged_at") is not None
        state: Any = "merged" if merged else found["state"]
        head = found["head"]
        ended = found.get("merged_at") or found.get("closed_at")
        return Pull(
            number=int(found["number"]), address=found["html_url"], state=state,
            title=found["title"], body=found.get("body") or "", branch=head["ref"],
            base=found["base"]["ref"], tip=head["sha"], author=self._who(found["user"]),
            changed_at=_moment(found["updated_at"]), began_at=_moment(found["created_at"]),
            made=found.get("merge_commit_sha") if merged else None,
            ended_by=self._who(found["merged_by"]) if found.get("merged_by") else None,
            ended_at=_moment(ended) if ended else None,
            is_foreign=(head.get("repo") or {}).get("id") != found["base"]["repo"]["id"],
        )  # fmt: skip

    def _plain(self, found: dict[str, Any]) -> Said:
        id_ = f"issue-{int(found['id'])}"
        return Said(id_, id_, True, self._who(found["user"]), _moment(found["created_at"]),
                    found.get("body") or "")  # fmt: skip

    def _plain_review(self, found: dict[str, Any]) -> Said:
        id_ = f"review-{int(found['id'])}"
        return Said(id_, id_, True, self._who(found["user"]), _moment(found["submitted_at"]),
                    found["body"])  # fmt: skip

    def _on_line(self, found: dict[str, Any], threads: dict[str, _Thread]) -> Said:
        first = found.get("in_reply_to_id")
        line = found.get("original_line") or found.get("line")
        place = None
        if line and found.get("side", "RIGHT") == "RIGHT":
            hunk = (found.get("diff_hunk") or "").splitlines()
            commit = found.get("original_commit_id") or found["commit_id"]
            begin = found.get("original_start_line") or found.get("start_line")
            place = Place(found["path"], int(line), commit, begin,
                          quote=hunk[-1][1:] if hunk else "")  # fmt: skip
        else:
            place = Place(found["path"], 0, found.get("original_commit_id") or found["commit_id"])
        id_ = f"line-{int(found['id'])}"
        thread = threads.get(id_)
        by = Who(thread.by, self._email(thread.by, thread.by_id)) if thread and thread.by else None
        return Said(
            id_, f"line-{int(first or found['id'])}", not first, self._who(found["user"]),
            _moment(found["created_at"]), found["body"], place,
            thread.resolved if thread else None, by,
        )  # fmt: skip

    def _decision(self, found: dict[str, Any]) -> Decision | None:
        word = _WORDS.get(found["state"])
        if word is None or not found.get("submitted_at"):
            return None
        return Decision(
            f"review-{int(found['id'])}", word, self._who(found["user"]),
            _moment(found["submitted_at"]), found.get("commit_id") or "",
            (found.get("body") or "").strip(), found.get("author_association") in _COUNTED,
        )  # fmt: skip

    def _who(self, found: dict[str, Any] | None) -> Who:
        """By the address that GitHub itself gives to commits of the account."""
        if not found:
            return Who("ghost", self._email("ghost", 0))
        login = str(found["login"])
        return Who(login, self._email(login, int(found["id"])))

    def _email(self, login: str, id_: int) -> str:
        return f"{id_}+{login}@users.noreply.{self._host}"


def _is_talk(review: dict[str, Any]) -> bool:
    counts = review.get("author_association") in _COUNTED
    return bool(review.get("submitted_at")) and not (review["state"] in _WORDS and counts)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
