"""Templates: the pages a new page can begin as."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prdgen.page import front_matter
from prdgen.page.errors import BadTemplate, UnknownTemplate

_PACKED: Final = Path(__file__).resolve().parent.parent / "data" / "prd-templates"
SHIPPED: Final = (
    _PACKED if _PACKED.is_dir() else Path(__file__).resolve().parents[2] / "prd-templates"
)
"""The folder of the templates that come with prdgen."""
EXAMPLE: Final = SHIPPED / "example"
"""The folder of the example's six pages."""
MAX_BYTES: Final = 256 * 1024
_HEAD: Final = re.compile(r"\A<!--\s*template:\s*([^|\n]+?)\s*(?:\|\s*([^\n]*?)\s*)?-->\n+")
_PLACE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_FIELD: Final = re.compile(r"^([\w\-]+):[ \t]*\{\{\s*(\w+)\s*\}\}[ \t]*$", re.MULTILINE)
_PLAIN: Final = re.compile(r"[^\W\d_][\w .,()/+]*", re.UNICODE)
_WORDS_OF_YAML: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off"})


@dataclass(frozen=True)
class Template:
    """One template of a folder."""

    name: str
    """The file's name without `.md`; what `prdgen new --template` takes."""
    title: str
    description: str
    text: str
    """With `{{title}}`, `{{owner}}`, `{{date}}` where `fill` puts them."""


def list_(folder: Path) -> list[Template]:
    """The templates in `folder`, `feature` first, then by name; unreadable files are left out.

    A template says its title and purpose in its first line,
    `<!-- template: Title | What it is for -->`, which no page made from it has.
    """
    if folder.is_symlink() or not folder.is_dir():
        return []
    found = []
    for file_path in sorted(folder.glob("*.md")):
        if file_path.stem.lower() == "readme":
            continue
        try:
            found.append(_load(file_path))
        except BadTemplate:
            continue
    return sorted(found, key=lambda template: (template.name != "feature", template.name))


def find(folder: Path, name: str) -> Template:
    """The template with this name; raises UnknownTemplate and BadTemplate."""
    for file_path in folder.glob("*.md") if not folder.is_symlink() else ():
        if file_path.stem == name:
            return _load(file_path)
    known = ", ".join(template.name for template in list_(folder)) or "none"
    raise UnknownTemplate(name=name, known=known)


def fill(template: Template | str, values: Mapping[str, Any]) -> str:
    """The template's text with `{{name}}` replaced; names without a value stay as they are.

    In front matter a value is written so that YAML reads it as the same text.
    """
    text = template if isinstance(template, str) else template.text
    source, lines = front_matter.split(text)
    told = {name: " ".join(str(value).split()) for name, value in values.items()}
    if source is None:
        return _placed(text, told)
    head = _FIELD.sub(
        lambda match: (
            f"{match[1]}: {_yaml(told[match[2]])}".rstrip() if match[2] in told else match[0]
        ),
        source,
    )
    rest = text.split("\n", lines)[lines:]
    return f"---\n{_placed(head, told)}---\n{_placed(''.join(rest), told)}"


def _load(file_path: Path) -> Template:
    """The template in a file; links are not followed: a push could make one."""
    if file_path.is_symlink() or not file_path.is_file():
        raise BadTemplate(where=file_path.name, why="it is not a plain file")
    data = file_path.read_bytes()
    if len(data) > MAX_BYTES:
        raise BadTemplate(where=file_path.name, why=f"it is larger than {MAX_BYTES // 1024} KiB")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadTemplate(where=file_path.name, why="it is not UTF-8") from error
    head = _HEAD.match(text)
    title = head[1] if head else file_path.stem.replace("-", " ").capitalize()
    description = (head[2] or "") if head else ""
    return Template(file_path.stem, title, description, text[head.end() :] if head else text)


def _placed(text: str, told: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: told.get(match[1], match[0]), text)


def _yaml(value: str) -> str:
    """`value` as a YAML scalar: plain where that is safe, else in double quotes."""
    if not value:
        return ""
    dated = re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)
    plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS_OF_YAML
    return value if dated or plain else json.dumps(value, ensure_ascii=False)
