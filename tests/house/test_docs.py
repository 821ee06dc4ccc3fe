"""The documentation names everything the code offers, and its links lead somewhere."""

import importlib.util
from pathlib import Path

import pytest
from starlette.routing import Mount

from prdgen import events, settings
from prdgen.cli import main
from prdgen.errors import slug
from prdgen.page import checks
from prdgen.server import routes

TOP = Path(__file__).parents[2]
DOCS = TOP / "docs"
PROSE = sorted([*TOP.glob("*.md"), *DOCS.rglob("*.md"), *(TOP / "site").rglob("*.md")])
SPEC = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
reference = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(reference)


def text(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def unnamed(names: list[str], page: str) -> list[str]:
    """Those of `names` that no code span of the page begins with."""
    return [name for name in names if f"`{name}" not in text(page)]


@pytest.mark.parametrize("name", reference.PAGES)
def test_tables_are_as_the_code_has_them(name: str):
    """A table that lags behind is written anew by `python docs/reference.py` (or `make fix`)."""
    assert reference.written(text(name)) == text(name)


def test_every_part_stands_in_a_page():
    """A marker that was deleted would silence the test above."""
    everything = "".join(text(name) for name in reference.PAGES)
    assert [
        part for part in reference.PARTS if f"from the code: {part} -->" not in everything
    ] == []


def test_every_setting_is_named():
    names = [name for each in settings.SETTINGS for name in (each.name, each.variable)]
    assert unnamed(names, "settings.md") == []


def test_every_command_is_named():
    page = text("commands.md")
    assert [name for name in main.COMMANDS if f"## prdgen {name}\n" not in page] == []


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_option_is_named(name: str):
    """Within the section of its command, options of the commands below it too."""
    section = text("commands.md").partition(f"## prdgen {name}\n")[2].partition("\n## prdgen ")[0]
    command = main.main.get_command(None, name)
    commands = [command, *getattr(command, "commands", {}).values()]
    params = [each for one in commands for each in one.params if not getattr(each, "hidden", False)]
    options = [option for each in params for option in each.opts if option.startswith("-")]
    assert [option for option in options if option not in section] == []


def test_every_event_is_named():
    assert unnamed(list(events.EVENT_TYPES), "events.md") == []


def test_every_error_is_named_and_has_words_and_a_cure():
    kinds = list(reference.all_errors())
    assert unnamed([slug(kind.__name__) for kind in kinds], "errors.md") == []
    assert [kind for kind in kinds if not kind.__doc__ or not kind.cure] == []


def test_every_operation_is_named():
    paths = [f"{each.method} {each.path.replace(':path', '')}" for each in routes.OPERATIONS]
    assert unnamed(paths, "api.md") == []


def test_every_address_is_named():
    paths = [route.path.replace(":path", "") for route in routes.all_routes()
             if isinstance(route, Mount) or not route.path.startswith("/api/")]  # fmt: skip
    assert unnamed(paths, "api.md") == []


@pytest.mark.parametrize("page", PROSE, ids=lambda path: str(path.relative_to(TOP)))
def test_prose_is_clean(page: Path):
    """Our own pages pass our own checks: links, images, anchors, nothing left to be written."""
    pages = {str(path.relative_to(TOP)) for path in PROSE}
    files = {str(path.relative_to(TOP)) for folder in ("docs", "site", "prd-templates")
             for path in (TOP / folder).rglob("*") if path.is_file()} | {"LICENSE", *pages}  # fmt: skip
    found = checks.check(
        str(page.relative_to(TOP)),
        page.read_text("utf-8"),
        pages,
        known_files=files,
        anchors_of=lambda path: checks.anchors((TOP / path).read_text("utf-8")),
    )
    assert [f"{problem.line}: {problem.message}" for problem in found] == []
