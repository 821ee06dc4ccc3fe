"""The queue's tables: made at the first opening, brought along when procrastinate is upgraded."""

from __future__ import annotations

import re
from importlib import metadata, resources
from typing import Any, Final, LiteralString, cast

from procrastinate import PsycopgConnector
from procrastinate.schema import SchemaManager

_HEADING: Final = re.compile(r"^-- (\w+): (.+)$", re.MULTILINE)


def load() -> dict[str, LiteralString]:
    """The statements of `sql/jobs.sql`: each starts with a line `-- its_name: why it is`."""
    text = resources.files("prdgen.jobs").joinpath("sql", "jobs.sql").read_text("utf-8")
    pieces = _HEADING.split(text)
    statements = (body.strip().rstrip(";") for body in pieces[3::3])
    return cast("dict[str, LiteralString]", dict(zip(pieces[1::3], statements, strict=True)))


SQL: Final = load()


async def prepare(connector: PsycopgConnector) -> None:
    """Make or upgrade the tables, in one transaction; any number of processes may do so at once."""
    wanted = metadata.version("procrastinate")
    async with connector.pool.connection() as connection:
        await connection.execute(SQL["lock_schema"])
        found = await (await connection.execute(SQL["version"])).fetchone()
        scripts = _scripts(found, wanted)
        for script in scripts:
            await connection.execute(script.encode())
        if found is None or found[0] != wanted:
            note = f"COMMENT ON TABLE procrastinate_jobs IS '{_plain(wanted)}'"
            await connection.execute(note.encode())
        await connection.execute(SQL["errors_table"])


def _scripts(found: tuple[Any, ...] | None, wanted: str) -> list[str]:
    if found is None:
        return [SchemaManager.get_schema()]
    had = _numbers(found[0] or wanted)
    folder = resources.files("procrastinate.sql").joinpath("migrations")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
                   key=lambda entry: entry.name)  # fmt: skip
    return [entry.read_text("utf-8") for entry in files if _numbers(entry.name) > had]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _plain(version: str) -> str:
    return re.sub(r"[^0-9A-Za-z.+-]", "", version)
