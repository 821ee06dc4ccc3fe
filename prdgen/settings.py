"""Every setting in one table, from which loading, checks, help and docs/settings.md come."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from prdgen.errors import PrdgenError
from prdgen.setting import (
    ADDRESS,
    CDN,
    CDN_BY,
    FOLDER,
    FORGE,
    HOST,
    INSIDE,
    LEVELS,
    OPTIONAL_WORD,
    OWN_ADDRESS,
    PATH,
    POSTGRES,
    PREFIX,
    REDIS,
    REMOTE,
    WORD,
    Setting,
)
from prdgen.setting import row as _setting


class BadSettings(PrdgenError):
    """Some settings cannot be used: {problems}."""

    cure = "Correct them where they stand (prdgen.toml or the environment); see docs/settings.md."
    exit_code = 2


_TYPO = 0.8
"""How like a setting's name (0 to 1) an unknown variable must be to be taken for a mistyped one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One frozen set of settings, made once at a door and passed down."""

    repository: Path = _setting(
        Path(), "The team's Git repository; the folder of its working tree."
    )
    host: str = _setting("127.0.0.1", "The address to listen on.", form=HOST)
    port: int = _setting(8400, "The port to listen on; 0 takes a free one.", low=0, high=65_535)
    base_url: str = _setting(
        "", "The address people reach this server at; empty: from host and port.", form=OWN_ADDRESS
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (), "Host names beside base_url's, localhost and 127.0.0.1 that requests may name."
    )
    database_url: str = _setting(
        "", "PostgreSQL 15 or newer; empty: the embedded one.", secret=True, form=POSTGRES
    )
    redis_url: str = _setting(
        "", "Valkey or Redis; empty: the embedded one.", secret=True, form=REDIS
    )
    state_dir: str = _setting(
        "", "Where this clone's data lives; empty: `.git/prdgen` in the repository."
    )
    public_dir: str = _setting(
        "public", "Where the built site goes, inside the repository or absolute.", form=FOLDER
    )
    word_template: str = _setting(
        "",
        "A .docx of the repository, on the main branch, whose styles Word files take over.",
        form=PATH,
    )
    export_pages: int = _setting(
        1_000, "Pages one PDF or Word file that is made on this server may have.", low=1
    )
    site_url: str = _setting(
        "", "The published site's address, for absolute links; empty: base_url.", form=ADDRESS
    )
    publish_to: str = _setting(
        "",
        "Where the site is published to: a folder (`file:///srv/www/prds`) or a bucket "
        "(`s3://bucket/folder`); empty: nowhere else than public_dir.",
    )
    publish_commits: bool = _setting(
        True, "Publish every commit of the main branch to publish_to, not only with the command."
    )
    publish_keep: int = _setting(
        10, "Commits whose builds are kept at publish_to, to go back to.", low=1
    )
    publish_endpoint: str = _setting(
        "", "Address of the S3-compatible storage; empty: Amazon's.", form=ADDRESS
    )
    publish_region: str = _setting(
        "", "Region of the bucket; empty: AWS_REGION, or us-east-1.", form=OPTIONAL_WORD
    )
    publish_key: str = _setting(
        "",
        "Access key id for bucket and CloudFront; empty: what the environment has "
        "(AWS_ACCESS_KEY_ID; for the bucket also the machine's role).",
        secret=True,
    )
    publish_secret: str = _setting("", "The secret that goes with publish_key.", secret=True)
    publish_seconds: float = _setting(
        30.0, "Time limit of one request to the storage or the CDN.", low=0.5, high=600
    )
    publish_twins: bool = _setting(
        False,
        "Send the compressed twins (`.br`, `.zst`, `.gz`) to a bucket too, for a CDN that picks "
        "them by itself; a folder always has them.",
    )
    cdn: str = _setting(
        "", "The CDN to tell of changes: fastly, cloudfront or cloudflare; empty: none.", form=CDN
    )
    cdn_id: str = _setting(
        "",
        "Fastly's service id, CloudFront's distribution id or Cloudflare's zone id.",
        form=OPTIONAL_WORD,
    )
    cdn_token: str = _setting(
        "",
        "Token for Fastly or Cloudflare that may purge; CloudFront takes publish_key.",
        secret=True,
    )
    cdn_by: str = _setting(
        "",
        "Purge by `keys` (the CDN reads `Surrogate-Key` or `Cache-Tag`) or by `addresses`; empty: "
        "keys at Fastly, addresses at the others.",
        form=CDN_BY,
    )
    cdn_api: str = _setting(
        "",
        "Address of the CDN's API; empty: the vendor's. Not read from `prdgen.toml`.",
        form=ADDRESS,
        outside=True,
    )
    main_branch: str = _setting(
        "", "The branch that is published; empty: the one HEAD names at first."
    )
    pages: tuple[str, ...] = _setting(
        (),
        "Globs of the pages, relative to the repository; empty: `mkdocs.yml`'s docs_dir.",
        form=INSIDE,
    )
    live_limit: int = _setting(262_144, "Bytes a page may have to be edited live.", low=1024)
    message_limit: int = _setting(4_194_304, "Bytes one sync message may have.", low=65_536)
    operations_limit: int = _setting(300_000, "Operations one change may have.", low=100)
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
        0.5, "Typing is in its file so soon; as it goes on, more rarely, within a second.", low=0.01
    )
    settle_seconds: float = _setting(
        0.1, "A file changed from outside must stand still so long before it is read.", low=0.01
    )
    lease_seconds: float = _setting(10.0, "How long a lease on a document lasts unrenewed.", low=1)
    commit_hook_seconds: float = _setting(
        30.0, "Time limit for the repository's own commit hooks.", low=0.1
    )
    push_limit: int = _setting(
        1_073_741_824, "Bytes one `git push` to this server may have.", low=1024
    )
    remote: str = _setting(
        "",
        "The remote repository to exchange commits with: a name Git knows (`origin`) or an address; "
        "empty: none.",
        form=REMOTE,
    )
    remote_branches: tuple[str, ...] = _setting(
        (), "Globs of branches to exchange beside main and those that were opened here."
    )
    remote_seconds: float = _setting(
        60.0, "The remote is asked for news so often; commits are sent at once.", low=0.5
    )
    remote_timeout_seconds: float = _setting(
        60.0,
        "A remote that says nothing for so long (over HTTP: sends less than a byte a second) is given up until the next try.",
        low=0.5,
    )
    remote_user: str = _setting("git", "The user name that goes with remote_token.", form=WORD)
    remote_token: str = _setting(
        "", "Password or token for an https:// remote; empty: what Git itself finds.", secret=True
    )
    remote_ssh_key: str = _setting(
        "", "File of the private key for an SSH remote; empty: what ssh itself finds."
    )
    remote_webhook_secret: str = _setting(
        "", "Secret of the webhook `/webhooks/remote`; empty: there is none.", secret=True
    )
    forge: str = _setting(
        "",
        "The forge where reviews are pull requests: github, gitlab, gitea (or forgejo), none; "
        "empty: told from the remote's host when forge_token is set.",
        form=FORGE,
    )
    forge_url: str = _setting(
        "", "The forge's address; empty: the host of the remote.", form=ADDRESS
    )
    forge_project: str = _setting(
        "", "The project at the forge, like `team/prds`; empty: from the remote's address."
    )
    forge_token: str = _setting(
        "", "Token for the forge's pull requests; empty: remote_token.", secret=True
    )
    forge_seconds: float = _setting(
        60.0, "The forge is asked for news so often; what is said here is sent at once.", low=1.0
    )
    connections_per_address: int = _setting(
        100, "Open editor connections per client address.", low=1
    )
    messages_per_second: int = _setting(200, "Sync messages a connection may send a second.", low=1)
    public_site: bool = _setting(
        False, "Anyone may read the published site at /site/, and caches may keep it."
    )
    site_browser_seconds: int = _setting(
        300, "A browser shows a public page so long before it asks again.", low=0, high=1_200
    )
    site_cdn_seconds: int = _setting(
        3_600,
        "A CDN or proxy keeps a public page so long, unless it is told to forget it.",
        low=0,
        high=5_700,
    )
    site_valkey_seconds: float = _setting(
        600.0, "Valkey keeps a file of the site so long.", low=1, high=86_400
    )
    site_memory_seconds: float = _setting(
        60.0, "A server's memory keeps a file of the site so long before it looks again.", low=0
    )
    site_memory_bytes: int = _setting(
        67_108_864, "Bytes of the site a server keeps in memory.", low=0
    )
    workers: int = _setting(2, "Jobs done at once by the worker process.", low=1)
    log_level: str = _setting("info", "debug, info, warning or error.", choices=LEVELS)
    log_json: bool = _setting(False, "Log lines as JSON.")
    trace: bool = _setting(False, "Print each edit's way through the server with times.")


