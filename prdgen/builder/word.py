"""Word files of pages: pandoc in its sandbox, in a child process, then styled and made stable."""

from __future__ import annotations

import io
import tempfile
import threading
import zipfile
from collections.abc import Callable, Sequence
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import pypandoc

from prdgen.builder import (
    child,
    errors,
    exports,
    word_body,
    word_images,
    word_style,
    word_template,
)
from prdgen.builder.exports import Meta, Part, Progress

_SECONDS: Final = 60.0
_SECONDS_A_MEGABYTE: Final = 60.0
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
_READ: Final = "html+epub_html_exts"
"""HTML; the extension is what makes footnotes of `epub:type`."""
_HEAP: Final = "4000M"


def make(
    parts: Sequence[Part], meta: Meta, *, nice: int = 0, progress: Progress = exports.nobody_asks
) -> bytes:
    """The .docx of `parts` in order: title, facts, contents, Word's own styles, footnotes and
    formulas. The same input gives the same bytes. Only images in `meta.files` are in it.
    `meta.template` is a document whose styles are taken over. `progress` is told every second that
    none of the parts is done, then that all are, and may raise to stop it.

    Raises BadWordTemplate, PandocMissing, ChildFailed, ChildTookTooLong. Blocks; call it in a
    thread.
    """
    if meta.template is not None:
        word_template.check(meta.template, meta.template_path)
    progress(0, len(parts))
    drawings = word_images.Drawings()
    html = word_body.document(parts, meta, drawings)
    told, stopped = partial(progress, 0, len(parts)), threading.Event()
    with ThreadPoolExecutor(1) as thread:
        # Pictures are drawn while pandoc works.
        drawing = thread.submit(drawings.drawn, nice=nice, watch=partial(_go_on, stopped))
        try:
            data = _pandoc(html, meta, nice, told)
            while not futures.wait([drawing], 1.0).done:
                told()
        except BaseException:
            stopped.set()
            raise
    progress(len(parts), len(parts))
    return _stable(data, meta, drawings, drawing.result())


def _go_on(stopped: threading.Event) -> None:
    if stopped.is_set():
        raise errors.ExportCancelled(what="the Word file")


def _pandoc(html: str, meta: Meta, nice: int, watch: Callable[[], None]) -> bytes:
    try:
        pandoc = pypandoc.get_pandoc_path()
    except OSError as error:
        raise errors.PandocMissing(got=str(error)) from error
    with tempfile.TemporaryDirectory(prefix="prdgen-word-") as folder:
        out, template = Path(folder) / "page.docx", Path(folder) / "reference.docx"
        if meta.template is not None:
            template.write_bytes(meta.template)
        child.run(
            # The heap limit is pandoc's own guard; --sandbox keeps it from every other file.
            [pandoc, "+RTS", f"-M{_HEAP}", "-A64m", "-RTS", "--sandbox", f"--from={_READ}", "--to=docx",
             "--toc", "--toc-depth=3", "--standalone", f"--output={out}",
             *([f"--reference-doc={template}"] if meta.template is not None else [])],
            html.encode(),
            what="the Word file",
            seconds=_SECONDS + _SECONDS_A_MEGABYTE * len(html) / 1_000_000,
            limits=child.Limits(cpu=900, memory_bytes=2 * 1024**4, nice=nice),
            watch=watch,
        )  # fmt: skip
        return out.read_bytes()


def _stable(
    data: bytes, meta: Meta, drawings: word_images.Drawings, pictures: dict[str, bytes]
) -> bytes:
    """The same document with the house's styles and drawings, without times of its making."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        files = {info.filename: source.read(info) for info in source.infolist()}
    document = word_images.without_data(files["word/document.xml"].decode())
    files["word/document.xml"] = word_style.laid_out(document).encode()
    lists = "word/numbering.xml"
    if lists in files:
        files[lists] = word_style.bulleted(files[lists].decode()).encode()
    files = drawings.embed(files, pictures)
    if meta.template is None:
        files["word/styles.xml"] = word_style.styled(files["word/styles.xml"].decode()).encode()
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
