"""Repositories and pages that cannot be worked with: a clear word, a cure, and nothing lost."""

import subprocess

import pytest
from git import repos

from prdgen import ids
from prdgen.flows import clone, context, create
from prdgen.flows import open as open_flow
from prdgen.flows.errors import NoSuchBranch, NoSuchPage, PageExists, PageNotLive
from prdgen.git.errors import BareRepository, NoCommits, NotARepository, UnsupportedFormat
from prdgen.settings import Settings

from .conftest import ONE
from .harness import until

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


def test_a_plain_folder(tmp_path):
    """Not a repository."""
    with pytest.raises(NotARepository):
        clone.open_clone(Settings(repository=tmp_path))


@pytest.mark.parametrize(
    ("options", "error"),
    [(["--bare"], BareRepository), (["--object-format=sha256"], UnsupportedFormat)],
)
def test_repositories_that_cannot_be_opened(tmp_path, options, error):
    """Bare, and SHA-256: each says what it is and what to do."""
    subprocess.run(["git", "init", "-q", *options, str(tmp_path / "r")], check=True)
    with pytest.raises(error) as caught:
        clone.open_clone(Settings(repository=tmp_path / "r"))
    assert caught.value.hint


def test_no_commits_yet(tmp_path):
    """A repository without a commit has no identity yet."""
    repo = repos.make(tmp_path / "r")
    with pytest.raises(NoCommits):
        context.identify(repo.opened)


async def test_a_detached_head_is_served(houses, repo):
    """Started on a detached HEAD: the main branch is edited, on its ref alone."""
    repo.git("checkout", "-q", "--detach")
    house = await houses(repo)
    assert house.app.main_branch == "main"
    ann = await house.editor()
    await ann.write("typed\n")
    await house.save("ann")
    assert repo.git("show", "main:one.md") + "\n" == ann.text
    assert (repo.path / "one.md").read_text() == ONE


async def test_a_merge_under_way_at_the_start(houses, repo):
    """Started in the middle of a merge: pages open, files wait until it is done."""
    repo.git("branch", "draft")
    repo.commit("mine", one=ONE.replace("second", "MINE"))
    repo.save({"one.md": ONE.replace("second", "DRAFT")}, branch="draft")
    repo.git("merge", "-q", "draft", ok=False)
    house = await houses(repo)
    ann = await house.editor()
    assert "<<<<" not in ann.text
    await ann.write("typed\n")
    await until(lambda: house.live().paused)
    assert "merge" in house.live().paused
    assert "typed" not in (repo.path / "one.md").read_text()
    repo.git("merge", "--abort")
    await until(lambda: (repo.path / "one.md").read_text() == ann.text)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe latin", "UTF-8"),
        (b"nul \0 in it", "NUL"),
        (LFS, "LFS"),
        (b"x" * 300_000, "KiB"),
    ],
    ids=["latin", "nul", "lfs", "large"],
)
async def test_pages_that_are_read_only(house, repo, data, said):
    """Readable, not live, and the reason is there."""
    repo.put({"odd.md": data})
    repo.git("add", "odd.md")
    repo.git("commit", "-q", "-m", "odd")
    opened = await open_flow.document(house.app, "main", "odd.md")
    assert opened.document is None
    assert said in opened.read_only_reason
    assert opened.text
    with pytest.raises(PageNotLive):
        await house.app.keeper.get("main", "odd.md")


@pytest.mark.parametrize("page_path", ["../one.md", "/etc/passwd", "a/../../one.md", ".git/config"])
async def test_paths_that_leave_the_repository(house, page_path):
    """No page outside the repository, and none in Git's own folder."""
    with pytest.raises(ids.BadPagePath):
        await open_flow.document(house.app, "main", page_path)


async def test_what_is_not_there(house):
    """A page and a branch that do not exist are said as such."""
    with pytest.raises(NoSuchPage):
        await open_flow.document(house.app, "main", "none.md")
    with pytest.raises(NoSuchBranch):
        await open_flow.document(house.app, "none", "one.md")


async def test_a_link_is_no_page(house, repo):
    """A link out of the repository, committed as a page, is not read."""
    (repo.path.parent / "secret.md").write_text("secret")
    (repo.path / "link.md").symlink_to("../secret.md")
    repo.git("add", "link.md")
    repo.git("commit", "-q", "-m", "link")
    with pytest.raises(NoSuchPage):
        await open_flow.document(house.app, "main", "link.md")


async def test_broken_front_matter_opens(house, repo):
    """YAML that cannot be read is text like any other."""
    repo.commit("broken", broken="---\ntitle: [open\n---\n\n# Broken\n")
    ann = await house.editor("ann", "broken.md")
    await ann.write("typed\n")
    await house.save("ann", page="broken.md")
    assert repo.git("show", "main:broken.md").endswith("typed")


async def test_a_name_that_exists_in_another_case(house, repo):
    """A new page whose name differs by case only is refused, and named."""
    repo.commit("big", Big="# Big\n")
    with pytest.raises(PageExists) as caught:
        await create.page(house.app, "main", "feature", "BIG", house.people["ann"].id)
    assert "Big.md" in str(caught.value)
