"""The look of Word files: fonts, colours and tables, set in the XML that pandoc wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

_FONT: Final = "Calibri"
_BULLETS: Final = {"\uf0b7": "•", "\uf0a7": "▪"}
_LEVEL: Final = re.compile(r"<w:lvl .*?</w:lvl>", re.DOTALL)
_PICTURES: Final = re.compile(r'<w:rFonts [^>]*"(?:Symbol|Wingdings)"[^>]*/>')
_ACCENT: Final = "22594E"
_BORDER: Final = "CFD8D5"
_HEADING: Final = re.compile(
    r'<w:bookmarkStart [^>]*w:name="([^"]*)" ?/>\s*<w:p><w:pPr><w:pStyle w:val="Heading([123])" ?/>'
    r"(.*?)</w:p>",
    re.DOTALL,
)
_TEXT: Final = re.compile(r"<w:t(?: [^>]*)?>([^<]*)</w:t>")


def styled(xml: str) -> str:
    """`word/styles.xml` with one font, the house's heading colour, and tables with lines."""
    xml = re.sub(
        r"<w:rFonts [^>]*w:asciiTheme[^>]*/>",
        f'<w:rFonts w:ascii="{_FONT}" w:hAnsi="{_FONT}" w:cs="{_FONT}" w:eastAsia="{_FONT}"/>',
        xml,
    )
    for level in range(1, 7):
        xml = _in_style(
            xml, f"Heading{level}", r"<w:color [^>]*/>", f'<w:color w:val="{_ACCENT}"/>'
        )
    xml = _in_style(xml, "TOCHeading", r"<w:color [^>]*/>", f'<w:color w:val="{_ACCENT}"/>')
    xml = _in_style(xml, "Title", r"<w:color [^>]*/>", f'<w:color w:val="{_ACCENT}"/>')
    xml = _in_style(xml, "Title", r"<w:jc [^>]*/>", '<w:jc w:val="left"/>')
    xml = _in_style(xml, "Table", r"<w:tblCellMar>", f"{_borders()}<w:tblCellMar>")
    xml = _in_style(xml, "SourceCode", r"<w:pPr>", f"<w:pPr>{_box('F4F7F6', _BORDER)}")
    # Cells of tables with many columns.
    small = (
        '<w:pPr><w:spacing w:before="20" w:after="20"/></w:pPr><w:rPr><w:sz w:val="13"/></w:rPr>'
    )
    xml = _in_style(xml, "SmallTable", r"</w:style>", f"{small}</w:style>")
    alert = f"<w:pPr>{_box('EEF4FA', '2F5F8C')}</w:pPr>"
    return _in_style(xml, "Alert", r"</w:style>", f"{alert}</w:style>")


def laid_out(xml: str) -> str:
    """`word/document.xml` with tables as wide as the text, and contents that are there before
    Word has counted pages.
    """
    xml = re.sub(r'<w:tblW w:type="auto" w:w="0" ?/>', '<w:tblW w:type="pct" w:w="5000"/>', xml)
    entries = "<w:r><w:br/></w:r>".join(_entries(xml))
    end = '<w:fldChar w:fldCharType="separate" /><w:fldChar w:fldCharType="end" /></w:r>'
    filled = (
        f'<w:fldChar w:fldCharType="separate"/></w:r>{entries}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    return xml.replace(end, filled, 1)


def _entries(xml: str) -> Iterator[str]:
    for anchor, level, inner in _HEADING.findall(xml):
        text = "".join(_TEXT.findall(inner))
        indent = "\u2003" * (int(level) - 1)
        yield (
            f'<w:r><w:t xml:space="preserve">{indent}</w:t></w:r>'
            f'<w:hyperlink w:anchor="{anchor}"><w:r><w:t xml:space="preserve">{text}</w:t></w:r>'
            "</w:hyperlink>"
        )


def bulleted(xml: str) -> str:
    """Numbering with bullets that every font has: pandoc's are letters of Symbol and Wingdings, which
    only show as boxes where those fonts are not. Other letters of these fonts, which a template of a
    team's own may have, stay: without their font they would be other letters.
    """
    return _LEVEL.sub(_with_sign, xml)


def _with_sign(level: re.Match[str]) -> str:
    xml = level.group(0)
    for picture, sign in _BULLETS.items():
        if (written := f'w:val="{picture}"') in xml:
            return _PICTURES.sub("", xml.replace(written, f'w:val="{sign}"'))
    return xml


def dated(xml: str, date: datetime) -> str:
    """`docProps/core.xml` with this date instead of the time of making."""
    moment = date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return re.sub(r"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rf"\g<1>{moment}", xml)


def _in_style(xml: str, style: str, pattern: str, replacement: str) -> str:
    def change(match: re.Match[str]) -> str:
        return re.sub(pattern, replacement, match.group(0))

    return re.sub(
        rf'<w:style [^>]*w:styleId="{style}"[^>]*>.*?</w:style>', change, xml, flags=re.DOTALL
    )


def _borders() -> str:
    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    lines = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="{_BORDER}"/>' for side in sides
    )
    return f"<w:tblBorders>{lines}</w:tblBorders>"


def _box(shade: str, line: str) -> str:
    return (
        f'<w:pBdr><w:left w:val="single" w:sz="18" w:space="6" w:color="{line}"/></w:pBdr>'
        f'<w:shd w:val="clear" w:color="auto" w:fill="{shade}"/>'
    )
