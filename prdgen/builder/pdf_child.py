"""Draws a PDF with WeasyPrint; runs in a child process, reads a job and writes the PDF."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import mimetypes
import sys
from typing import Any
from urllib.parse import unquote

from prdgen.builder import pdf

try:
    import weasyprint
except OSError as error:
    # WeasyPrint loads Pango when it is imported, and says so in its own many words.
    sys.exit(pdf.PANGO_MISSING + str(error).partition(": ")[0])


def main() -> None:
    """Read the job (JSON) from the input, write the PDF to the output."""
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    job = json.load(sys.stdin)
    files = {path: base64.b64decode(data) for path, data in job["files"].items()}
    fetcher = _Fetcher(job["origin"], files)
    style = weasyprint.CSS(string=job["style"], url_fetcher=fetcher)
    page = weasyprint.HTML(string=job["html"], base_url=job["origin"], url_fetcher=fetcher)
    name = hashlib.sha256(job["html"].encode()).digest()[:16]
    sys.stdout.buffer.write(
        page.write_pdf(stylesheets=[style], pdf_identifier=name, custom_metadata=False)
    )


class _Fetcher(weasyprint.urls.URLFetcher):  # type: ignore[misc]
    """Serves repository blobs that were handed in, and data URLs; everything else is refused."""

    def __init__(self, origin: str, files: dict[str, bytes]) -> None:
        super().__init__(allowed_protocols=["data"], allow_redirects=False)
        self._origin, self._files = origin, files

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
        """The file's bytes; raises ValueError for everything that is not in the commit."""
        if url.startswith("data:"):
            return super().fetch(url, headers)
        path = unquote(url.removeprefix(self._origin).partition("#")[0].partition("?")[0])
        if not url.startswith(self._origin) or path not in self._files:
            raise ValueError(f"{url} is not a file of this repository's commit")
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return weasyprint.urls.URLFetcherResponse(url, self._files[path], {"Content-Type": kind})


if __name__ == "__main__":
    main()
