"""Why a site is not brought to where it is served."""

from __future__ import annotations

from prdgen.errors import PrdgenError


class TargetNotOurs(PrdgenError):
    """{where} holds something that prdgen did not publish: {got}."""

    cure = "Choose an empty folder or another prefix for `publish_to`, or empty this one yourself."
    status = 409
    exit_code = 2


class TargetBusy(PrdgenError):
    """{who} is publishing to {where} now, so this one did not begin."""

    cure = "Nothing to do: what is newest is published next. Run `prdgen publish` again to be sure."
    status = 409
    retryable = True


class LeaseLost(PrdgenError):
    """Publishing to {where} was given up half way: {got}."""

    cure = "Readers see whole pages; what was left half done is put right by the next publishing."
    status = 409
    retryable = True


class TargetGarbled(PrdgenError):
    """What prdgen wrote at {where} cannot be read: expected {expected}, got {got}."""

    cure = (
        "Somebody changed it, or a newer prdgen wrote it. Use that prdgen, or remove `.prdgen/` and "
        "everything else at the target and publish again."
    )
    status = 500


class NoSuchBuild(PrdgenError):
    """{where} has no build {build} to go back to."""

    cure = "`prdgen publish --list` shows the builds that are kept; `publish_keep` says how many."
    status = 404
    exit_code = 2


class BuildDamaged(PrdgenError):
    """The kept build {build} at {where} is not whole any more: {got}."""

    cure = "Go back to another build, or publish the commit again; the site stays as it is."
    status = 409


class FolderRefused(PrdgenError):
    """{where} cannot be published to: {got}."""

    cure = "Make it writable for whoever runs prdgen, or make room there; it is tried again."
    status = 503
    retryable = True


class FileGone(PrdgenError):
    """{path} was to be published to {where}, but the built file is gone."""

    cure = "Run `prdgen build --clean`, then publish again; the published site stays as it is."
    retryable = True
