"""Bars at what changed: the right blocks, nothing else touched, and words for who does not see them."""

import re

import pytest

from prdgen.builder import render
from prdgen.review import bars

OLD = """# Title

First paragraph stays.

Second paragraph is about money and tax.

- [REQ-1] It is fast enough.
- [REQ-2] It is safe.

| a | b |
|---|---|
| 1 | 2 |

```python
print(1)
```

The end.
"""


def html(text: str) -> str:
    return render.render("a.md", text, context=render.RenderContext()).html


def marked(new: str) -> str:
    return bars.put(html(new), bars.marks(html(OLD), html(new)))


def said(shown: str) -> list[str]:
    """What is marked and how it begins, in order."""
    found = re.findall(
        r'prd-bar--(\w+)[^>]*>(?:<span class="prd-bar-said">\w+: </span>)?([^<]*)', shown
    )
    return [f"{kind} {words.strip()[:12]}".strip() for kind, words in found]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("about money and tax", "about money and law", ["changed Second parag"]),
        ("# Title", "# Title now", ["changed Title now"]),
        ("The end.", "Quite another thing.\n\nThe end.", ["new Quite anothe"]),
        ("First paragraph stays.\n\n", "", ["gone Removed here"]),
        ("print(1)", "print(2)", ["changed"]),
        ("| 1 | 2 |", "| 1 | 3 |", ["changed"]),
        ("It is safe", "It is very safe", ["changed"]),
        ("- [REQ-2] It is safe.\n", "", ["gone Removed here"]),
    ],
)
def test_what_changed_is_marked(old, new, expected):
    """One change is one mark, at its own block: in a list at its entry."""
    assert said(marked(OLD.replace(old, new))) == expected


@pytest.mark.parametrize("marker", ["{}.", "-"])
@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ({1}, "! # two ( # in # side ) # three"), ({2}, "# one ! # three"),
        ({3}, "# one # two ( # in # side ) !"), ({2, 3}, "# one !"),
        ("in", "# one # two ! ( # side ) # three"), ("side", "# one # two ( # in ! ) # three"),
    ],
)  # fmt: skip
def test_what_went_from_a_list_takes_no_number(marker, gone, expected):
    """The other entries are counted as in the published page, also by a screen reader."""
    names = ["one", "two", "three"]

    def page(*without: object) -> str:
        lines = ["Words.\n"]
        for number, name in enumerate(names, 1):
            if number in without:
                continue
            lines.append(f"{marker.format(number)} {name}")
            if number == 2:
                lines += [
                    f"   {marker.format(1)} {each}"
                    for each in ("in", "side")
                    if each not in without
                ]
        return html("\n".join(lines) + "\n")

    old, new = page(), page(*({gone} if isinstance(gone, str) else gone))
    shown = bars.put(new, bars.marks(old, new))
    within = re.findall(
        r"<p class=\"prd-bar prd-bar--gone\">Removed here</p>|</?[uo]l|<li|one|two|three|\bin\b|side",
        shown,
    )
    told = {"<li": "#", "<ol": "(", "<ul": "(", "</ol": ")", "</ul": ")"}
    words = " ".join("!" if each.startswith("<p") else told.get(each, each) for each in within)
    outer = words.replace("( ", "", 1) if words.startswith("(") else words.replace("! ( ", "! ", 1)
    assert outer.rpartition(" )")[0] == expected


def test_what_is_the_same_is_not_touched():
    """Without the marks the page is what it was."""
    assert "prd-bar" not in marked(OLD)
    shown = marked(OLD.replace("money", "coins").replace("It is safe", "It is very safe"))
    bare = re.sub(
        r'<span class="prd-bar-said">.*?</span>|prd-bar prd-bar--\w+ ?', "", shown
    ).replace(' class=""', "")
    expected = html(OLD.replace("money", "coins").replace("It is safe", "It is very safe"))
    assert re.sub(r"\s+", "", bare) == re.sub(r"\s+", "", expected)


def test_who_does_not_see_the_bar_is_told():
    """In the block where words may stand, else before it."""
    shown = marked(OLD.replace("money", "coins").replace("print(1)", "print(2)"))
    assert '<span class="prd-bar-said">Changed: </span>Second' in shown
    assert re.search(r'<p class="prd-bar-said">Changed: </p>\s*<div class="prd-bar', shown)


def test_a_new_page_is_one_mark_a_block():
    """Nothing before: every block is new, and none is lost."""
    shown = bars.put(html(OLD), bars.marks("", html(OLD)))
    assert shown.count("prd-bar--new") == 7


def test_a_table_keeps_its_look():
    """The theme draws tables that have no class: the bar is around it."""
    shown = marked(OLD.replace("| 1 | 2 |", "| 1 | 3 |"))
    assert re.search(r'<div class="prd-bar prd-bar--changed"><table>', shown)
    assert "Changed: </p>" in shown
