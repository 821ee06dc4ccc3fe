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


class BadWordTemplate(PrdgenError):
    """The Word template {path} cannot be used: {got}."""

    cure = (
        "Name a .docx in the setting `word_template` that has the styles Normal, Title and heading 1 "
        "to 3; `pandoc -o reference.docx --print-default-data-file reference.docx` makes one."
    )
    status = 422
    exit_code = 2


class ExportCancelled(PrdgenError):
    """The making of {what} was stopped."""

    cure = "Ask for it again when it is wanted after all."
    status = 409


class PandocMissing(PrdgenError):
    """Word files need pandoc, which was not found: {got}."""

    cure = "Install the Python package `pypandoc_binary`, which brings pandoc, and try again."
    status = 503
