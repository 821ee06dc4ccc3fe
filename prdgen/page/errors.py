"""What can go wrong with a page's text or a template."""

from __future__ import annotations

from prdgen.errors import PrdgenError


class UnknownTemplate(PrdgenError):
    """There is no template {name!r}; there are {known}."""

    cure = "Choose one of the named templates, or add a Markdown file to `prd-templates/`."
    status = 404
    exit_code = 2


class BadTemplate(PrdgenError):
    """The template at {where} cannot be used: {why}."""

    cure = "Templates are Markdown files in UTF-8, at most 256 KiB; correct or remove this one."
    status = 422
