"""What a forge answers when it does not do what was asked."""

from __future__ import annotations

from typing import Any

from prdgen.errors import PrdgenError


class ForgeError(PrdgenError):
    """The forge {where} did not {what}: {got}."""

    cure = "Nothing is lost; what is not at the forge yet is in the review here."
    status = 502


class BadForge(PrdgenError):
    """Reviews cannot be exchanged with a forge: {why}."""

    cure = "Correct the settings that begin with `forge`; docs/forges.md has an example for each forge."
    status = 500
    exit_code = 2


class ForgeAway(ForgeError):
    """The forge {where} cannot be reached to {what}: {got}."""

    cure = "Nothing is lost, the review goes on here; prdgen tries again by itself."
    status = 503
    retryable = True

    def __init__(self, *, is_answer: bool = False, **facts: Any) -> None:
        self.is_answer = is_answer
        """Whether it said itself that it failed: perhaps over what it was asked for."""
        super().__init__(**facts)


class ForgeUntrusted(ForgeAway):
    """The forge {where} shows a certificate that is not trusted here, asked to {what}: {got}."""

    cure = (
        "Put the certificate of the authority that signed it among this machine's, or name its file in "
        "SSL_CERT_FILE, and start the server again. Nothing is lost, the review goes on here."
    )


class ForgeBusy(ForgeError):
    """The forge {where} takes no more requests for {seconds} s, asked to {what}: {got}."""

    cure = (
        "Nothing to do: prdgen goes on when that time is over. If it stays, raise `forge_seconds`."
    )
    status = 503
    retryable = True

    def __init__(self, *, seconds: float, **facts: Any) -> None:
        self.seconds = seconds
        super().__init__(seconds=f"{seconds:.0f}", **facts)


class ForgeDenied(ForgeError):
    """The forge {where} does not know prdgen's token, so it did not {what}: {got}."""

    cure = (
        "Give PRDGEN_FORGE_TOKEN_FILE a file with a token that is valid (it may have expired), and start the "
        "server again: it reads the file then."
    )
    retryable = True


class ForgeForbids(ForgeError):
    """The forge {where} does not let prdgen's token {what}: {got}."""

    cure = (
        "Give the token's account the right to write there, and the token these rights: {rights}."
    )
    retryable = True


class ForgeMissing(ForgeError):
    """The forge {where} has nothing of that kind, or none that prdgen may see, to {what}: {got}."""

    cure = "Check `forge_url` and `forge_project`, and that the token may read that project."
    retryable = True


class ForgeConflict(ForgeError):
    """The forge {where} cannot {what} just now: {got}."""

    cure = "Look at the pull request there: main may have moved, or a rule is not met yet."
    status = 409


class ForgeRefuses(ForgeError):
    """The forge {where} refuses to {what}: {got}."""

    cure = "Look at the pull request there, and do by hand what it says; the review here has everything."


class ForgeGarbled(ForgeError):
    """The forge {where} gave no answer that makes sense, asked to {what}: {got}."""

    cure = "Check `forge` and `forge_url`: another program, or a page to sign in, may be at that address."
    retryable = True


class NotMergedThere(ForgeError):
    """The forge did not say that it merged {where} ({why})."""

    cure = "Look at the pull request: if it is open, merge once more; if it is merged, it will be merged here, too."
    status = 503
    retryable = True
