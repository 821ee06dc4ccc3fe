"""Gitea and Forgejo: the interface that their swagger describes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote

from prdgen.forge.address import Address
from prdgen.forge.client import Access, Answers, Client
from prdgen.forge.errors import ForgeConflict, ForgeMissing, ForgeRefuses
from prdgen.forge.values import Decision, How, Mark, Place, Posted, Pull, Said, Talk, Who, Word

_RIGHTS: Final = "write:repository and write:issue"
_WORDS: Final[dict[str, Word]] = {
    "APPROVED": "approved", "REQUEST_CHANGES": "changes_requested",
}  # fmt: skip

_SPELT: Final = {
    "MergeTitleField": "merge_title_field", "MergeMessageField": "merge_message_field",
    "MergeCommitID": "merge_commit_id",
}  # fmt: skip


class Gitea:
    """A repository at a Gitea or a Forgejo."""

    suggests = "suggestion"

    def __init__(self, address: Address, token: str, seconds: float, answers: Answers) -> None:
        self.key = address.key
        self._host = address.host
        self._at = f"/repos/{address.project}"
        headers = {"accept": "application/json", "authorization": f"token {token}"}
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
        reviews = await self.client.get_all(f"{at}/pulls/{pull.number}/reviews", what)
        lines: list[tuple[Any, Any]] = []
        for each in reviews:
            if isinstance(each, dict) and each.get("comments_count"):
                address = f"{at}/pulls/{pull.number}/reviews/{each.get('id')}/comments"
                lines += [(each, line) for line in await self.client.get_all(address, what)]
        with self.client.reading(what):
            said = [*map(self._plain, plain), *self._on_lines(lines)]
            said += [self._plain_review(each) for each in reviews
                     if (each.get("body") or "").strip() and not _decides(each)]  # fmt: skip
            decisions = [self._decision(each) for each in reviews if _decides(each)]
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
        except (ForgeConflict, ForgeRefuses):
            known = [each for each in await self.open_pulls()
                     if (each.branch, each.base, each.is_foreign) == (branch, base, False)]  # fmt: skip
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
        """Comment on it, or on a line of a file in it."""
        what = f"take a comment on the pull request {pull.number}"
        if place is None:
            found = await self.client.send(
                "POST", f"{self._at}/issues/{pull.number}/comments", what, {"body": text}
            )
            with self.client.reading(what):
                id_ = f"issue-{int(found['id'])}"
            return Posted(id_, id_)
        comment = {"path": place.path, "body": text, "new_position": place.line}
        facts = {"event": "COMMENT", "body": "", "commit_id": place.commit, "comments": [comment]}
        address = f"{self._at}/pulls/{pull.number}/reviews"
        review = await self.client.send("POST", address, what, facts)
        with self.client.reading(what):
            made = f"{address}/{int(review['id'])}/comments"
        lines = await self.client.get_all(made, what)
        with self.client.reading(what):
            mine = next(each for each in lines if each["body"] == text) if lines else {}
            return Posted(f"line-{int(mine['id'])}", _thread(mine))

    async def reply(self, pull: Pull, thread: str, text: str) -> Posted:
        """Answer a comment; at a line it is one more comment there, as the forge itself does it."""
        line, _, rest = thread.partition(":")
        path = rest.partition(":")[2]
        if not path or line == "0":
            return await self.say(pull, text)
        return await self.say(pull, text, Place(path, int(line), pull.tip))

    async def resolve(self, pull: Pull, first: Posted, *, resolved: bool) -> bool:
        """Settle the thread that `first` began, or open it again; Gitea can from 1.27 on."""
        kind, _, id_ = first.id.partition("-")
        if kind != "line":
            return False
        what = f"settle a thread in the pull request {pull.number}"
        do = "resolve" if resolved else "unresolve"
        try:
            await self.client.send("POST", f"{self._at}/pulls/comments/{id_}/{do}", what, {})
        except (ForgeMissing, ForgeConflict):
            return False
        return True

    async def mark(self, commit: str, mark: Mark, words: str, address: str) -> None:
        """Show beside a commit how prdgen's review stands."""
        facts = {"state": mark, "context": "prdgen", "description": words[:140]}
        facts |= {"target_url": address} if address else {}
        what = f"take a status of the commit {commit[:10]}"
        await self.client.send("POST", f"{self._at}/statuses/{commit}", what, facts)

    async def is_protected(self, branch: str) -> bool:
        """Whether this account may change the branch by a pull request only."""
        what = f"show the branch {branch}"
        found = await self.client.get(f"{self._at}/branches/{quote(branch, safe='')}", what)
        with self.client.reading(what):
            return bool(found["protected"]) and not found["user_can_push"]

    async def merge(self, pull: Pull, how: How, title: str, message: str) -> None:
        """Merge it there, if it still is at its tip."""
        facts = {"head_commit_id": pull.tip, "MergeTitleField": title, "MergeMessageField": message}
        await self._merge(pull, how, facts)

    async def note_merged(self, pull: Pull, made: str) -> bool:
        """Where the project allows that, it is shown as merged by this commit."""
        try:
            await self._merge(pull, "manually-merged", {"MergeCommitID": made})
        except (ForgeConflict, ForgeRefuses, ForgeMissing):
            return False
        return True

    async def _merge(self, pull: Pull, do: str, facts: dict[str, str]) -> None:
        """Gitea from 1.27 on spells these names another way than it and Forgejo did before."""
        both: dict[str, str] = {"Do": do, "do": do}
        for key, value in facts.items():
            both |= {key: value, _SPELT.get(key, key): value}
        what = f"merge the pull request {pull.number}"
        await self.client.send("POST", f"{self._at}/pulls/{pull.number}/merge", what, both)

    def _pull(self, found: dict[str, Any]) -> Pull:
        merged = bool(found.get("merged"))
        ended = found.get("merged_at") or found.get("closed_at")
        by, head, base = found.get("merged_by"), found["head"], found["base"]
        state: Any = "merged" if merged else found["state"]
        return Pull(
            number=int(found["number"]), address=found["html_url"], state=state,
            title=found["title"], body=found.get("body") or "", branch=head["ref"],
            base=base["ref"], tip=head["sha"], author=self._who(found["user"]),
            changed_at=_moment(found["updated_at"]), began_at=_moment(found["created_at"]),
            made=found.get("merge_commit_sha") if merged else None,
            ended_by=self._who(by) if by else None, ended_at=_moment(ended) if ended else None,
            # One that was made by a push to `refs/for/main` has no branch, in any repository.
            is_foreign=head.get("repo_id") != base.get("repo_id") or head["ref"].startswith("refs/"),
        )  # fmt: skip

    def _plain(self, found: dict[str, Any]) -> Said:
        id_ = f"issue-{int(found['id'])}"
        return Said(id_, id_, True, self._who(found["user"]), _moment(found["created_at"]),
                    found.get("body") or "")  # fmt: skip

    def _plain_review(self, found: dict[str, Any]) -> Said:
        id_ = f"review-{int(found['id'])}"
        return Said(id_, id_, True, self._who(found["user"]), _moment(found["submitted_at"]),
                    found["body"])  # fmt: skip

    def _on_lines(self, lines: list[tuple[dict[str, Any], dict[str, Any]]]) -> list[Said]:
        """Comments at one line are a thread, as Gitea itself shows them; the oldest begins it.

        A comment's own `commit_id` is the one that wrote the line; its number counts in the text of
        the review's commit.
        """
        said, begun = [], set[str]()
        for review, found in sorted(lines, key=lambda each: int(each[1]["id"])):
            thread, hunk = _thread(found), (found.get("diff_hunk") or "").splitlines()
            commit = review.get("commit_id") or found["commit_id"]
            place = Place(
                found["path"], int(found.get("position") or 0), commit,
                quote=hunk[-1][1:] if hunk else "",
            )  # fmt: skip
            said.append(Said(
                f"line-{int(found['id'])}", thread, thread not in begun,
                self._who(found["user"]), _moment(found["created_at"]), found["body"], place,
                bool(found.get("resolver")),
                self._who(found["resolver"]) if found.get("resolver") else None,
            ))  # fmt: skip
            begun.add(thread)
        return said

    def _decision(self, found: dict[str, Any]) -> Decision:
        return Decision(
            f"review-{int(found['id'])}", "none" if found.get("dismissed") else _WORDS[found["state"]],
            self._who(found["user"]), _moment(found["submitted_at"]), found.get("commit_id") or "",
            (found.get("body") or "").strip(), bool(found.get("official")),
        )  # fmt: skip

    def _who(self, found: dict[str, Any] | None) -> Who:
        """By the address that Gitea gives to commits of accounts that hide theirs."""
        name = str((found or {}).get("login") or "ghost")
        return Who(name, f"{name}@noreply.{self._host}")


def _thread(found: dict[str, Any]) -> str:
    new, old = (int(found.get(key) or 0) for key in ("position", "original_position"))
    return f"{new}:{old}:{found['path']}"


def _decides(review: dict[str, Any]) -> bool:
    """An approval, or a request for changes, that counts; other words are comments."""
    return review["state"] in _WORDS and bool(review.get("official"))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
