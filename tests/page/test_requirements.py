"""Requirements in both notations."""

import pytest

from prdgen.page import requirements, tree

STRICTDOC = """### Opening

**UID**: REQ-2 \\
**Status**: Approved \\
**Relations**: REQ-1

The door opens.
"""


def of(text: str) -> list[requirements.Requirement]:
    return requirements.of(tree.parse(text))


@pytest.mark.parametrize(
    "line",
    [
        "- [REQ-012] Opens in *two* seconds",
        "* [REQ-012] Opens in `two` seconds",
        "1. [REQ-012] Opens in two seconds",
        "- [ ] [REQ-012] Opens in two seconds",
        "- **[REQ-012]** Opens in two seconds",
        "- &#91;REQ-012] Opens in two seconds",
    ],
)
def test_list_notation(line):
    found = of(line)
    assert [(each.id, each.text) for each in found] == [("REQ-012", "Opens in two seconds")]


def test_lines_of_a_list_requirement():
    found = of("# A\n\n- [A-1] one\n  more\n\n- [A-2] two\n")
    assert [(each.id, each.line, each.end_line) for each in found] == [("A-1", 3, 4), ("A-2", 6, 6)]


def test_strictdoc_notation():
    found = of(STRICTDOC)
    assert found == [
        requirements.Requirement("REQ-2", "The door opens.", 3, 7, "strictdoc", "Approved")
    ]


def test_strictdoc_without_statement_takes_its_title():
    assert of("### Opening\n\n**UID**: REQ-2\n\n## Next\n")[0].text == "Opening"


def test_strictdoc_statement_field():
    assert of("### T\n\n**UID:** R-1 \\\n**Statement:** It opens.\n")[0].text == "It opens."


@pytest.mark.parametrize(
    "text",
    ["- [x] task", "- [req-1] low", "- [REQ] none", "- [REQ-1](a.md) link", "REQ-1 text",
     "```\n- [REQ-1] code\n```", "- [REQ-1]x"],
)  # fmt: skip
def test_what_is_no_requirement(text):
    assert of(text) == []
