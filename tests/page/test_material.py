"""Material's notation is found, and written as GitHub reads it; nothing else changes."""

from hypothesis import given
from hypothesis import strategies as st

from prdgen.page import material


def test_note_becomes_an_alert_with_its_title():
    """What follows the block, and what is in it, stays as it was."""
    text = 'Before.\n!!! warning "Mind\'s gap"\n    One.\n\n    - two\nAfter.\n'
    expected = "Before.\n\n> [!WARNING]\n> **Mind's gap**\n>\n> One.\n>\n> - two\n\nAfter.\n"
    assert material.converted(text) == expected


def test_foldable_block_and_tabs():
    """`???` folds, `???+` is open, and each tab is a title with what stood under it."""
    text = '??? info "More"\n    Text.\n\n=== "One"\n    A.\n\n=== "Two"\n    B.\n'
    made = material.converted(text)
    assert "<details>\n<summary>More</summary>\n\nText.\n\n</details>" in made
    assert "**One**\n\nA.\n" in made
    assert "**Two**\n\nB.\n" in made
    assert "<details open>" in material.converted("???+ note\n    Text.\n")


def test_blocks_inside_blocks_and_lists():
    """A tab in a note, and a note in a list's item."""
    made = material.converted('!!! tip\n    === "Python"\n        ```py\n        x\n        ```\n')
    assert made.startswith("> [!TIP]\n> **Python**\n>\n> ```py\n> x\n> ```\n")
    assert material.converted("- one\n\n    !!! note\n        Two.\n").endswith(
        "    > [!NOTE]\n    > Two.\n"
    )


def test_code_about_the_notation_stays():
    """A page that explains it is not changed by it."""
    text = "```markdown\n!!! note\n    Text.\n```\n\nA line with !!! note in it.\n"
    assert material.converted(text) == text
    assert material.places(text) == []


def test_places_are_named_by_line():
    """So that they can be listed."""
    found = material.places('# A\n\n!!! note\n    x\n\n=== "T"\n    y\n')
    assert [(each.line, each.mark) for each in found] == [(3, "!!!"), (6, "===")]


@given(st.text(alphabet="!?=~` \nab\"'->#1", max_size=200))
def test_text_without_the_notation_is_not_touched(text: str):
    """Byte for byte; and where there was some, none is left."""
    once = material.converted(text)
    assert material.places(text) or once == text
    assert [each.mark for each in material.places(once)] == []


def test_words_are_kept():
    """Every word inside is there afterwards."""
    text = "??? note\n    ```\n    !!! in code\n    ```\n    last words\n"
    assert "!!! in code" in material.converted(text)
    assert "last words" in material.converted(text)