SETTINGS: Final = tuple(
    Setting(name=f.name, default=f.default, **f.metadata) for f in fields(Settings)
)
"""All settings, in the order in which docs and help show them."""
_TABLE: Final = {setting.name: setting for setting in SETTINGS}


def load(
    repository: Path,
    environment: Mapping[str, str] = os.environ,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Settings from, in rising order: defaults, `prdgen.toml` in the repository, the
    environment (`PRDGEN_NAME`, or `PRDGEN_NAME_FILE`), and `overrides` (command-line flags; None
    values do not count). PRDGEN_REPOSITORY counts when `repository` is the current folder. Raises
    BadSettings naming every problem at once.
    """
    problems: list[str] = []
    environ = _from_environment(environment, problems)
    _, named = environ.pop("repository", ("", ""))
    repository = Path(named) if named and repository == Path() else repository
    given = _from_file(repository / "prdgen.toml", problems) | environ
    given |= {k: ("command line", v) for k, v in (overrides or {}).items() if v is not None}
    values: dict[str, Any] = {}
    for name, (where, raw) in given.items():
        try:
            values[name] = _TABLE[name].parse(raw)
        except KeyError:
            problems.append(f"{where}: there is no setting {name!r}{_nearest(name, str.lower)}")
        except ValueError as error:
            problems.append(f"{where}: {error}")
    if problems:
        raise BadSettings(problems="; ".join(problems))
    return Settings(**values | {"repository": repository.expanduser().absolute()})


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """The variables called PRDGEN_… that set nothing, each with the nearest setting if one is like it.

    They may belong to something else (Kubernetes and Compose make such names), so only `load`'s
    mistyped ones are errors.
    """
    return [f"{name} is no setting{_nearest(name, _variable)}" for name in _strangers(environment)]


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _strangers(environment: Mapping[str, str]) -> list[str]:
    known = {each.variable for each in SETTINGS}
    return [
        name
        for name in environment
        if name.startswith(PREFIX) and not {name, name.removesuffix("_FILE")} & known
    ]


def _nearest(name: str, shown: Callable[[str], str], at_least: float = 0.6) -> str:
    """` (did you mean …?)` with the setting whose name is most like this one, or nothing."""
    plain = name.removeprefix(PREFIX).removesuffix("_FILE").lower()
    found = difflib.get_close_matches(plain, _TABLE, n=1, cutoff=at_least)
    return f" (did you mean {shown(found[0])}?)" if found else ""


def _mistyped(name: str) -> str:
    """The same for a variable that can hardly mean anything else: nearly all its letters, or all of
    them in another order (`PRDGEN_PROT`).
    """
    plain = sorted(name.removeprefix(PREFIX).removesuffix("_FILE").lower())
    swapped = [setting.variable for setting in SETTINGS if sorted(setting.name) == plain]
    return f" (did you mean {swapped[0]}?)" if swapped else _nearest(name, _variable, _TYPO)


def _from_file(path: Path, problems: list[str]) -> dict[str, tuple[str, Any]]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        problems.append(f"{path.name}: it cannot be read: {error.strerror}")
        return {}
    except UnicodeDecodeError as error:
        problems.append(f"{path.name}: expected UTF-8, got something else at byte {error.start}")
        return {}
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path.name}: it is not TOML: {error}")
        return {}
    if content.pop("repository", None) is not None:
        problems.append(f"{path.name}: repository is named by --repository or PRDGEN_REPOSITORY")
    problems += [
        f"{path.name}: {name} says where a secret is sent: set {_TABLE[name].variable} instead"
        for name in content
        if name in _TABLE and _TABLE[name].outside
    ]
    return {name: (path.name, value) for name, value in content.items()}


def _from_environment(
    environment: Mapping[str, str], problems: list[str]
) -> dict[str, tuple[str, Any]]:
    found: dict[str, tuple[str, Any]] = {}
    problems += [
        f"{name}: there is no such setting{mistyped}"
        for name in _strangers(environment)
        if (mistyped := _mistyped(name))
    ]
    for setting in SETTINGS:
        file_variable = f"{setting.variable}_FILE"
        if file_variable in environment:
            try:
                text = Path(environment[file_variable]).read_text("utf-8").strip()
            except OSError as error:
                problems.append(f"{file_variable}: {error.filename}: {error.strerror}")
                continue
            except UnicodeDecodeError:
                problems.append(f"{file_variable}: expected a file with text in UTF-8")
                continue
            found[setting.name] = (file_variable, text)
        if setting.variable in environment:
            found[setting.name] = (setting.variable, environment[setting.variable])
    return found
