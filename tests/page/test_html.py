"""The HTML before it is sanitised."""

from prdgen.page import html, tree


def body(text: str, *, lines: bool = False, **dressing) -> str:
    return html.body(tree.parse(text), html.Dressing(**dressing), lines=lines)


def test_headings_carry_the_anchors_of_the_outline():
    assert '<h2 id="a-b">A b</h2>' in body("## A b\n")


def test_a_requirement_is_an_anchor_and_a_chip():
    drawn = body("- [REQ-1] Text\n")
    assert '<li class="requirement" id="REQ-1">' in drawn
    assert '<a class="requirement-id" href="#REQ-1"' in drawn
    assert "[REQ-1]" not in drawn


def test_a_requirement_written_twice_has_one_anchor():
    assert body("- [REQ-1] a\n- [REQ-1] b\n").count('id="REQ-1"') == 1


def test_strictdoc_requirement_is_an_anchor_too():
    assert '<p class="requirement" id="R-2"' in body("### T\n\n**UID**: R-2\n")


def test_mentions_are_linked_where_the_place_is_known():
    known = {"REQ-1": "/x/#REQ-1"}
    drawn = body("REQ-1 and REQ-2, `REQ-1`, [REQ-1](y.md)\n", mention=known.get)
    assert drawn.count("requirement-link") == 1
    assert '<a class="requirement-link" href="/x/#REQ-1">REQ-1</a> and REQ-2' in drawn


def test_blocks_carry_their_line_in_the_preview():
    drawn = body("---\na: 1\n---\n# A\n\ntext\n\n- x\n- y\n", lines=True)
    for tag, line in (("h1", 4), ("p", 6), ("ul", 8), ("li", 9)):
        assert f'<{tag} id="a" data-line="{line}"' in drawn or f'<{tag} data-line="{line}"' in drawn


def test_without_lines_no_positions_are_left():
    assert "sourcepos" not in body("# A\n\n**b** [c](d)\n")


def test_a_wiki_link_to_nothing_is_text():
    assert "[[x|y]] and [[z]]" in body("[[x|y]] and [[z]]\n")


def test_the_tree_stays_as_it_was():
    """Unless it is spent, drawing a tree leaves it for others."""
    parsed = tree.parse("- [REQ-1] a\n")
    assert html.body(parsed) == html.body(parsed)
    assert html.body(parsed, spend=True) == html.body(tree.parse("- [REQ-1] a\n"))


def test_words_about_an_address_are_no_address():
    """What stands in quotes in another attribute stays as it is; the link behind it leads on."""
    made = {"a.png": html.Target("/x/a.png"), "b.md": html.Target("/y/b/")}
    for written, shown in (
        ('<img alt="the src = c.png" src="a.png">', '<img alt="the src = c.png" src="/x/a.png">'),
        ("<img title='a \"src=c.png' src=a.png>", '<img title=\'a "src=c.png\' src="/x/a.png">'),
        (
            '<a title="it\'s at href=c.md" href="b.md">',
            '<a title="it\'s at href=c.md" href="/y/b/">',
        ),
    ):
        asked = []

        def find(link, asked=asked):
            asked.append(link.target)
            return made.get(link.target)

        assert shown in body(f"{written}\n", image=find, link=find)
        assert asked in (["a.png"], ["b.md"])
