"""The root of every error prdgen raises: what, where, expected, got, and what to do now."""

from __future__ import annotations

import re
from typing import Any, ClassVar


class PrdgenError(Exception):
    """Something went wrong."""

    # A subclass' docstring is its message, a `str.format` template over the keyword facts given
    # when it is raised; `cure` is a template too and says what to do now. A test walks all
    # subclasses and fails on one without a cure or without an entry in docs/errors.md.

    cure: ClassVar[str] = "Look at the server's log for the cause, and report it if it stays."
    status: ClassVar[int] = 500
    """HTTP status a door answers with."""
    exit_code: ClassVar[int] = 1
    """Exit code of the command line: 1 the work failed, 2 the call was wrong."""
    retryable: ClassVar[bool] = False
    """Whether the same operation may succeed when tried again unchanged."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The docstring's first paragraph with the facts filled in."""
        template = " ".join((type(self).__doc__ or "").split("\n\n")[0].split())
        return template.format_map(_Facts(self.facts))

    @property
    def hint(self) -> str:
        """What to do now, with the facts filled in."""
        return self.cure.format_map(_Facts(self.facts))

    @property
    def code(self) -> str:
        """A stable machine-readable name: the class name in kebab-case."""
        return slug(type(self).__name__)

    def problem(self) -> dict[str, Any]:
        """RFC 9457 problem details of this error (`application/problem+json`)."""
        return {
            "type": f"/problems/{self.code}",
            "title": self.code.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.message,
            "hint": self.hint,
            "code": self.code,
        }


class _Facts(dict[str, Any]):
    """Facts of an error; a missing one shows its name rather than hiding the error."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


def slug(name: str) -> str:
    """`NotARepository` → `not-a-repository`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


class NoSuchPerson(PrdgenError):
    """There is no person with the address {where}."""

    cure = "`prdgen user list` shows who has an account; `prdgen user add` makes one."
    status = 404


class NotFound(PrdgenError):
    """There is no {what} at {where}."""

    cure = "Check the address; the list of pages shows what exists on this branch."
    status = 404


class Invalid(PrdgenError):
    """{what} at {where} is not valid: expected {expected}, got {got}."""

    cure = "Correct {what} and try again; nothing was changed."
    status = 422
    exit_code = 2


class Conflict(PrdgenError):
    """{what} changed meanwhile: expected {expected}, found {got}."""

    cure = "Load the newest version and try again; nothing was changed."
    status = 409


class ReadOnlyToken(PrdgenError):
    """{who}'s token may only read, and not {what}."""

    cure = "Make a token that may write at `/tokens`, and use that."
    status = 403


class Forbidden(PrdgenError):
    """{who} may not {what}: that takes the role {expected}, the role here is {got}.

    `whom` is to be asked: an owner, by name where the names are known.
    """

    cure = "Ask {whom} for the role {expected}."
    status = 403

    def __init__(self, **facts: Any) -> None:
        super().__init__(**{"whom": "an owner of this repository", **facts})


class TooLarge(PrdgenError):
    """{what} at {where} is {got}, over the limit of {expected}."""

    cure = "Make it smaller, or raise the limit in the settings if you run this server."
    status = 413


class Unavailable(PrdgenError):
    """{what} is not answering: {got}."""

    cure = "Nothing is lost; prdgen tries again by itself. If it stays, see `prdgen doctor`."
    status = 503
    retryable = True
