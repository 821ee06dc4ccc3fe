"""The three forges' interfaces over one `Hub`, as their descriptions have them."""

from __future__ import annotations

from urllib.parse import unquote

from . import contracts
from .hub import Hub, Note, PullRequest, Reviewed

NO = "0" * 40


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def iso(moment) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Skin:
    """`handle` answers one request; `kind`, `api` and `header` say how a program asks."""

    def __init__(self, hub: Hub, web: str) -> None:
        self.hub, self.web = hub, web

    def hunk(self, note: Note) -> str:
        text = self.hub.git("show", f"{note.commit}:{note.path}").splitlines()
        return f"@@ -1 +1 @@\n {text[note.line - 1] if note.line <= len(text) else ''}"

    def login_id(self, login: str) -> int:
        return self.hub.logins.index(login) + 1

    def pull(self, number: str) -> PullRequest:
        if int(number) not in self.hub.pulls:
            raise Refused(404, "Not Found")
        return self.hub.pulls[int(number)]

    def listed(self, query: dict) -> list[PullRequest]:
        wanted = query.get("state")
        return [p for p in self.hub.pulls.values()
                if wanted in {None, "all"} or (p.state == "open") == (wanted in {"open", "opened"})]  # fmt: skip

    def opened(self, branch: str, base: str, title: str, body: str, status: int) -> PullRequest:
        if self.hub.tip(branch) is None or self.hub.tip(branch) == self.hub.tip(base):
            raise Refused(422, "Validation Failed: no commits between the two")
        made = self.hub.open(branch, base, title, body, "prdgen-bot")
        if made is None:
            raise Refused(status, f"A pull request already exists for team:{branch}.")
        return made

    def check_place(self, pull: PullRequest, path: str, line: int, commit: str) -> None:
        if commit != self.hub.head(pull) or not self.hub.is_shown(pull, path, line):
            raise Refused(422, "pull_request_review_thread.line must be part of the diff")

    def merged(self, pull: PullRequest, sha: str, how: str, message: str) -> str:
        if pull.state != "open":
            raise Refused(405, "Pull Request is not mergeable")
        if sha != self.hub.head(pull):
            raise Refused(409, "Head branch was modified. Review and try the merge again.")
        return self.hub.merge(pull.number, "prdgen-bot", how, message)


