"""Word files of pages: pandoc in its sandbox, in a child process, then styled and made stable."""

from __future__ import annotations

import base64
import io
import mimetypes
import re
import tempfile
import zipfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import pypandoc

from prdgen.builder import child, errors, exports, word_images, word_style
from prdgen.builder.exports import Meta, Part

_SECONDS: Final = 60.0
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
_IMAGE: Final = re.compile(r'(<img\b[^>]*?\ssrc=")([^"]*)(")')
_READ: Final = "html"
_COLUMNS: Final = '<colgroup><col style="width:20%"><col style="width:80%"></colgroup>'


def make(parts: Sequence[Part], meta: Meta, *, nice: int = 0) -> bytes:
    """The .docx of `parts` in order: title, facts, contents, Word's own heading styles. The same
    input gives the same bytes. Images must be in `meta.files` or data URLs, PNG or JPEG.

    Raises PandocMissing, ChildFailed, ChildTookTooLong. Blocks; call it in a thread.
    """
    try:
        pandoc = pypandoc.get_pandoc_path()
    except OSError as error:
        raise errors.PandocMissing(got=str(error)) from error
    drawings = word_images.Drawings()
    with tempfile.TemporaryDirectory(prefix="prdgen-word-") as folder:
        out = Path(folder) / "page.docx"
        child.run(
            # The heap limit is pandoc's own guard; --sandbox keeps it from every other file.
            [pandoc, "+RTS", "-M1500M", "-RTS", "--sandbox", f"--from={_READ}", "--to=docx",
             "--toc", "--toc-depth=3", "--standalone", f"--output={out}"],
            drawings.replace(document(parts, meta)).encode(),
            what="the Word file",
            seconds=_SECONDS,
            limits=child.Limits(cpu=60, memory_bytes=2 * 1024**4, nice=nice),
        )  # fmt: skip
        return _stable(out.read_bytes(), meta, drawings)


def document(parts: Sequence[Part], meta: Meta) -> str:
    """The HTML that pandoc reads."""
    shown = exports.joined(parts)
    alone = len(shown) == 1
    bodies = "\n".join(exports.without_title(p.html) if alone else p.html for p in shown)
    facts = [
        ("Status", meta.status),
        ("Owner", meta.owner),
        ("Tags", ", ".join(meta.tags)),
        ("Source", meta.page_path),
        ("Version", meta.stamp),
    ]
    rows = "".join(
        f"<tr><td><strong>{name}</strong></td><td>{escape(value)}</td></tr>"
        for name, value in facts
        if value
    )
    authors = "".join(f'<meta name="author" content="{escape(name)}">' for name in meta.authors)
    html = (
        f'<html lang="{escape(meta.language)}"><head><title>{escape(meta.title)}</title>{authors}'
        f'<meta name="description" content="{escape(meta.description)}">'
        f'<meta name="keywords" content="{escape(", ".join(meta.tags))}"></head>'
        f"<body><table>{_COLUMNS}{rows}</table>\n{_with_styles(_with_checkboxes(bodies))}</body></html>"
    )
    return _IMAGE.sub(lambda match: _embedded(match, meta), html)


def _embedded(match: re.Match[str], meta: Meta) -> str:
    """An image with its bytes in place: the sandbox reads no file beside its input."""
    address = match.group(2)
    if address.startswith("data:"):
        return match.group(0)
    path = unquote(address.removeprefix(exports.ORIGIN).partition("#")[0].partition("?")[0])
    data = meta.files.get(path)
    if data is None:
        return f"{match.group(1)}{match.group(3)}"
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    encoded = base64.b64encode(data).decode()
    return f"{match.group(1)}data:{kind};base64,{encoded}{match.group(3)}"


def _with_checkboxes(html: str) -> str:
    """Word has no form fields in running text: a task's box becomes a letter."""

    def box(match: re.Match[str]) -> str:
        return "☒ " if re.search(r"\schecked\b", match.group(0)) else "☐ "

    return re.sub(r'<input\b[^>]*type="checkbox"[^>]*>\s*', box, html)


def _with_styles(html: str) -> str:
    """Alerts in a paragraph style of their own, which Word's users can change."""
    html = re.sub(r'<div class="markdown-alert[^"]*"', '<div custom-style="Alert"', html)
    title = r'<p class="markdown-alert-title">(.*?)</p>'
    return re.sub(title, r"<p><strong>\1</strong></p>", html, flags=re.DOTALL)


def _stable(data: bytes, meta: Meta, drawings: word_images.Drawings) -> bytes:
    """The same document with the house's styles and drawings, without times of its making."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        files = {info.filename: source.read(info) for info in source.infolist()}
    files = drawings.embed(files)
    document = files["word/document.xml"].decode()
    files["word/document.xml"] = word_images.without_data(document).encode()
    files["word/styles.xml"] = word_style.styled(files["word/styles.xml"].decode()).encode()
    files["word/document.xml"] = word_style.laid_out(files["word/document.xml"].decode()).encode()
    core = files["docProps/core.xml"].decode()
    files["docProps/core.xml"] = word_style.dated(core, meta.date).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        # The list of types comes first, as the format wants it.
        for name in sorted(files, key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            target.writestr(entry, files[name])
    return out.getvalue()
