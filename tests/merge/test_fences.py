"""Lines that are something only together stay together when two people write in one place."""

from hypothesis import given
from hypothesis import strategies as st

from prdgen.merge import fences, tokens
from prdgen.merge.three_way import merge

GRAPH = "```mermaid\ngraph TD\n\nA-->B\n```\n"
TALK = "```mermaid\nsequenceDiagram\n\nC->>D: hi\n```\n"
LISTED = "- an item\n\n  ```mermaid\n  pie\n  ```\n"
TITLE = "Till\n====\n"
OTHER = "Paper\n====\n"
WORDS = st.sampled_from([GRAPH, TALK, LISTED, TITLE, OTHER, "Ten seconds.\n", "- one\n- two\n"])
TEXTS = st.lists(WORDS, max_size=4).map("\n".join)


def whole(text, **more):
    return fences.whole(tokens.lines(text), **more)


def test_a_closed_block_and_an_underlined_heading_are_one():
    assert whole(f"a\n{GRAPH}b\n{TITLE}") == ["a\n", GRAPH, "b\n", TITLE]
    assert whole("````\n```\nx\n````\n") == ["````\n```\nx\n````\n"]
    assert whole("- a\n---\n\n---\n") == ["- a\n", "---\n", "\n", "---\n"]


def test_one_that_is_not_closed_is_lines():
    assert whole("```a\nb\n") == ["```a\n", "b\n"]
    assert whole(f"b\n```\n{TALK}", inside=True) == ["b\n", "```\n", TALK]


def test_two_diagrams_in_one_place_stay_two():
    """They have the line in common that opens them, and nothing else."""
    ours, theirs = f"x\n\n{GRAPH}\nThe first words.\n", f"x\n\n{TALK}\nSomething else here.\n"
    found = merge("x\n", theirs, ours)
    assert not found.conflicts
    assert found.text == f"{ours}\n{theirs[3:]}" or found.text == f"{theirs}\n{ours[3:]}"


def test_what_two_people_wrote_on_an_empty_page():
    """A blank line of one is not the blank line of the other."""
    found = merge("", TALK, "Theta gamma.\n\nTill iota seconds.\n")
    assert found.text == f"Theta gamma.\n\nTill iota seconds.\n\n{TALK}"


@given(ours=TEXTS, theirs=TEXTS)
def test_each_stays_whole_whatever_stands_beside_it(ours, theirs):
    """On an empty page and below words that both have."""
    for base in "", "Words of both.\n\n":
        found = merge(base, base + theirs, base + ours).text
        for part in GRAPH, TALK, LISTED, TITLE, OTHER:
            for text in ours, theirs:
                assert found.count(part) >= text.count(part)
        marks = [line.strip() for line in found.splitlines() if "```" in line]
        assert marks == ["```mermaid", "```"] * (len(marks) // 2)


@given(st.text("`~=-ab \n", max_size=40), st.booleans())
def test_joined_again_they_are_the_text(text, inside):
    assert "".join(whole(text, inside=inside)) == text
