"""What a page's writer may not do to its readers (trap 18)."""

import re
import time

import pytest

from prdgen.builder import sanitize
from prdgen.builder.render import RenderContext, render

ATTACKS = [
    "<script>alert(1)</script>",
    "<svg onload=alert(1)><script>1</script></svg>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>1</script>)",
    "<iframe src=https://example.com></iframe>",
    "<form action=//evil><input name=password></form>",
    "<style>*{background:url(//evil)}</style>",
    '<p style="background:url(//evil)">x</p>',
    "<math><mtext><mglyph><style><img src=x onerror=alert(1)>",
    "<base href=//evil>",
    "<meta http-equiv=refresh content='0;url=//evil'>",
    "<object data=//evil></object><embed src=//evil>",
    '<a href="x" onclick="alert(1)" target="_top">x</a>',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    '```mermaid\ngraph TD\n A["<img src=x onerror=alert(1)>"]-->B\n click A "javascript:alert(1)"\n```',
    "$\\href{javascript:alert(1)}{x}$",
    '```"><script>alert(1)</script>\nx\n```',
    '# x" onclick="alert(1)\n',
    "- [REQ-1] <script>alert(1)</script>",
    '[[x" onclick="alert(1)]]',
    '![x" onerror="alert(1)](a.png)',
]
LIVE = re.compile(
    r"<(?:script|iframe|object|embed|form|style|base|meta|foreignObject)\b|"
    r"<[^<>]*\s(?:on\w+|style|srcdoc|formaction)\s*=|"
    r"(?:href|src|xlink:href)\s*=\s*[\"']?\s*(?:javascript|data|vbscript):|"
    r"<[^<>]*(?:src|data|action)\s*=\s*[\"']?(?:https?:)?//",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"")


def drawn(text: str, mode: str = "site") -> str:
    return render("a.md", text, context=RenderContext(mode=mode)).html


@pytest.mark.parametrize("mode", ["preview", "site", "pdf", "word"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_runs_and_nothing_loads(attack, mode):
    """Quoted text may speak of scripts; tags and attributes may not be any."""
    html = drawn(attack, mode)
    bare = _QUOTED.sub(lambda m: m[0] if re.match(r"\"\s*(?:\w+:|//)", m[0]) else '""', html)
    assert not LIVE.search(bare)


def test_a_remote_image_is_a_link_and_a_problem():
    """Nobody else's server hears who reads a page."""
    rendered = render("a.md", "![Logo](https://evil.example/t.gif)", context=RenderContext())
    assert "<img" not in rendered.html
    assert '<a class="remote-image" href="https://evil.example/t.gif">Logo</a>' in rendered.html
    assert [problem.code for problem in rendered.problems] == ["remote-image"]


@pytest.mark.parametrize(
    "src",
    ["//evil/x.gif", "https:evil/x", "\\\\evil\\x", " //evil/x", "&#47;/evil/x", "h\tttps://e/x"],
)
def test_raw_remote_images_load_nothing(src):
    html = drawn(f'<p><img src="{src}" alt="x"></p>')
    found = re.search(r"<img[^>]*src=\"([^\"]*)\"", html)
    assert (
        found is None or found[1].startswith("/evil") or not re.match(r"(?:\w+:|//|\\)", found[1])
    )


def test_what_writers_need_stays():
    """Details, keyboard keys, sized images, anchors of their own, sub and sup."""
    text = (
        "<details open><summary>More</summary>\n\n*in*\n\n</details>\n\n<kbd>Ctrl</kbd> "
        'H<sub>2</sub>O <img src="a.png" width="20" alt="A"> <a id="mine"></a>\n'
    )
    html = drawn(text)
    for part in ('<details open="">', "<em>in</em>", "<kbd>", "<sub>", 'width="20"', 'id="mine"'):
        assert part in html


def test_ids_and_classes_of_the_frame_cannot_be_taken():
    html = sanitize.clean('<p id="__search" class="md-header requirement">x</p>')
    assert html == '<p class="requirement">x</p>'


def test_a_page_cannot_name_a_hole():
    """Where our drawings are put back is named at random."""
    text = '<div data-hole="0000000000000000-0"></div>\n\n```py\nx\n```\n'
    assert drawn(text).count('class="highlight"') == 1


@pytest.mark.parametrize(
    "text",
    ["[" * 30_000, "[a](" * 5_000, "![[" * 10_000, ">" * 400_000, "**a " * 50_000, "<b>" * 60_000,
     "<div>" * 3_000, "$" + "{" * 5_000 + "$", "```python\n" + "(" * 60_000 + "\n```", "<a href=" * 40_000],
    ids=lambda text: text[:6],
)  # fmt: skip
def test_hostile_pages_are_drawn_in_bounded_time(text):
    begun = time.process_time()
    drawn(text, "preview")
    assert time.process_time() - begun < 4
