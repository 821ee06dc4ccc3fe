"""Every setting in one table, from which loading, checks, help and docs/settings.md come."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from prdgen.errors import PrdgenError


class BadSettings(PrdgenError):
    """Some settings cannot be used: {problems}."""

    cure = "Correct them where they stand (prdgen.toml or the environment); see docs/settings.md."
    exit_code = 2


def _setting(
    default: Any, help_text: str, *, secret: bool = False, low: float | None = None
) -> Any:
    return field(default=default, metadata={"help": help_text, "secret": secret, "low": low})


@dataclass(frozen=True, slots=True)
class Settings:
    """One frozen set of settings, made once at a door and passed down."""

    repository: Path = _setting(
        Path(), "The team's Git repository; the folder of its working tree."
    )
    host: str = _setting("127.0.0.1", "The address to listen on.")
    port: int = _setting(8400, "The port to listen on; 0 takes a free one.", low=0)
    base_url: str = _setting(
        "", "The address people reach this server at; empty: from host and port."
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (), "Host names beside base_url's, localhost and 127.0.0.1 that requests may name."
    )
    database_url: str = _setting(
        "", "PostgreSQL 15 or newer; empty: the embedded one.", secret=True
    )
    redis_url: str = _setting("", "Valkey or Redis; empty: the embedded one.", secret=True)
    state_dir: str = _setting(
        "", "Where this clone's data lives; empty: `.git/prdgen` in the repository."
    )
    public_dir: str = _setting(
        "public", "Where the built site goes, inside the repository or absolute."
    )
    site_url: str = _setting(
        "", "The published site's address, for absolute links; empty: base_url."
    )
    main_branch: str = _setting(
        "", "The branch that is published; empty: the one HEAD names at first."
    )
    pages: tuple[str, ...] = _setting(
        (), "Globs of the pages, relative to the repository; empty: `mkdocs.yml`'s docs_dir."
    )
    live_limit: int = _setting(262_144, "Bytes a page may have to be edited live.", low=1024)
    message_limit: int = _setting(4_194_304, "Bytes one sync message may have.", low=65_536)
    operations_limit: int = _setting(50_000, "Operations one change may have.", low=100)
    epoch_changes: int = _setting(
        20_000,
        "A live document with so many changes is followed by a new one, while people type.",
        low=10,
    )
    epoch_idle_changes: int = _setting(
        5_000, "The same, when nobody has written for quiet_seconds.", low=10
    )
    quiet_seconds: float = _setting(60.0, "A page quiet for so long is committed.", low=0.1)
    write_seconds: float = _setting(
        0.25, "Typing is in the working-tree file after so many seconds.", low=0.01
    )
    settle_seconds: float = _setting(
        0.1, "A file changed from outside must stand still so long before it is read.", low=0.01
    )
    lease_seconds: float = _setting(10.0, "How long a lease on a document lasts unrenewed.", low=1)
    commit_hook_seconds: float = _setting(30.0, "Time limit for the repository's own commit hooks.")
    connections_per_address: int = _setting(
        100, "Open editor connections per client address.", low=1
    )
    messages_per_second: int = _setting(200, "Sync messages a connection may send a second.", low=1)
    workers: int = _setting(2, "Jobs done at once by the worker process.", low=1)
    log_level: str = _setting("info", "debug, info, warning or error.")
    log_json: bool = _setting(False, "Log lines as JSON.")
    trace: bool = _setting(False, "Print each edit's way through the server with times.")


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: how a setting is named, read, checked and explained."""

    name: str
    default: Any
    help: str
    secret: bool
    low: float | None
    parse: Callable[[Any], Any]

    @property
    def variable(self) -> str:
        """The environment variable that sets it; with `_FILE`, one naming a file that holds it."""
        return f"PRDGEN_{self.name.upper()}"


def _parse_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "yes": True, "on": True}
    known |= {"0": False, "false": False, "no": False, "off": False, "": False}
    try:
        return known[str(value).strip().lower()]
    except KeyError:
        raise ValueError("expected true or false") from None


def _parse_list(value: Any) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    return tuple(str(item).strip() for item in items if str(item).strip())


def _parse_number(kind: type[int | float]) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError(f"expected a number, got {value}")
        return kind(value)

    return parse


def _parser(default: Any) -> Callable[[Any], Any]:
    if isinstance(default, bool):
        return _parse_bool
    if isinstance(default, (int, float)):
        return _parse_number(type(default))
    if isinstance(default, tuple):
        return _parse_list
    return Path if isinstance(default, Path) else str


SETTINGS: Final = tuple(
    Setting(f.name, f.default, f.metadata["help"], f.metadata["secret"], f.metadata["low"],
            _parser(f.default))
    for f in fields(Settings)
)  # fmt: skip
"""All settings, in the order in which docs and help show them."""


def load(
    repository: Path,
    environment: Mapping[str, str] = os.environ,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Settings from, in rising order: defaults, `prdgen.toml` in the repository, the
    environment (`PRDGEN_NAME`, or `PRDGEN_NAME_FILE`), and `overrides` (command-line flags; None
    values do not count). Raises BadSettings naming every problem at once.
    """
    problems: list[str] = []
    given: dict[str, tuple[str, Any]] = {}
    given |= _from_file(repository / "prdgen.toml", problems)
    given |= _from_environment(environment, problems)
    given |= {k: ("command line", v) for k, v in (overrides or {}).items() if v is not None}
    values: dict[str, Any] = {"repository": repository}
    table = {setting.name: setting for setting in SETTINGS}
    for name, (where, raw) in given.items():
        if name not in table:
            problems.append(f"{where}: there is no setting {name!r}")
            continue
        setting = table[name]
        try:
            value = setting.parse(raw)
        except (TypeError, ValueError) as error:
            problems.append(f"{where}: {name}: {error}")
            continue
        if setting.low is not None and value < setting.low:
            problems.append(f"{where}: {name}: expected at least {setting.low}, got {value}")
        values[name] = value
    if problems:
        raise BadSettings(problems="; ".join(problems))
    values["repository"] = Path(values["repository"]).expanduser().absolute()
    return Settings(**values)


def _from_file(path: Path, problems: list[str]) -> dict[str, tuple[str, Any]]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path.name}: {error}")
        return {}
    return {name: (path.name, value) for name, value in content.items()}


def _from_environment(
    environment: Mapping[str, str], problems: list[str]
) -> dict[str, tuple[str, Any]]:
    found: dict[str, tuple[str, Any]] = {}
    for setting in SETTINGS:
        file_variable = f"{setting.variable}_FILE"
        if file_variable in environment:
            try:
                text = Path(environment[file_variable]).read_text("utf-8").strip()
            except OSError as error:
                problems.append(f"{file_variable}: {error}")
                continue
            found[setting.name] = (file_variable, text)
        if setting.variable in environment:
            found[setting.name] = (setting.variable, environment[setting.variable])
    return found