class GitHub(Skin):
    kind, api, header = "github", "/api/v3", ("authorization", "Bearer {}")

    def handle(self, op: str, at: list[str], query: dict, body: dict):
        hub = self.hub
        match op.replace("/repos/{owner}/{repo}", ""):
            case "get /pulls":
                found = self.listed(query)
                if head := query.get("head"):
                    found = [p for p in found if f"team:{p.branch}" == head]
                return 200, [self.shown(p, "get /repos/{owner}/{repo}/pulls") for p in found]
            case "post /pulls":
                made = self.opened(body["head"], body["base"], body["title"], body["body"], 422)
                return 201, self.shown(made)
            case "get /pulls/{pull_number}":
                return 200, self.shown(self.pull(at[0]))
            case "patch /pulls/{pull_number}":
                pull = self.pull(at[0])
                pull.title, pull.body = body.get("title", pull.title), body.get("body", pull.body)
                hub.touch(pull)
                if body.get("state"):
                    hub.end(pull.number, "prdgen-bot", body["state"])
                return 200, self.shown(pull)
            case "put /pulls/{pull_number}/merge":
                words = f"{body['commit_title']}\n\n{body['commit_message']}"
                sha = self.merged(self.pull(at[0]), body["sha"], body["merge_method"], words)
                return 200, {"merged": True, "message": "merged", "sha": sha}
            case "get /issues/{issue_number}/comments":
                return 200, [self.plain(n) for n in self.pull(at[0]).notes if n.path is None]
            case "post /issues/{issue_number}/comments":
                note = hub.comment(self.pull(at[0]).number, "prdgen-bot", body["body"])
                return 201, self.plain(note)
            case "get /pulls/{pull_number}/comments":
                return 200, [self.on_line(n) for n in self.pull(at[0]).notes if n.path]
            case "post /pulls/{pull_number}/comments":
                pull = self.pull(at[0])
                self.check_place(pull, body["path"], body["line"], body["commit_id"])
                note = hub.comment(
                    pull.number, "prdgen-bot", body["body"], path=body["path"], line=body["line"],
                    first_line=body.get("start_line"), commit=body["commit_id"],
                )  # fmt: skip
                return 201, self.on_line(note)
            case "post /pulls/{pull_number}/comments/{comment_id}/replies":
                pull = self.pull(at[0])
                if not any(n.id == int(at[1]) and n.path for n in pull.notes):
                    raise Refused(404, "Not Found")
                note = hub.comment(pull.number, "prdgen-bot", body["body"], thread=int(at[1]))
                return 201, self.on_line(note)
            case "get /pulls/{pull_number}/reviews":
                return 200, [self.reviewed(r) for r in self.pull(at[0]).reviews]
            case "post /statuses/{sha}":
                hub.marks[at[0]] = body
                return 201, {**contracts.example(op), **body}
            case "get /branches/{branch}":
                found = contracts.example(op)
                return 200, {**found, "name": unquote(at[0]), "protected": hub.protected}
        raise AssertionError(op)

    def graphql(self, body: dict):
        """Threads are settled here only."""
        facts = body["variables"]
        if "mutation" in body["query"]:
            pull, id_ = (int(part) for part in facts["id"].split("/"))
            settled = self.hub.pulls[pull].settled
            if "unresolve" in body["query"]:
                settled.pop(id_, None)
            else:
                settled[id_] = "prdgen-bot"
            self.hub.touch(self.hub.pulls[pull])
            return 200, {"data": {}}
        pull = self.hub.pulls[facts["number"]]
        nodes = [
            {"id": f"{pull.number}/{n.id}", "isResolved": n.id in pull.settled,
             "resolvedBy": {"login": pull.settled[n.id], "databaseId": self.login_id(pull.settled[n.id])}
             if n.id in pull.settled else None,
             "comments": {"nodes": [{"fullDatabaseId": str(n.id)}]}}
            for n in pull.notes if n.path and n.id == n.thread
        ]  # fmt: skip
        return 200, {"data": {"repository": {"pullRequest": {"reviewThreads": {"nodes": nodes}}}}}

    def user(self, login: str) -> dict:
        found = contracts.example("post /repos/{owner}/{repo}/pulls")["user"]
        return {**found, "login": login, "id": self.login_id(login)}

    def shown(self, pull: PullRequest, op: str = "get /repos/{owner}/{repo}/pulls/{pull_number}"):
        found = contracts.example(op)
        found = found[0] if isinstance(found, list) else found
        over = pull.state != "open"
        found |= {
            "number": pull.number, "html_url": f"{self.web}/{self.hub.project}/pull/{pull.number}",
            "state": "closed" if over else "open", "title": pull.title, "body": pull.body,
            "user": self.user(pull.by), "created_at": iso(pull.at), "updated_at": iso(pull.changed_at),
            "closed_at": iso(pull.ended_at) if over else None,
            "merged_at": iso(pull.ended_at) if pull.state == "merged" else None,
            "merge_commit_sha": pull.made or NO,
            "requested_teams": [],  # the example's own lacks what the schema asks for
        }  # fmt: skip
        if "merged" in found:
            found |= {"merged": pull.state == "merged",
                      "merged_by": self.user(pull.ended_by) if pull.state == "merged" else None}  # fmt: skip
        found["head"] |= {"ref": pull.branch, "sha": self.hub.head(pull)}
        found["base"] |= {"ref": pull.base}
        found["head"]["repo"] = {**found["base"]["repo"], "id": 9 if pull.is_foreign else 1}
        found["base"]["repo"] = {**found["base"]["repo"], "id": 1}
        return found

    def plain(self, note: Note):
        found = contracts.example("get /repos/{owner}/{repo}/issues/{issue_number}/comments")[0]
        return found | {"id": note.id, "body": note.text, "user": self.user(note.by),
                        "created_at": iso(note.at), "updated_at": iso(note.at)}  # fmt: skip

    def on_line(self, note: Note):
        found = contracts.example("get /repos/{owner}/{repo}/pulls/{pull_number}/comments")[0]
        found |= {
            "id": note.id, "body": note.text, "user": self.user(note.by), "path": note.path,
            "created_at": iso(note.at), "updated_at": iso(note.at), "commit_id": note.commit,
            "original_commit_id": note.commit, "line": note.line, "original_line": note.line,
            "diff_hunk": self.hunk(note), "start_line": note.first_line, "original_start_line": note.first_line, "side": "RIGHT",
        }  # fmt: skip
        found.pop("in_reply_to_id", None)
        return found | ({"in_reply_to_id": note.thread} if note.thread != note.id else {})

    def reviewed(self, review: Reviewed):
        found = contracts.example("get /repos/{owner}/{repo}/pulls/{pull_number}/reviews")[0]
        return found | {
            "id": review.id, "body": review.text, "user": self.user(review.by),
            "state": review.state, "submitted_at": iso(review.at), "commit_id": review.commit,
            "author_association": "COLLABORATOR" if review.counts else "NONE",
        }  # fmt: skip


