"""Who may write where: protected paths for owners, and the folders of `.prdgen/roles.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import yaml
from anyio import to_thread

from prdgen.builder import site_config
from prdgen.errors import PrdgenError
from prdgen.flows import pages_of, roles
from prdgen.flows.clone import Clone
from prdgen.git import trees
from prdgen.store.people import Person

PROTECTED: Final = ("mkdocs.yml", "prdgen.toml", "site/overrides/", "hooks/", ".prdgen/")
"""What decides how this server works, from the top folder; beside these mkdocs.yml's `custom_dir`."""
PROTECTED_NAMES: Final = (".gitattributes", ".gitmodules")
"""The same in every folder."""


class MayNotWrite(PrdgenError):
    """{who} may not write {page_path}: {rule}.

    `whom` is to be asked: people with the role `ask`, by name where the names are known.
    """

    cure = "Ask {whom}. Who may write where stands in `.prdgen/roles.yml` on the main branch, which owners change."
    status = 403

    def __init__(self, **facts: Any) -> None:
        super().__init__(**{"whom": "an owner of this repository", "ask": "owner", **facts})


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force, read from the main branch only."""

    protected: tuple[str, ...]
    folders: Mapping[str, str | tuple[str, ...]]
    """Folder (`site/legal/`) → the least role, or the addresses of those who may write there."""

    def refusal(self, path: str, email: str, role: str) -> str | None:
        """The rule that keeps someone from writing at `path`, in words; None: they may."""
        if role == "owner":
            return None
        if rule := self._protection(path):
            return f"`{rule}` is protected, only owners change it"
        folder = self._folder(path)
        if folder is None:
            return None
        who = self.folders[folder]
        if isinstance(who, str):
            allowed, wanted = roles.at_least(role, who), f"the role {who}"
        else:
            allowed, wanted = email.lower() in who, f"one of {', '.join(who)}"
        return None if allowed else f"in `{folder}` writing takes {wanted} ({roles.ROLES_FILE})"

    def whom(self, path: str) -> dict[str, str]:
        """Whom to ask who may not write at `path`, as facts of the refusal."""
        folder = None if self._protection(path) else self._folder(path)
        who = self.folders[folder] if folder else "owner"
        return {"ask": who} if isinstance(who, str) else {"ask": "", "whom": " or ".join(who)}

    def _folder(self, path: str) -> str | None:
        within = [folder for folder in self.folders if path.startswith(folder)]
        return max(within, key=len, default=None)

    def _protection(self, path: str) -> str | None:
        plain = "/".join(map(trees.as_elsewhere, path.split("/")))
        for rule in self.protected:
            folded = rule.casefold()
            if plain == folded.rstrip("/") or (rule.endswith("/") and plain.startswith(folded)):
                return rule
        name = plain.rpartition("/")[2]
        return name if name in PROTECTED_NAMES else None


def load(clone: Clone) -> Rules:
    """In a thread: the rules of the main branch. Raises BadRoles, and NoMainBranch, which is one."""
    tip = roles.main_tip(clone)
    config = clone.repository.read(tip, "mkdocs.yml") if tip else None
    written = clone.repository.read(tip, roles.ROLES_FILE) if tip else None
    return _rules(config, written)


async def check(clone: Clone, person: Person, role: str, page_path: str) -> None:
    """Raises MayNotWrite when a rule keeps this person from writing the page."""
    if role == "owner":
        return
    rules = await to_thread.run_sync(load, clone)
    if rule := rules.refusal(page_path, person.email, role):
        raise MayNotWrite(who=person.name, page_path=page_path, rule=rule, **rules.whom(page_path))


async def allows(clone: Clone, person: Person, role: str, page_path: str) -> bool:
    """Whether the rules let this person write the page; nobody but owners while they are broken."""
    try:
        await check(clone, person, role, page_path)
    except (MayNotWrite, roles.BadRoles):
        return False
    return True


async def check_new(clone: Clone, person: Person, role: str, folder: str | None) -> None:
    """The same for a new page in a folder; None: where new pages go."""
    where = await to_thread.run_sync(pages_of.folder_of_new, clone) if folder is None else folder
    await check(clone, person, role, f"{where.strip('/')}/new.md".lstrip("/"))


@lru_cache(maxsize=8)
def _rules(config: bytes | None, written: bytes | None) -> Rules:
    protected: tuple[str, ...] = PROTECTED
    if config is not None and (theme := _custom_dir(config)):
        protected = (*protected, f"{theme}/")
    return Rules(protected, {} if written is None else _folders(written))


def _custom_dir(config: bytes) -> str:
    try:
        return site_config.read(config).custom_dir
    except PrdgenError:  # A configuration that is not used: the publisher says what is wrong.
        return ""


def _folders(written: bytes) -> dict[str, str | tuple[str, ...]]:
    roles.parse(written)
    found = (yaml.safe_load(written) or {}).get("folders") or {}
    if not isinstance(found, dict):
        raise roles.BadRoles(
            why="folders: expected lines of `folder/: role` or a list of addresses"
        )
    return {f"{str(folder).strip('/')}/": _who(folder, who) for folder, who in found.items()}


def _who(folder: object, who: object) -> str | tuple[str, ...]:
    if isinstance(who, str) and who in roles.ROLES:
        return who
    addresses = [who] if isinstance(who, str) else who
    if isinstance(addresses, list) and all(
        isinstance(one, str) and "@" in one for one in addresses
    ):
        return tuple(one.lower() for one in addresses)
    known = ", ".join(roles.ROLES)
    raise roles.BadRoles(
        why=f"folders: {folder}: expected one of {known}, or addresses; got {who!r}"
    )
