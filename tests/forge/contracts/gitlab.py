"""What GitLab's documentation says of the requests prdgen makes: fields, which are needed, their kinds.

From the pages merge_requests, discussions, merge_request_approvals, commits and branches of its REST
documentation (version 4).
"""

TEXT, NUMBER, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
POSITION = {
    "type": "object",
    "properties": {
        "position_type": {"enum": ["text", "image", "file"]}, "base_sha": TEXT, "start_sha": TEXT,
        "head_sha": TEXT, "new_path": TEXT, "old_path": TEXT, "new_line": NUMBER, "old_line": NUMBER,
    },
    "required": ["position_type", "base_sha", "start_sha", "head_sha", "new_path", "old_path"],
}  # fmt: skip
ONE = "/projects/{id}/merge_requests/{iid}"


def _body(required, **fields):
    return {"type": "object", "properties": fields, "required": required}


OPERATIONS = {
    "get /projects/{id}/merge_requests": None,
    "post /projects/{id}/merge_requests": _body(
        ["source_branch", "target_branch", "title"], source_branch=TEXT, target_branch=TEXT,
        title=TEXT, description=TEXT, remove_source_branch=FLAG, squash=FLAG,
    ),
    f"get {ONE}": None,
    f"put {ONE}": _body([], title=TEXT, description=TEXT, target_branch=TEXT,
                        state_event={"enum": ["close", "reopen"]}),
    f"put {ONE}/merge": _body(
        [], merge_commit_message=TEXT, squash_commit_message=TEXT, squash=FLAG, sha=TEXT,
        should_remove_source_branch=FLAG,
    ),
    f"get {ONE}/discussions": None,
    f"post {ONE}/discussions": _body(["body"], body=TEXT, position=POSITION, commit_id=TEXT),
    f"put {ONE}/discussions/{{discussion_id}}": _body(["resolved"], resolved=FLAG),
    f"post {ONE}/discussions/{{discussion_id}}/notes": _body(["body"], body=TEXT),
    f"get {ONE}/approvals": None,
    f"get {ONE}/reviewers": None,
    f"get {ONE}/versions": None,
    "post /projects/{id}/statuses/{sha}": _body(
        ["state"], state={"enum": ["pending", "running", "success", "failed", "canceled", "skipped"]},
        ref=TEXT, name=TEXT, context=TEXT, target_url=TEXT, description=TEXT,
    ),
    "get /projects/{id}/repository/branches/{branch}": None,
}  # fmt: skip
