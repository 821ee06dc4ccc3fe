"""Anchors that headings had once, in a page's HTML."""

import re

from prdgen.builder import old_anchors, render


def drawn(text, anchors, mode="site"):
    context = render.RenderContext(old_anchors=anchors, mode=mode)
    return render.render("a.md", text, context=context)


def test_an_old_anchor_stands_in_its_heading():
    made = drawn("# Page\n\n## New *words*\n", {"old": "new-words", "older": "new-words"})
    assert '<h2 id="new-words"><span id="old"></span><span id="older"></span>New <em>' in made.html
    assert "old" not in made.bare


def test_what_has_an_id_keeps_it():
    """A heading, a requirement, a raw element, an anchor by name, a footnote."""
    text = '# A\n\n## B\n\n- [REQ-1] x[^1]\n\n<p id="raw">r</p><a name="named"></a>\n\n[^1]: n\n'
    before = drawn(text, {}).html
    ids = {*re.findall(r'(?:id|name)="([^"]+)"', before), "raw", "named"}
    assert {"a", "b", "REQ-1", "raw", "named"} <= ids
    assert drawn(text, dict.fromkeys(ids, "b")).html == before


def test_an_anchor_without_a_heading_is_left_out():
    """A heading that was removed leads nowhere; no place of our own is taken."""
    before = drawn("# A\n", {}).html
    assert drawn("# A\n", {"old": "gone", "__search": "a", "main": "a", "q": "a"}).html == before


def test_words_and_code_are_no_headings():
    text = '# A\n\n```html\n<h2 id="b">x</h2>\n```\n\n`<h2 id="b">`\n'
    assert drawn(text, {"old": "b"}).html == drawn(text, {}).html


def test_each_once_where_raw_html_has_the_anchor_again():
    html = '<h2 id="b">x</h2><h2 id="b">y</h2>'
    assert old_anchors.put(html, {"old": "b"}).count('"old"') == 1
