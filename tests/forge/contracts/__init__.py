"""Requests and answers against the forges' own descriptions."""

import json
import re
from functools import cache
from pathlib import Path

from graphql import (
    NoDeprecatedCustomRule,
    build_schema,
    parse,
    specified_rules,
    validate,
)
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS30Validator

from . import gitlab

HERE = Path(__file__).parent


@cache
def described(kind: str) -> dict:
    return json.loads((HERE / f"{kind}.json").read_text("utf-8"))


@cache
def operations(kind: str) -> list[tuple[str, str, re.Pattern[str]]]:
    """Method, name and pattern of each operation, the most exact first."""
    names = gitlab.OPERATIONS if kind == "gitlab" else described(kind)["operations"]
    found = []
    for name in names:
        method, _, path = name.partition(" ")
        pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(path))
        found.append((method, name, re.compile(pattern)))
    return sorted(found, key=lambda each: each[1].count("{"))


def operation(kind: str, method: str, path: str) -> str | None:
    """The described operation for a request."""
    return next(
        (name for m, name, pattern in operations(kind)
         if m == method.lower() and pattern.fullmatch(path)), None
    )  # fmt: skip


def check_request(kind: str, name: str, body: object) -> list[str]:
    """What the description says against a request's body; unknown fields count: they are ignored."""
    schema = _request_schema(kind, name)
    if schema is None:
        return [f"{name} takes no body"] if body else []
    wrong = _errors(kind, schema, body)
    known = _resolved(kind, schema).get("properties", {})
    return wrong + [f"{key} is no field of {name}" for key in body or {} if key not in known]


def check_answer(kind: str, name: str, answer: object) -> list[str]:
    """What the description says against an answer: tests' servers keep to it, too."""
    if kind == "gitlab":
        return []
    found = described(kind)["operations"][name]
    if kind == "github":
        return _errors(kind, found["answer"], answer)
    if found["answer"] is None:
        return []
    schema = {"$ref": f"#/components/schemas/{found['answer']}"}
    known = _resolved(kind, schema)["properties"]
    items = answer if isinstance(answer, list) else [answer]
    return [
        problem for each in items
        for problem in (*_errors(kind, schema, each),
                        *(f"{key} is no field of {name}" for key in each if key not in known))
    ]  # fmt: skip


def check_graphql(body: dict) -> list[str]:
    """What GitHub's schema says against a query and its variables; a deprecated field counts."""
    schema = build_schema((HERE / "github.graphql").read_text("utf-8"))
    query = parse(body["query"])
    rules = [*specified_rules, NoDeprecatedCustomRule]
    wrong = [error.message for error in validate(schema, query, rules)]
    asked = {each.variable.name.value for each in query.definitions[0].variable_definitions}
    return wrong + [f"{name} is no variable" for name in asked ^ body["variables"].keys()]


def example(name: str) -> object:
    """GitHub's own example of an answer, anew."""
    return json.loads(json.dumps(described("github")["operations"][name]["example"]))


def _request_schema(kind: str, name: str) -> dict | None:
    if kind == "gitlab":
        return gitlab.OPERATIONS[name]
    found = described(kind)["operations"][name]["request"]
    return {"$ref": f"#/components/schemas/{found}"} if isinstance(found, str) else found


def _resolved(kind: str, schema: dict) -> dict:
    name = schema.get("$ref", "").rpartition("/")[2]
    return described(kind)["components"]["schemas"][name] if name else schema


def _errors(kind: str, schema: dict, value: object) -> list[str]:
    whole = dict(schema)
    if kind != "gitlab":
        whole = {"allOf": [schema], "components": described(kind)["components"]}
    validator = (OAS30Validator if kind == "github" else Draft202012Validator)(whole)
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]
