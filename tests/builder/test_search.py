"""The search index: Pagefind over the public build, pages only."""


def test_index_joins_the_build_and_leaves_it_whole(team):
    """Search files come a moment later, as artifacts of the same build."""
    team.publish(a="# Zebra crossing\n\nStripes.\n")
    manifest = team.site.index()
    assert "pagefind/pagefind.js" in manifest.files
    assert (team.site.public / "pagefind" / "pagefind-entry.json").is_file()
    assert "Stripes" in team.read("a/index.html")
    fragments = [path for path in manifest.files if path.endswith(".pf_fragment")]
    assert len(fragments) == 2


def test_lists_and_excluded_pages_are_not_searched(team):
    """Only pages are found: no lists, and none that asks to be left out."""
    team.publish(a="---\nsearch: {exclude: true}\n---\n# A\n", b="---\nunlisted: true\n---\n# B\n")
    manifest = team.site.index()
    fragments = [path for path in manifest.search if path.endswith(".pf_fragment")]
    assert len(fragments) == 1


def test_next_build_keeps_the_index(team):
    """Until the next index is made, the last one goes on answering."""
    team.publish(a="# A\n")
    search = team.site.index().search
    built = team.publish(a="# A\n\nMore.\n")
    assert built.manifest.search == search
    assert search.keys() <= built.manifest.files.keys()


def test_no_build_no_index(team):
    """Without a build there is nothing to index."""
    assert team.site.index() is None
