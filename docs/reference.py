"""Writes the tables in these pages from the code's own tables: `python docs/reference.py`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from starlette.routing import Mount, Route, WebSocketRoute

import prdgen
from prdgen import errors, events, settings
from prdgen.cli.main import COMMANDS, main
from prdgen.server import routes
from prdgen.server.api.operations import Operation
from prdgen.sync.errors import Refusal

DOCS = Path(__file__).parent
PACKAGE = Path(prdgen.__file__).parent
PART = re.compile(r"(<!-- from the code: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_FACT = re.compile(r"\{(\w+)(?:![rs])?(?::[^}]*)?\}")


def table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table; a `|` inside a cell is escaped."""
    lines = [titles, tuple("---" for _ in titles), *rows]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def first_paragraph(text: str | None) -> str:
    """The docstring's first paragraph on one line."""
    return " ".join((text or "").split("\n\n")[0].split())


def settings_part() -> str:
    """Every setting."""
    rows = []
    for each in settings.SETTINGS:
        default = ", ".join(each.default) if isinstance(each.default, tuple) else str(each.default)
        least = "" if each.low is None else f"`{each.low}`"
        shown = f"`{default}`" if default not in {"", "."} else ""
        rows.append((f"`{each.name}`", f"`{each.variable}`", shown, least, each.help))
    return table(("in `prdgen.toml`", "in the environment", "default", "least", "what it is"), rows)


def commands_part() -> str:
    """Every command with its arguments and options."""
    found = [f"\n## prdgen {name}\n\n{_command(name, _load(name))}" for name in COMMANDS]
    return "".join(found) + "\n"


def _load(name: str) -> click.Command:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    return command


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"prdgen {name}")
    text = _help(command)
    if isinstance(command, click.Group):
        below = [
            f"### prdgen {name} {sub}\n\n{_command(f'{name} {sub}', command.commands[sub])}"
            for sub in command.list_commands(context)
        ]
        return text + "\n" + "\n".join(below)
    rows = [
        (f"`{', '.join(each.opts)}`", "yes" if each.required else "", _told(each))
        if isinstance(each, click.Option)
        else (f"`{each.human_readable_name}`", "yes" if each.required else "", "argument")
        for each in command.params
        if not getattr(each, "hidden", False)
    ]
    return text + ("\n" + table(("option", "needed", "what it is"), rows) if rows else "")


def _told(option: click.Option) -> str:
    default = option.default
    shown = option.show_default if isinstance(option.show_default, str) else ""
    if option.show_default is True and default is not None:
        shown = str(default)
    return f"{option.help or ''}{f'  [default: {shown}]' if shown else ''}"


def _help(command: click.Command) -> str:
    parts = []
    for part in inspect.cleandoc(command.help or "").split("\n\n"):
        if part.startswith("\b"):
            parts.append("```sh\n" + part.removeprefix("\b\n") + "\n```\n")
        else:
            parts.append(" ".join(part.split()) + "\n")
    return "\n".join(parts)


def events_part() -> str:
    """Every event, and whether anything sends it."""
    sources = "".join(
        path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.stem != "events"
    )
    sent = {
        name: "when `types` names it" if name in events.LIVE_ONLY else "yes"
        for name in events.EVENT_TYPES
        if name in events.LIVE_ONLY or f'"{name}"' in sources
    }
    rows = [
        (f"`{name}`", text, sent.get(name, "not yet")) for name, text in events.EVENT_TYPES.items()
    ]
    return table(("event", "what happened", "sent today"), rows)


def api_part() -> str:
    """Every operation of the API."""
    rows = [
        (f"`{each.method} {_path(each.path)}`", each.summary, each.role or "anyone", _takes(each))
        for each in routes.OPERATIONS
    ]
    return table(("operation", "what it does", "role", "takes"), rows)


def _path(path: str) -> str:
    return path.replace(":path}", "}")


def _takes(operation: Operation) -> str:
    said = [f"`?{name}=`" for name in operation.query]
    properties: dict[str, Any] = (operation.body or {}).get("properties", {})
    said += [f"`{name}`" for name in properties]
    if operation.body is not None and operation.body_type != "application/json":
        said.append(f"`{operation.body_type}`")
    return " ".join(said)


def pages_part() -> str:
    """Every address beside the API."""
    operations = {operation.path for operation in routes.OPERATIONS}
    rows = []
    for route in routes.all_routes():
        if isinstance(route, Mount):
            rows.append((f"`{route.path}/…`", "Files of the server's own pages."))
        elif isinstance(route, Route | WebSocketRoute) and route.path not in operations:
            text = first_paragraph(inspect.getdoc(route.endpoint)) or "The API's description."
            if isinstance(route, WebSocketRoute):
                text = first_paragraph(inspect.getmodule(route.endpoint).__doc__)  # type: ignore[union-attr]
            rows.append((f"`{_path(route.path)}`", text))
    return table(("address", "what is there"), rows)


def closings_part() -> str:
    """Every reason for which an editor's connection is closed."""
    found = {Refusal, *(kind for kind in all_errors() if issubclass(kind, Refusal))}
    rows = [
        (f"`{kind.close_code}`", _facts(first_paragraph(kind.__doc__)))
        for kind in sorted(found, key=lambda each: (each.close_code, each.__name__))
    ]
    return table(("code", "why"), rows)


def errors_part() -> str:
    """Every error, by the room it comes from."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for kind in sorted(set(all_errors()), key=lambda each: (each.__module__, each.__name__)):
        room = kind.__module__.removeprefix("prdgen.").split(".")[0]
        again = "yes" if kind.retryable else ""
        code = f"`{errors.slug(kind.__name__)}`"
        exits = f"{kind.status} / {kind.exit_code}"
        words = first_paragraph(kind.__doc__)
        found.setdefault(room, []).append((code, exits, again, _facts(words), _facts(kind.cure)))
    titles = ("code", "HTTP / exit", "try again", "message", "what to do")
    return "".join(f"\n## {room}\n\n{table(titles, rows)}" for room, rows in found.items()) + "\n"


def all_errors() -> Iterator[type[errors.PrdgenError]]:
    """Every subclass of PrdgenError there is in the package."""
    for module in pkgutil.walk_packages(prdgen.__path__, "prdgen."):
        if not module.name.endswith(("__main__", "_child", "mkdocs_plugin")):
            importlib.import_module(module.name)
    waiting = [errors.PrdgenError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            if kind.__module__.startswith("prdgen."):
                yield kind
                waiting.append(kind)


def _facts(text: str) -> str:
    return _FACT.sub(r"*\1*", text)


PARTS = {
    "settings": settings_part, "commands": commands_part, "events": events_part,
    "api": api_part, "pages": pages_part, "closings": closings_part, "errors": errors_part,
}  # fmt: skip
PAGES = ("settings.md", "commands.md", "events.md", "api.md", "errors.md")


def written(text: str) -> str:
    """The page's text with every part that comes from the code written anew."""
    return PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}", text)


if __name__ == "__main__":
    for name in PAGES:
        page = DOCS / name
        page.write_text(written(page.read_text("utf-8")), "utf-8")
