"""What can go wrong while pages, the site, a PDF or a Word file are made."""

from __future__ import annotations

from prdgen.errors import PrdgenError, Unavailable


class DiagramNotDrawn(PrdgenError):
    """The diagram cannot be drawn: {reason}."""

    cure = "Correct the diagram's source; until then the page shows the source and this reason."
    status = 422


class ChildFailed(PrdgenError):
    """The child process for {what} failed: {got}."""

    cure = "The old site stays as it is; correct what the message names, or report it if it stays."


class ChildTookTooLong(PrdgenError):
    """The child process for {what} was stopped after {expected} seconds."""

    cure = "The old site stays as it is. Make the page smaller, or try again when idle."
    status = 503
    retryable = True


class BadSiteConfig(PrdgenError):
    """mkdocs.yml, line {line}: {why}."""

    cure = "Correct that line on the main branch; until then the site stays as it is, and a first one waits."
    status = 422
    exit_code = 2


class FrameIncomplete(PrdgenError):
    """The theme drew a page without {what}, so pages cannot be filled in."""

    cure = "Let site/overrides keep Material's blocks, or remove the override that drops them."
    status = 422


class PublicNotOurs(PrdgenError):
    """{where} is a folder with files of its own; the published site would replace them."""

    cure = "Move the folder away, or name another one with the setting `public_dir`."
    exit_code = 2


class SiteUnreadable(Unavailable):
    """The published site cannot be read: {got}."""

    cure = (
        "Look at the disk that holds the clone's data (`.git/prdgen/site`); what is still cached goes "
        "on being served. `prdgen build` makes what is missing anew."
    )


class PangoMissing(PrdgenError):
    """PDF needs the system library Pango, which is not installed: {got}."""

    cure = (
        "Install it, then try again; everything else works without. Debian/Ubuntu: `apt install "
        "libpango-1.0-0 libpangoft2-1.0-0`; Fedora: `dnf install pango`; Alpine: `apk add pango`; "
        "Arch: `pacman -S pango`; macOS: `brew install pango`."
    )
    status = 503


class PandocMissing(PrdgenError):
    """Word files need pandoc, which was not found: {got}."""

    cure = "Install the Python package `pypandoc_binary`, which brings pandoc, and try again."
    status = 503
