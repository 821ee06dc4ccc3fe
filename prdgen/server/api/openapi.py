"""The OpenAPI 3.1 description, made from the table of operations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from prdgen import __version__
from prdgen.server.api.operations import STRING, Operation

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "hint", "code"],
    "properties": {
        "type": STRING, "title": STRING, "status": {"type": "integer"},
        "detail": STRING, "hint": STRING, "code": STRING, "instance": STRING,
    },
}  # fmt: skip


def describe(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole description as a JSON value."""
    paths: dict[str, Any] = {}
    for operation in operations:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "prdgen",
            "version": __version__,
            "description": "Pages, requirements, versions and events of a repository of PRDs. "
            "Errors are problem details (RFC 9457) with a `hint` that says what to do.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "prdgen_session",
                    "description": "With `_` and the first letters of the repository's id.",
                },
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": {
            str(operation.status): {
                "description": "Done.",
                "content": {operation.answer_type: {"schema": operation.answer}},
            },
            "default": {
                "description": "What went wrong, and what to do.",
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            },
        },
    }
    if operation.body is not None:
        found["requestBody"] = {
            "required": operation.body.get("type") != "object" or "required" in operation.body,
            "content": {operation.body_type: {"schema": operation.body}},
        }
    if operation.role is None:
        found["security"] = []
    return found


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)(?::\w+)?\}", operation.path)
    return [{"name": name, "in": "path", "required": True, "schema": STRING} for name in names]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": bool(schema.get("x-required")),
         "schema": {k: v for k, v in schema.items() if k != "x-required"}}
        for name, schema in operation.query.items()
    ]  # fmt: skip
