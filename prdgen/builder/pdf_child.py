"""Sets one PDF with Typst; runs in a child process, reads a job and writes what it made.

The job is JSON: `bodies` (HTML and known anchors), `meta`, `files` …, see `sheets.py`. The answer is one
line of JSON (pages, positions) and then the PDF.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import typst

from prdgen.builder import pictures, typeset
from prdgen.builder.typst_math import quoted

_TEMPLATE: Final = Path(__file__).with_name("theme") / "print" / "page.typ"
_STANDARD: Final = "ua-1"


def main() -> None:
    """Read the job from the input, write the answer to the output."""
    job = json.load(sys.stdin)
    folder = Path.cwd()
    shown = pictures.Shown(folder, {k: base64.b64decode(v) for k, v in job["files"].items()})
    answer, data = made(job, folder, shown)
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + data)


def made(job: dict[str, Any], folder: Path, shown: pictures.Shown) -> tuple[dict[str, Any], bytes]:
    """The answer and the PDF. Images that cannot be read are left out, and it is said so."""
    (folder / "page.typ").write_bytes(_TEMPLATE.read_bytes())
    while True:
        source = _source(job, folder, shown)
        try:
            return _compiled(job, source, folder)
        except typst.TypstError as error:
            if not shown.drop_broken(_draws):
                raise SystemExit(_said(error)) from error


def _draws(folder: Path, name: str) -> bool:
    """Whether an image can be drawn by itself."""
    try:
        alone = folder / "alone.typ"
        alone.write_text(f'#set page(width: auto, height: auto)\n#image({quoted(name)}, alt: "x")')
        typst.compile(alone, root=folder, format="pdf", ignore_system_fonts=True)
    except typst.TypstError:
        return False
    return True


def _source(job: dict[str, Any], folder: Path, shown: pictures.Shown) -> bytes:
    """The Typst document; drawings are written beside it."""
    known = frozenset(job["known"])
    bodies, anchors = [], set[str]()
    for number, html in enumerate(job["bodies"]):
        setting = typeset.Setting(shown.find, known, prefix=f"b{number}")
        bodies.append(f"#counter(footnote).update(0);\n{setting.page(html)}")
        anchors |= setting.anchors
        for name, svg in setting.drawings.items():
            (folder / name).write_text(svg, "utf-8")
    pages = "\n#pagebreak(weak: true)\n".join(bodies)
    return (
        '#import "page.typ": *\n'
        f"#show: document-of.with({job['meta']})\n"
        f"{job['before']}\n{pages}\n{_index(job['index'], anchors)}\n#positions();\n"
    ).encode()


def _index(entries: list[tuple[str, str, str, str]], anchors: set[str]) -> str:
    """The requirement index of those that stand on these pages, or whose page is given."""
    shown = "".join(
        f"({quoted(name)}, {quoted(text)}, {quoted(anchor)}, {quoted(page)}), "
        for name, text, anchor, page in entries
        if page or anchor in anchors
    )
    return f'#index-of("Requirements", ({shown}));' if shown else ""


def _said(error: typst.TypstError) -> str:
    """The error without the warnings before it, each thing once."""
    said = re.findall(r"^error: (.*)", error.diagnostic, re.MULTILINE)
    return "; ".join(dict.fromkeys([error.message, *said]))[:1500]


def _compiled(job: dict[str, Any], source: bytes, folder: Path) -> tuple[dict[str, Any], bytes]:
    main = folder / "main.typ"
    main.write_bytes(source)
    compiler = typst.Compiler(main, root=folder)
    when = datetime.fromtimestamp(job["time"], UTC)
    try:
        data = compiler.compile(format="pdf", pdf_standards=[_STANDARD], timestamp=when)
        missed = ""
    except typst.TypstError as error:
        # What the standard wants beyond tags (a letter no font has, say) is not worth no document.
        data = compiler.compile(format="pdf", timestamp=when)
        missed = _said(error)
    assert isinstance(data, bytes)
    found = json.loads(compiler.query("<positions>", field="value", one=True))
    return {"pages": found[0], "positions": found[1], "missed": missed}, data


if __name__ == "__main__":
    main()
