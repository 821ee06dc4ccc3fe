"""What a door refuses."""

from __future__ import annotations

from prdgen.errors import PrdgenError


class SignInNeeded(PrdgenError):
    """This needs someone who is signed in."""

    cure = "Sign in: open the link prdgen printed when it started, or send an API token."
    status = 401


class WrongHost(PrdgenError):
    """Requests for the host {got!r} are not answered here."""

    cure = "Use one of {expected}, or add the name to PRDGEN_ALLOWED_HOSTS or PRDGEN_BASE_URL."
    status = 421


class WrongOrigin(PrdgenError):
    """A request from the page {got!r} may not change anything here."""

    cure = "Open prdgen itself and try there; for programs, send an API token and no Origin."
    status = 403


class PortInUse(PrdgenError):
    """Port {port} on {host} is in use by another program."""

    cure = "Stop that program, or choose another port: PRDGEN_PORT=8401 make serve, or --port 0."
    exit_code = 2


class CannotListen(PrdgenError):
    """This machine cannot listen on {host}, port {port}: {got}."""

    cure = "Give an address of this machine and a port from 1024 to 65535: --host and --port."
    exit_code = 2


class MethodNotAllowed(PrdgenError):
    """{method} is not something {where} answers to; it takes {expected}."""

    cure = "See the API's description at /api/openapi.json."
    status = 405
