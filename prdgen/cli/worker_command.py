"""`prdgen worker`: index, publish and the other background jobs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from prdgen.cli.main import repository_option

_BESIDE: Final = 5
"""How far the worker of a server steps back behind it: nobody who types waits for a site."""


@click.command()
@repository_option
@click.option("--parent-pipe", type=int, hidden=True, help="Stop when this file descriptor closes.")
def command(repository: Path, parent_pipe: int | None) -> None:
    """Do background jobs until stopped.

    `prdgen serve` starts one by itself; run more of them, on PRDGEN_DATABASE_URL and
    PRDGEN_REDIS_URL, when building sites should not share the server's processors.

    \b
    PRDGEN_DATABASE_URL=postgresql://… PRDGEN_REDIS_URL=redis://… prdgen worker -C prds
    """
    from prdgen import settings
    from prdgen.flows import table

    if parent_pipe is not None:
        os.nice(_BESIDE)
    table.work(settings.load(repository), parent_pipe)
