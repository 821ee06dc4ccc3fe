"""What can go wrong with the embedded servers, and what to do then."""

from __future__ import annotations

from prdgen.errors import PrdgenError


class EmbeddedMissing(PrdgenError):
    """The embedded {server} is not installed: {got}."""

    cure = (
        "Install prdgen again for this platform, or run a {server} of your own and give its "
        "address in {setting}."
    )


class EmbeddedFailed(PrdgenError):
    """The embedded {server} does not start: {got}."""

    cure = "Read {log}; free disk space or mend what it names, then start again. Nothing is lost."
    status = 503
    retryable = True


class StateUnreachable(PrdgenError):
    """The embedded PostgreSQL may not run as root, and user {uid} cannot use {where}: {got}."""

    cure = (
        "Run prdgen as an ordinary user, or give PRDGEN_STATE_DIR a folder that user {uid} can "
        "reach, or give PRDGEN_DATABASE_URL a PostgreSQL of your own."
    )


class StateOwnedByOther(PrdgenError):
    """The data in {where} belongs to user {owner}, but prdgen runs as user {uid}."""

    cure = "Run prdgen as user {owner}, or hand it over: `sudo chown -R {uid} {where}`."


class RuntimeFolderUnsafe(PrdgenError):
    """The folder for sockets, {where}, cannot be used: {got}."""

    cure = "Remove it if it is not yours, or set XDG_RUNTIME_DIR to a private folder."
