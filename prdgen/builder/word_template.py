"""A company's own `reference.docx`: whether it can give a Word file its styles."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Final

from prdgen.builder.errors import BadWordTemplate

_NEEDED: Final = ("Normal", "Title", "heading 1", "heading 2", "heading 3")
_STYLES: Final = "word/styles.xml"
_LARGEST: Final = 20_000_000
"""Bytes of its style sheet."""
_NO_DOCX: Final = (
    zipfile.BadZipFile, KeyError, UnicodeDecodeError, zlib.error, NotImplementedError, RuntimeError,
    EOFError,
)  # fmt: skip
"""What zipfile raises for what is none, or is encrypted, cut off or packed in a way of its own."""
_NAME: Final = re.compile(r'<w:name [^>]*w:val="([^"]*)"')


def check(data: bytes, path: str) -> None:
    """Raises BadWordTemplate when `data` is no .docx, or lacks a style that every page needs."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.getinfo(_STYLES).file_size > _LARGEST:
                raise BadWordTemplate(path=path, got="a style sheet that is too large")
            styles = archive.read(_STYLES).decode("utf-8")
            archive.getinfo("word/document.xml")
    except _NO_DOCX as error:
        raise BadWordTemplate(path=path, got="a file that is no Word document") from error
    names = {name.casefold() for name in _NAME.findall(styles)}
    lacking = [name for name in _NEEDED if name.casefold() not in names]
    if lacking:
        raise BadWordTemplate(path=path, got=f"no style {', '.join(lacking)}")
