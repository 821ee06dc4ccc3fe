"""A remote's name or address → how Git reaches it: one protocol, no prompt, no secret in sight."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from prdgen.git import process
from prdgen.git.errors import BadRemote
from prdgen.git.repository import Repository

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_OWN_NAME: Final = "prdgen-remote"
"""The remote's name in Git when an address was given instead of a name."""
_PROTOCOLS: Final = {
    "https": "https", "http": "http", "ssh": "ssh", "git+ssh": "ssh", "ssh+git": "ssh",
    "file": "file",
}  # fmt: skip
_KEPT: Final = (
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY",
    "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO",
)  # fmt: skip
_USER: Final = "PRDGEN_GIT_USER"
_PASSWORD: Final = "PRDGEN_GIT_PASSWORD"  # noqa: S105
_HELPER: Final = (
    f"!f() {{ test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' "
    f'"${_USER}" "${_PASSWORD}"; }}; f'
)
_SLOW_BYTES: Final = 1
"""A remote that works on our push for long says a few bytes every five seconds."""


@dataclass(frozen=True, slots=True)
class Access:
    """What the settings say about the remote."""

    remote: str
    """A remote's name in Git's configuration, or an address."""
    user: str = "git"
    token: str = field(default="", repr=False)
    ssh_key: str = ""
    seconds: float = 60.0
    """How long the remote may be silent."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How Git reaches one remote."""

    name: str
    address: str
    """For people: without user and password."""
    protocol: str
    options: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)
    seconds: float = 60.0

    @property
    def spoken(self) -> str:
        """What people write for it in a `git push` of their own."""
        return self.address if self.name == _OWN_NAME else self.name

    @property
    def how_to_get_in(self) -> str:
        """Where the right to enter is set, for this protocol."""
        if self.protocol == "ssh":
            return (
                "Try `ssh` to that host as the user prdgen runs as: its key must be known there, "
                "and the host's key in known_hosts; remote_ssh_key names another key"
            )
        if self.protocol == "file":
            return "Give the user prdgen runs as the right to read and write that folder"
        return (
            "Set PRDGEN_REMOTE_TOKEN_FILE to a file with a token that may read and write there, and start "
            "the server again: it reads the file then"
        )

    def without_secrets(self, words: str) -> str:
        """Words of Git's, with the token and whatever stands before an @ in an address cut out."""
        password = self.variables.get(_PASSWORD)
        cut = words.replace(password, "…") if password else words
        return re.sub(r"(\w://)[^/@\s]+@", r"\1", cut)


def reach(repository: Repository, access: Access) -> Reach:
    """How to reach the remote that the settings name. Raises BadRemote; asks nobody."""
    given = access.remote
    if _NAME.fullmatch(given) and repository.config_get(f"remote.{given}.url") is not None:
        name, named = given, list[str]()
        asked = (("get-url", name), ("get-url", "--push", name))
        urls = [
            process.output(repository.work_tree, "remote", *words).decode().splitlines()[0]
            for words in asked
        ]
    else:
        name, urls = _OWN_NAME, [given]
        named = ["-c", f"remote.{_OWN_NAME}.url={given}"]
    is_named = name == given
    protocols = {_protocol(url, is_named=is_named) for url in urls}
    options = [*named, *_limits(access)]
    variables = {key: os.environ[key] for key in _KEPT if key in os.environ}
    variables["GIT_ALLOW_PROTOCOL"] = ":".join(
        sorted(protocols | ({"https"} if "http" in protocols else set()))
    )
    if access.token and protocols & {"https", "http"}:
        options += ["-c", "credential.helper="]
        for url in dict.fromkeys(urls):
            parts = urlsplit(url)
            host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
            options += ["-c", f"credential.{host}.helper={_HELPER}"]
        variables |= {_USER: urlsplit(urls[0]).username or access.user, _PASSWORD: access.token}
    if bundle := _authorities(repository, variables):
        options += ["-c", f"http.sslCAInfo={bundle}"]
    if "ssh" in protocols:
        variables["GIT_SSH_COMMAND"] = _ssh(repository, access)
    return Reach(
        name, shown(urls[0]), _protocol(urls[0], is_named=is_named), tuple(options), variables,
        access.seconds,
    )  # fmt: skip


def _authorities(repository: Repository, variables: Mapping[str, str]) -> str | None:
    """The file of SSL_CERT_FILE, which the forge's interface is asked with: not every Git reads it itself.
    None: there is none, or Git was told of another one.
    """
    named = repository.config_get("http.sslCAInfo") or variables.get("GIT_SSL_CAINFO")
    return None if named else variables.get("SSL_CERT_FILE")


def _limits(access: Access) -> list[str]:
    facts = {
        "http.lowSpeedLimit": str(_SLOW_BYTES),
        "http.lowSpeedTime": str(max(1, round(access.seconds))),
        "fetch.fsckObjects": "true",
        "submodule.recurse": "false",
    }
    return [part for name, value in facts.items() for part in ("-c", f"{name}={value}")]


def _ssh(repository: Repository, access: Access) -> str:
    """The system's ssh, or the one Git is configured for; it never asks, and notices silence."""
    command = repository.config_get("core.sshCommand") or "ssh"
    if access.ssh_key:
        command += f" -i {shlex.quote(access.ssh_key)} -o IdentitiesOnly=yes"
    whole = max(1, round(access.seconds))
    return (
        f"{command} -o BatchMode=yes -o ConnectTimeout={whole} "
        f"-o ServerAliveInterval={max(1, whole // 3)} -o ServerAliveCountMax=3"
    )


def _protocol(url: str, *, is_named: bool = False) -> str:
    """The one protocol of an address; what Git has under a name may be any folder beside the repository.
    Raises BadRemote for every other kind, and for secrets.
    """
    if not url or url.startswith("-") or re.search(r"[\x00-\x1f\x7f]", url):
        raise _bad(url, "it is no address")
    if re.match(r"[A-Za-z0-9+.-]*::", url):
        raise _bad(url, "programs of Git's own (`ext::`, `NAME::`) are not run")
    if "://" in url:
        return _of_scheme(url)
    if re.match(r"[^/:]+:", url):
        host = url.partition(":")[0].rpartition("@")[2]
        if not host or host.startswith("-"):
            raise _bad(url, "it names no host")
        return "ssh"
    if is_named or url.startswith("/"):
        return "file"
    raise _bad(url, "there is no remote of that name, and it is no address")


def _of_scheme(url: str) -> str:
    scheme, _, rest = url.partition("://")
    protocol = _PROTOCOLS.get(scheme.lower())
    if protocol is None:
        raise _bad(url, "only https://, http://, ssh:// and folders are used")
    try:
        parts = urlsplit(url)
        host, password = parts.hostname, parts.password
        _ = parts.port
    except ValueError as error:
        raise _bad(url, str(error)) from error
    if password is not None and protocol != "ssh":
        raise _bad(url, "it has a password in it; put that in PRDGEN_REMOTE_TOKEN_FILE")
    if protocol != "file" and (not host or host.startswith("-") or rest.startswith("-")):
        raise _bad(url, "it names no host")
    return protocol


def _bad(url: str, why: str) -> BadRemote:
    return BadRemote(what="The remote", where="remote", got=shown(url)[:200], why=why)


def shown(url: str) -> str:
    """An address as people may see it: without user and password."""
    return re.sub(r"(\w://)[^/@\s]*@", r"\1", url)
