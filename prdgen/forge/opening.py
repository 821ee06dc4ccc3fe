"""A forge's address and token → its client, open for the time of one exchange."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prdgen.forge.address import Address
from prdgen.forge.client import Answers
from prdgen.forge.gitea import Gitea
from prdgen.forge.github import GitHub
from prdgen.forge.gitlab import GitLab
from prdgen.forge.values import Forge


@asynccontextmanager
async def opened(
    address: Address, token: str, seconds: float, answers: Answers
) -> AsyncIterator[Forge]:
    """The project at that address; `answers` is kept by the caller from one time to the next."""
    kinds: dict[str, type[GitHub | GitLab | Gitea]] = {
        "github": GitHub, "gitlab": GitLab, "gitea": Gitea,
    }  # fmt: skip
    made = kinds[address.kind](address, token, seconds, answers)
    try:
        yield made
    finally:
        await made.client.close()