class GitLab(Skin):
    kind, api, header = "gitlab", "/api/v4", ("private-token", "{}")
    one = "/projects/{id}/merge_requests/{iid}"

    def handle(self, op: str, at: list[str], query: dict, body: dict):
        hub, (project, *at) = self.hub, at
        if unquote(project) != hub.project:
            raise Refused(404, "404 Project Not Found")
        match op.replace(self.one, ":mr").replace("/projects/{id}", ""):
            case "get /merge_requests":
                found = self.listed(query)
                if branch := query.get("source_branch"):
                    found = [p for p in found if p.branch == branch]
                return 200, [self.shown(p, brief=True) for p in found]
            case "post /merge_requests":
                made = self.opened(body["source_branch"], body["target_branch"], body["title"],
                                   body["description"], 409)  # fmt: skip
                return 201, self.shown(made)
            case "get :mr":
                return 200, self.shown(self.pull(at[0]))
            case "put :mr":
                pull = self.pull(at[0])
                pull.title = body.get("title", pull.title)
                pull.body = body.get("description", pull.body)
                hub.touch(pull)
                if event := body.get("state_event"):
                    hub.end(pull.number, "prdgen-bot", {"close": "closed", "reopen": "open"}[event])
                return 200, self.shown(pull)
            case "put :mr/merge":
                how = "squash" if body["squash"] else "merge"
                words = body.get("squash_commit_message") or body.get("merge_commit_message", "")
                self.merged(self.pull(at[0]), body["sha"], how, words)
                return 200, self.shown(self.pull(at[0]))
            case "get :mr/discussions":
                pull = self.pull(at[0])
                firsts = [n for n in pull.notes if n.thread == n.id]
                return 200, [self.discussion(pull, n) for n in firsts]
            case "post :mr/discussions":
                pull, place, more = self.pull(at[0]), body.get("position"), {}
                if place:
                    new, old = place.get("new_line"), place.get("old_line")
                    is_new = not self.is_same_line(pull, place["new_path"], new)
                    if place["head_sha"] != hub.head(pull) or place["base_sha"] != hub.fork(pull) \
                            or (old is None) != is_new:  # fmt: skip
                        raise Refused(400, 'Note {:line_code=>["can\'t be blank"]}')
                    more = {"path": place["new_path"], "line": new, "commit": place["head_sha"]}
                note = hub.comment(pull.number, "prdgen-bot", body["body"], **more)
                return 201, self.discussion(pull, note)
            case "post :mr/discussions/{discussion_id}/notes":
                pull = self.pull(at[0])
                note = hub.comment(pull.number, "prdgen-bot", body["body"], thread=int(at[1], 16))
                return 201, self.note(pull, note)
            case "put :mr/discussions/{discussion_id}":
                pull, id_ = self.pull(at[0]), int(at[1], 16)
                pull.settled |= {id_: "prdgen-bot"}
                if not body["resolved"]:
                    del pull.settled[id_]
                hub.touch(pull)
                return 200, self.discussion(pull, next(n for n in pull.notes if n.id == id_))
            case "get :mr/approvals":
                last = {r.by: r for r in self.pull(at[0]).reviews}
                return 200, {"approved_by": [{"user": self.user(r.by), "approved_at": iso(r.at)}
                                             for r in last.values() if r.state == "APPROVED"]}  # fmt: skip
            case "get :mr/versions":
                pull = self.pull(at[0])
                hub.see(pull)
                return 200, [{"id": n, "head_commit_sha": tip, "created_at": iso(when)}
                             for n, (tip, when) in reversed([*enumerate(pull.versions)])]  # fmt: skip
            case "get :mr/reviewers":
                last = {r.by: r for r in self.pull(at[0]).reviews}
                return 200, [{"user": self.user(r.by), "state": "requested_changes"}
                             for r in last.values() if r.state == "CHANGES_REQUESTED"]  # fmt: skip
            case "post /statuses/{sha}":
                hub.marks[at[0]] = body
                return 201, {"id": 1, "sha": at[0], "status": body["state"]}
            case "get /repository/branches/{branch}":
                return 200, {"name": unquote(at[0]), "protected": True,
                             "can_push": not hub.protected}  # fmt: skip
        raise AssertionError(op)

    def is_same_line(self, pull: PullRequest, path: str, line: int) -> bool:
        text = self.hub.git("diff", "-U99999", self.hub.fork(pull), self.hub.head(pull), "--", path)
        at = 0
        for row in text.splitlines()[5:]:
            at += not row.startswith("-")
            if at == line and not row.startswith("-"):
                return row.startswith(" ")
        return True

    def user(self, login: str) -> dict:
        return {"id": self.login_id(login), "username": login, "name": login.title(),
                "state": "active", "web_url": f"{self.web}/{login}"}  # fmt: skip

    def shown(self, pull: PullRequest, *, brief: bool = False) -> dict:
        over, head = pull.state != "open", self.hub.head(pull)
        found = {
            "iid": pull.number, "web_url": f"{self.web}/{self.hub.project}/-/merge_requests/{pull.number}",
            "state": {"open": "opened"}.get(pull.state, pull.state), "title": pull.title,
            "description": pull.body, "source_branch": pull.branch, "target_branch": pull.base,
            "sha": head or None, "author": self.user(pull.by), "created_at": iso(pull.at),
            "updated_at": iso(pull.changed_at), "merge_commit_sha": pull.made,
            "squash_commit_sha": None, "source_project_id": 9 if pull.is_foreign else 1,
            "target_project_id": 1, "merged_at": iso(pull.ended_at) if pull.state == "merged" else None,
            "closed_at": iso(pull.ended_at) if pull.state == "closed" else None,
            "merge_user": self.user(pull.ended_by) if pull.state == "merged" else None,
            "closed_by": self.user(pull.ended_by) if over else None,
        }  # fmt: skip
        if not brief:
            fork = self.hub.fork(pull)
            found["diff_refs"] = {"base_sha": fork, "start_sha": fork, "head_sha": head}
            if pull.looks_before_prepared:
                pull.looks_before_prepared -= 1
                found["diff_refs"] = None
        return found

    def discussion(self, pull: PullRequest, first: Note) -> dict:
        notes = [n for n in pull.notes if n.thread == first.id]
        return {"id": f"{first.id:040x}", "individual_note": False,
                "notes": [self.note(pull, n) for n in notes]}  # fmt: skip

    def note(self, pull: PullRequest, note: Note) -> dict:
        by = pull.settled.get(note.thread)
        found = {
            "id": note.id, "type": "DiffNote" if note.path else "DiscussionNote", "body": note.text,
            "author": self.user(note.by), "created_at": iso(note.at), "system": False,
            "resolvable": True, "resolved": by is not None,
            "resolved_by": self.user(by) if by else None,
        }  # fmt: skip
        if note.path:
            found["position"] = {
                "base_sha": self.hub.fork(pull), "start_sha": self.hub.fork(pull),
                "head_sha": note.commit, "old_path": note.path, "new_path": note.path,
                "position_type": "text", "old_line": None, "new_line": note.line,
            }  # fmt: skip
        return found


