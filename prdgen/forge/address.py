"""Settings and the remote's address → which forge, and which project of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from prdgen.forge.errors import BadForge

Kind = Literal["github", "gitlab", "gitea"]
_KNOWN: Final[dict[str, Kind]] = {
    "github.com": "github", "gitlab.com": "gitlab", "codeberg.org": "gitea", "gitea.com": "gitea",
}  # fmt: skip
"""Hosts that are certainly one kind of forge; others are named in the settings."""
_KINDS: Final[dict[str, Kind]] = {
    "github": "github", "gitlab": "gitlab", "gitea": "gitea", "forgejo": "gitea",
}  # fmt: skip
_APIS: Final = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1"}
_PROJECT: Final = re.compile(r"[\w.~-]+(/[\w.~-]+)+")


@dataclass(frozen=True, slots=True)
class Address:
    """One project at one forge."""

    kind: Kind
    url: str
    """The forge's own address, as people open it, without a slash at the end."""
    project: str
    """`team/prds`."""

    @property
    def api(self) -> str:
        """Where its interface for programs is."""
        if self.kind == "github" and self.url == "https://github.com":
            return "https://api.github.com"
        return self.url + _APIS[self.kind]

    @property
    def host(self) -> str:
        """The host's name, for people."""
        return urlsplit(self.url).netloc

    @property
    def key(self) -> str:
        """The project, whoever asks: `github.com/team/prds`."""
        return f"{self.url.partition('://')[2]}/{self.project}"


def of(kind: str, url: str, project: str, remote: str) -> Address | None:
    """The project that the settings name, with what they leave out taken from the remote's address.

    None: the kind is not set and cannot be told from the host. Raises BadForge.
    """
    host, path = _parts(remote)
    url = url.rstrip("/") or (f"https://{host}" if host else "")
    if not url:
        if kind:
            raise BadForge(why="`forge_url` is empty, and the remote's address names no host")
        return None
    found = _KINDS.get(kind) or _KNOWN.get(urlsplit(url).hostname or "")
    if found is None:
        return None
    below = urlsplit(url).path.strip("/")
    if below and path.startswith(f"{below}/"):
        path = path.removeprefix(f"{below}/")
    project = project.strip("/") or path
    if not _PROJECT.fullmatch(project) or (found != "gitlab" and project.count("/") != 1):
        raise BadForge(why=f"`forge_project` is to be like `team/prds`, and is {project!r}")
    return Address(found, url, project)


def _parts(remote: str) -> tuple[str, str]:
    """Host (with the port of an https address) and path of a remote's address, or nothing."""
    if "://" in remote:
        parts = urlsplit(remote)
        if parts.scheme == "file" or not parts.hostname:
            return "", ""
        plain = parts.netloc.rpartition("@")[2]
        host = plain if parts.scheme in {"http", "https"} else parts.hostname
        path = parts.path
    elif found := re.fullmatch(r"(?:[^@/:]+@)?([^/:]+):(.+)", remote):
        host, path = found[1], found[2]
    else:
        return "", ""
    return host, path.strip("/").removesuffix(".git").strip("/")
