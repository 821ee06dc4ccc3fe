"""Comments of a review in a Word file: at their words, with names and times, and nothing else changed."""

import io
import re
import zipfile
from datetime import UTC, datetime

import pytest

from prdgen.builder import exports, render, word
from prdgen.flows import export_comments
from prdgen.flows.conversation import Placed
from prdgen.review.state import Comment, Thread

TEXT = """# The title

Some **plain words** about money, and *more* of them.

- [REQ-1] It is fast enough for everyone.

```python
print("hello world")
```

| a | b |
|---|---|
| one cell | another |

```mermaid
flowchart LR
  a[Begin] --> b[End]
```

The end.
"""
WHEN = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def said(words: str, number: int, *texts: str, suggestion: str | None = None) -> Placed:
    comments = tuple(
        Comment(f"Ann <{n}>", "ann@example.org", WHEN.replace(minute=n), text)
        for n, text in enumerate(texts)
    )
    thread = Thread(f"t{number}", comments, "a.md", suggestion=suggestion)
    start = TEXT.index(words) if words else 0
    return Placed(
        thread, number, "a.md", "same" if words else "page", words, start, start + len(words)
    )


def document(found: list[Placed]) -> dict[str, str]:
    context = render.RenderContext(mode="word", lines=bool(found))
    rendered = render.render("a.md", TEXT, context=context)
    html = export_comments.put(rendered.html, TEXT, found) if found else rendered.html
    part = exports.Part(rendered.title, html, rendered.outline, rendered.requirements, "a.md")
    made = [word.make([part], exports.Meta(title="The title")) for _ in range(2)]
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as package:
        return {name: package.read(name).decode("utf-8", "replace") for name in package.namelist()}


def ranged(files: dict[str, str], number: int) -> str:
    """The words that one comment is about."""
    name = number * 10_000
    body = files["word/document.xml"]
    found = re.search(
        rf'<w:commentRangeStart w:id="{name}" ?/>(.*)<w:commentRangeEnd w:id="{name}" ?/>',
        body,
        re.DOTALL,
    )
    assert found, f"comment {number} has no range"
    return "".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)", found[1]))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("**plain words** about", "plain words about"),
        ("fast enough", "fast enough"),
        ("one cell", "one cell"),
        ("The end.", "The end."),
        ("hello world", ""),
        ("Begin", ""),
        ("The title", ""),
        ("", ""),
    ],
)
def test_a_comment_is_at_its_words(words, expected):
    """Over markup, in lists and tables; of code and diagrams at their place; else at the beginning."""
    files = document([said(words, 1, "What\nis & <this>?", "An answer")])
    assert ranged(files, 1) == expected
    comments = files["word/comments.xml"]
    assert re.findall(r'w:author="([^"]*)" w:date="([^"]*)"', comments) == [
        ("Ann &lt;0&gt;", "2026-11-24T09:00:00Z"), ("Ann &lt;1&gt;", "2026-11-24T09:01:00Z"),
    ]  # fmt: skip
    assert "is &amp; &lt;this&gt;?" in comments
    assert "An answer" in comments


def test_several_comments_do_not_mix():
    """Those that overlap, those of the page, and a suggestion with its words."""
    files = document([
        said("plain words** about money", 1, "One"), said("money", 2, "", suggestion="coins"),
        said("", 3, "All of it"),
    ])  # fmt: skip
    assert ranged(files, 1).endswith("words about money")
    assert ranged(files, 2) == "money"
    assert ranged(files, 3) == ""
    assert "Suggested: coins" in files["word/comments.xml"]
    assert files["word/comments.xml"].count("<w:comment ") == 3


def test_the_text_stays():
    """The words of the document are the same with and without comments; without, there are none."""
    plain, with_them = document([]), document([said("hello world", 1, "x"), said("money", 2, "y")])

    def words(files):
        return "".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)", files["word/document.xml"]))

    assert words(plain) == words(with_them)
    assert "<w:comment " not in plain.get("word/comments.xml", "")
    assert "commentRangeStart" not in plain["word/document.xml"]