class Gitea(Skin):
    kind, api, header = "gitea", "/api/v1", ("authorization", "token {}")

    def handle(self, op: str, at: list[str], query: dict, body: dict):
        hub = self.hub
        owner, repo, *at = at
        if f"{owner}/{repo}" != hub.project:
            raise Refused(404, "The target couldn't be found.")
        match op.replace("/repos/{owner}/{repo}", ""):
            case "get /pulls":
                return 200, [self.shown(p) for p in self.listed(query)]
            case "post /pulls":
                made = self.opened(body["head"], body["base"], body["title"], body["body"], 409)
                return 201, self.shown(made)
            case "get /pulls/{index}":
                return 200, self.shown(self.pull(at[0]))
            case "patch /pulls/{index}":
                pull = self.pull(at[0])
                pull.title, pull.body = body.get("title", pull.title), body.get("body", pull.body)
                hub.touch(pull)
                if body.get("state"):
                    hub.end(pull.number, "prdgen-bot", body["state"])
                return 201, self.shown(pull)
            case "post /pulls/{index}/merge":
                pull = self.pull(at[0])
                if body["Do"] == "manually-merged":
                    if not hub.allows_manual_merges:
                        raise Refused(405, "not allowed")
                    hub.end(pull.number, "prdgen-bot", "merged")
                    pull.made = body["MergeCommitID"]
                else:
                    words = f"{body['MergeTitleField']}\n\n{body['MergeMessageField']}"
                    self.merged(pull, body["head_commit_id"], body["Do"], words)
                return 200, None
            case "get /issues/{index}/comments":
                return 200, [self.plain(n) for n in self.pull(at[0]).notes if n.path is None]
            case "post /issues/{index}/comments":
                return 201, self.plain(hub.comment(int(at[0]), "prdgen-bot", body["body"]))
            case "get /pulls/{index}/reviews":
                pull = self.pull(at[0])
                lines = {n.review or n.id for n in pull.notes if n.path}
                return 200, [*(self.reviewed(r) for r in pull.reviews),
                             *(self.line_review(pull, id_) for id_ in sorted(lines))]  # fmt: skip
            case "post /pulls/{index}/reviews":
                pull, (line,) = self.pull(at[0]), body["comments"]
                if not hub.is_shown(pull, line["path"], line["new_position"]):
                    raise Refused(422, "no such line")
                same = [n for n in pull.notes
                        if (n.path, n.line) == (line["path"], line["new_position"])]  # fmt: skip
                note = hub.comment(
                    pull.number, "prdgen-bot", line["body"], path=line["path"],
                    line=line["new_position"], commit=body["commit_id"],
                    thread=same[0].thread if same else None,
                )  # fmt: skip
                return 200, self.line_review(pull, note.id)
            case "get /pulls/{index}/reviews/{id}/comments":
                pull = self.pull(at[0])
                return 200, [self.on_line(pull, n) for n in pull.notes
                             if n.path and (n.review or n.id) == int(at[1])]  # fmt: skip
            case "post /pulls/comments/{id}/resolve" | "post /pulls/comments/{id}/unresolve":
                if not hub.can_settle:
                    raise Refused(404, "Not Found")
                pull, note = next((p, n) for p in hub.pulls.values() for n in p.notes
                                  if n.id == int(at[0]))  # fmt: skip
                pull.settled |= {note.thread: "prdgen-bot"}
                if "unresolve" in op:
                    del pull.settled[note.thread]
                hub.touch(pull)
                return 204, None
            case "post /statuses/{sha}":
                hub.marks[at[0]] = body
                return 201, {"id": 1, "status": body["state"], "context": body["context"]}
            case "get /branches/{branch}":
                return 200, {"name": unquote(at[0]), "protected": hub.protected,
                             "user_can_push": not hub.protected}  # fmt: skip
        raise AssertionError(op)

    def user(self, login: str) -> dict:
        return {"id": self.login_id(login), "login": login, "full_name": login.title(),
                "email": f"{login}@noreply.example.org"}  # fmt: skip

    def shown(self, pull: PullRequest) -> dict:
        over, merged = pull.state != "open", pull.state == "merged"
        return {
            "number": pull.number, "html_url": f"{self.web}/{self.hub.project}/pulls/{pull.number}",
            "state": "closed" if over else "open", "title": pull.title, "body": pull.body,
            "user": self.user(pull.by), "created_at": iso(pull.at), "updated_at": iso(pull.changed_at),
            "closed_at": iso(pull.ended_at) if over else None, "merged": merged,
            "merged_at": iso(pull.ended_at) if merged else None,
            "merged_by": self.user(pull.ended_by) if merged else None, "merge_commit_sha": pull.made,
            # Gitea says what the branch is at, also when that moved after the merge.
            "head": {"ref": pull.ref or pull.branch, "sha": self.hub.tip(pull.branch) or self.hub.head(pull), "label": pull.branch,
                     "repo_id": 9 if pull.is_foreign else 1},
            "base": {"ref": pull.base, "sha": self.hub.tip(pull.base), "label": pull.base, "repo_id": 1},
        }  # fmt: skip

    def plain(self, note: Note) -> dict:
        return {"id": note.id, "body": note.text, "user": self.user(note.by),
                "created_at": iso(note.at), "updated_at": iso(note.at)}  # fmt: skip

    def reviewed(self, review: Reviewed) -> dict:
        state = {"CHANGES_REQUESTED": "REQUEST_CHANGES", "COMMENTED": "COMMENT"}
        return {
            "id": review.id, "body": review.text, "user": self.user(review.by), "comments_count": 0,
            "state": state.get(review.state, "APPROVED"), "submitted_at": iso(review.at),
            "commit_id": review.commit, "official": review.counts, "stale": False,
            "dismissed": review.state == "DISMISSED",
        }  # fmt: skip

    def line_review(self, pull: PullRequest, id_: int) -> dict:
        notes = [n for n in pull.notes if n.path and (n.review or n.id) == id_]
        return {
            "id": id_, "body": "", "user": self.user(notes[0].by), "comments_count": len(notes),
            "state": "COMMENT", "submitted_at": iso(notes[0].at), "commit_id": notes[0].commit,
            "official": False, "stale": False, "dismissed": False,
        }  # fmt: skip

    def on_line(self, pull: PullRequest, note: Note) -> dict:
        by = pull.settled.get(note.thread)
        return {
            "id": note.id, "body": note.text, "user": self.user(note.by), "path": note.path,
            "position": note.line, "original_position": 0, "commit_id": self.hub.tip(pull.base),
            "original_commit_id": "", "created_at": iso(note.at), "updated_at": iso(note.at),
            "diff_hunk": self.hunk(note), "pull_request_review_id": note.review or note.id,
            "resolver": self.user(by) if by else None,
        }  # fmt: skip


SKINS = {"github": GitHub, "gitlab": GitLab, "gitea": Gitea}
