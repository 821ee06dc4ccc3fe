"""What a rendering knows of the pages around is read once for each commit, and never an old one."""

from prdgen.flows import around, index, read


async def indexed(house):
    tip = house.app.repository.tip("main")
    await index.branch(house.app, "main")
    return tip


async def test_it_is_read_once_for_a_commit(house, repo):
    """The very same, until a commit; then another one."""
    await indexed(house)
    first = await around.of(house.app, "main", None)
    assert await around.of(house.app, "main", None) is first
    assert dict(first.titles) == {"one.md": "One", "other.md": "Other"}
    repo.commit("retitle", one="# Uno\n")
    await indexed(house)
    assert (await around.of(house.app, "main", None)).titles["one.md"] == "Uno"


async def test_a_title_and_a_file_of_now_are_in_the_next_rendering(house, repo):
    """A link that was broken is none any more, once its page is indexed."""
    await indexed(house)
    text = "See [new](new.md).\n"
    broken = await read.preview(house.app, "main", "one.md", text)
    assert [problem.code for problem in broken.problems] == ["broken-link"]
    repo.commit("add", new="# New\n")
    await indexed(house)
    assert not (await read.preview(house.app, "main", "one.md", text)).problems


async def test_what_is_not_indexed_yet_is_not_kept(house, repo):
    """A branch that the index does not know may be known a moment later."""
    await indexed(house)
    repo.git("branch", "draft/x")
    before = await around.of(house.app, "draft/x", None)
    assert not before.titles
    await index.branch(house.app, "draft/x")
    assert (await around.of(house.app, "draft/x", None)).titles


async def test_only_a_few_are_kept(house, repo):
    """An old commit each time is no leak."""
    for number in range(10):
        repo.commit("edit", one=f"# One {number}\n")
        await indexed(house)
        await around.of(house.app, "main", None)
    assert len(around._kept) <= 4
