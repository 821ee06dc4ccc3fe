"""Pages and branches get other names, or go away, while somebody types; every word stands once."""

from __future__ import annotations

import asyncio
import subprocess
import time

import pytest
from git.repos import ANN

from prdgen import ids
from prdgen.flows import draft_merge, drafts, edit, pull, recovered, watch
from prdgen.flows import open as open_flow
from prdgen.flows.errors import PageNotLive, PageRecovered
from prdgen.store import documents

from .conftest import ONE
from .harness import fsck, until


@pytest.fixture
async def ann(house):
    return await house.editor("ann")


@pytest.fixture
def page(repo):
    return repo.path / "one.md"


async def typed(ann, page, words=" typed", after="first line"):
    """Ann types, and it is in the file."""
    await ann.write(words, after=after)
    await until(lambda: page.read_text() == ann.text)


async def test_a_page_renamed_with_edits_in_one_commit(house, repo, ann, page):
    """They go on in it under its new path, with the edits."""
    await typed(ann, page)
    await house.save("ann")
    await until(lambda: repo.status() == "")
    await ann.write(" more", after="first line typed")
    await until(lambda: page.read_text() == ann.text)
    repo.git("mv", "one.md", "docs.md")
    moved = repo.path / "docs.md"
    moved.write_text(moved.read_text().replace("third", "3rd"))
    repo.git("commit", "-qam", "Rename and edit")
    want = ONE.replace("first line", "first line typed more").replace("third", "3rd")
    await ann.until(lambda: ann.text == want)
    await until(lambda: house.live("docs.md").id == ann.claim_id)
    await ann.write(" last", after="second line")
    want = want.replace("second line", "second line last")
    await until(lambda: moved.read_text() == want)
    assert not page.exists()
    await house.save("ann", page="docs.md")
    assert repo.git("show", "main:docs.md") + "\n" == want
    assert (repo.status(), fsck(repo)) == ("", "")


async def test_a_page_moved_by_mv_and_committed(house, repo, ann, page):
    """Without Git: nothing happens in the page until somebody commits it; then it goes along."""
    await typed(ann, page)
    page.rename(repo.path / "two.md")
    repo.git("add", "--all")
    repo.git("commit", "-qm", "Move")
    await until(lambda: house.live("two.md").document.tip_commit == repo.tip())
    await ann.write(" more", after="second line")
    await until(lambda: (repo.path / "two.md").read_text() == ann.text)
    assert ann.text.count("typed") == 1
    assert not page.exists()
    await house.save("ann", page="two.md")
    assert repo.status() == ""


async def test_typing_on_after_mv_brings_the_file_back(house, repo, ann, page):
    """Moved on disk, not committed, and somebody types: the page has its file again; the moved one is
    a file of its own.
    """
    await typed(ann, page)
    was = page.read_text()
    page.rename(repo.path / "two.md")
    await ann.write(" more", after="second line")
    await until(lambda: page.exists() and page.read_text() == ann.text)
    assert (repo.path / "two.md").read_text() == was
    repo.git("add", "--all")
    repo.git("commit", "-qm", "Both")
    await until(lambda: house.live().document.tip_commit == repo.tip())
    assert (await house.save("ann")).commits == ()
    assert repo.status() == ""


async def test_a_renamed_folder_takes_its_pages_along(house, repo):
    """Two pages of it are open; both go on under their new paths."""
    repo.commit("Folder", docs__a="# A\n\nalpha text here\n", docs__b="# B\n\nbeta words there\n")
    ann, bob = await house.editor("ann", "docs/a.md"), await house.editor("bob", "docs/b.md")
    await ann.write(" typed", after="alpha")
    await bob.write(" typed", after="beta")
    await until(lambda: "typed" in (repo.path / "docs/b.md").read_text())
    repo.git("mv", "docs", "guide")
    repo.git("commit", "-qm", "Rename the folder")
    for name, editor in (("a", ann), ("b", bob)):
        where = f"guide/{name}.md"
        await until(lambda where=where, editor=editor: house.live(where).id == editor.claim_id)
        await editor.write(" more", after="typed")
        await until(
            lambda where=where, editor=editor: (repo.path / where).read_text() == editor.text
        )
        await house.save("ann", page=where)
        assert "typed more" in repo.git("show", f"main:{where}")
    assert not (repo.path / "docs").exists()
    assert repo.status() == ""


async def test_a_rename_that_changes_the_case_only(house, repo, ann, page):
    """`git mv one.md One.md`: the page goes along, and is not two."""
    await typed(ann, page)
    repo.git("mv", "one.md", "One.md")
    repo.git("commit", "-qm", "Case")
    await until(lambda: house.live("One.md").id == ann.claim_id)
    await ann.write(" more", after="second line")
    await until(lambda: (repo.path / "One.md").read_text() == ann.text)
    await house.save("ann", page="One.md")
    assert repo.git("ls-files").split() == ["One.md", "other.md"]
    assert repo.status() == ""


async def test_a_page_swapped_with_another(house, repo, ann, page):
    """Two pages take each other's names: Git sees two edits, and so do the people in them."""
    await ann.leave()
    bob = await house.editor("bob", "other.md")
    repo.git("mv", "one.md", "third.md")
    repo.git("mv", "other.md", "one.md")
    repo.git("mv", "third.md", "other.md")
    repo.git("commit", "-qm", "Swap")
    await bob.until(lambda: bob.text == ONE)
    assert (repo.path / "one.md").read_text() == "# Other\n\nother\n"
    assert repo.status() == ""


@pytest.mark.parametrize("how", ["here", "while nobody looks"])
async def test_a_branch_with_a_new_name(houses, repo, how):
    """`git branch -m`: people go on in the page, every word in it."""
    repo.git("branch", "draft")
    house = await houses(repo)
    ann = await house.editor("ann", branch="draft")
    await ann.write(" saved", after="first line")
    await house.save("ann", branch="draft")
    await ann.write(" typed", after="second line")
    document = house.live(branch="draft").id
    if how == "while nobody looks":
        await house.crash()
    repo.git("branch", "-m", "draft", "plan")
    if how == "while nobody looks":
        house = await houses(repo)
        ann = await house.editor("ann", branch="plan")
    bob = await house.editor("bob", branch="plan")
    assert house.live(branch="plan").id == document
    assert not house.live(branch="plan").gone
    await ann.write(" on", after="first line")
    await bob.until(lambda: bob.text == ann.text)
    assert "first line on saved" in bob.text
    assert "second line typed" in bob.text
    await house.save("ann", branch="plan")
    assert repo.git("show", "plan:one.md") + "\n" == ann.text
    assert repo.git("for-each-ref", "--format=%(refname)", "refs/heads/draft") == ""
    assert repo.git("log", "--format=%an", "-1", "plan") == "Ann"


@pytest.mark.parametrize(
    "left", ["two others at its commit", "a copy", "a copy of a renamed one", "a closed one"]
)
async def test_a_deleted_branch_is_no_renamed_one(house, repo, left):
    """Nobody's text goes to a branch that only happens to be where the deleted one was."""
    repo.git("branch", "draft")
    ann = await house.editor("ann", branch="draft")
    await ann.write(" typed", after="first line")
    await house.save("ann", branch="draft")
    tip = repo.tip("draft")
    repo.git("branch", "copy", "draft")
    if left == "a copy of a renamed one":
        repo.git("branch", "-m", "copy", "backup")
        repo.git("branch", "-m", "backup", "copy")
    if left == "two others at its commit":
        repo.git("branch", "other", tip)
    if left == "a closed one":
        repo.git("update-ref", "refs/prdgen/drafts/20261126-12345678", tip)
    repo.git("branch", "-D", "draft")
    await until(lambda: house.live(branch="draft").gone)
    assert "draft was deleted" in house.live(branch="draft").gone.reason
    assert repo.tip("copy") == tip


async def next_second(repo):
    """Git's log counts in seconds: what comes now is later than all that is in it."""
    last = int(repo.git("log", "-1", "--walk-reflogs", "--date=unix", "--format=%gd", "plan")[6:-1])
    await until(lambda: time.time() > last + 1)


def noted(repo, review):
    """How often the review's log says that its branch was renamed."""
    log = repo.git("show", f"refs/prdgen/reviews/{review.id}:log.jsonl")
    return log.count('"kind":"renamed"')


@pytest.mark.parametrize(
    "how",
    ["closed", "closed, the store's clock behind", "deleted", "deleted, opened by its new name"],
)
async def test_a_name_that_is_used_again_is_another_draft(house, repo, how):
    """Renamed, and its name given to a second draft that ends: what was typed there stays there, and
    each review is at its own.
    """
    person = house.people["ann"]
    first = await drafts.start(house.app, person, "Checkout")
    ann = await house.editor("ann", branch=first.branch)
    await ann.write(" first", after="first line")
    repo.git("branch", "-m", first.branch, "plan")
    await until(lambda: house.live(branch="plan").id == ann.claim_id)
    await until(lambda: noted(repo, first.review) == 1)
    await next_second(repo)
    second = await drafts.start(house.app, person, "Checkout")
    assert second.branch == first.branch
    page = "one.md" if how in {"closed", "deleted"} else "other.md"
    bob = await house.editor("bob", page, branch=second.branch)
    await bob.write(" second", after="second line" if page == "one.md" else "other")
    if how.startswith("closed"):
        await draft_merge.close(house.app, second.branch, person)
    if how.endswith("behind"):
        async with house.app.store.transaction() as tx:
            behind = (
                "UPDATE documents SET created_at = created_at - interval '1 hour' WHERE id = %s"
            )
            await tx.execute(behind, [bob.claim_id])
        await pull.refresh(house.app, house.live(page, second.branch))
    repo.git("branch", "-D", second.branch, ok=False)
    await until(lambda: house.live(page, second.branch).gone)
    carl = await house.editor("ann", page, branch="plan")
    assert " second" not in carl.text
    assert house.live(page, second.branch).id == bob.claim_id
    assert drafts.find(house.app, "plan").review.id == first.review.id
    assert drafts.find_review(house.app, second.review.id).branch == second.branch
    assert drafts.find_review(house.app, first.review.id).branch == "plan"


async def test_a_page_nobody_is_in_goes_along_before_its_name_is_used_again(house, repo):
    """Its document is not the second draft's."""
    person = house.people["ann"]
    first = await drafts.start(house.app, person, "Checkout")
    ann = await house.editor("ann", branch=first.branch)
    known = ann.claim_id
    await ann.leave()
    house.live(branch=first.branch).last_change -= 3600
    house.live(branch=first.branch).changed.set()
    await until(lambda: not house.app.keeper.all())
    repo.git("branch", "-m", first.branch, "plan")
    await watch.branches(house.app)
    async with house.app.store.transaction() as tx:
        assert (await documents.get(tx, known)).branch == "plan"
    assert noted(repo, first.review) == 1
    second = await drafts.start(house.app, person, "Checkout")
    bob = await house.editor("bob", branch=second.branch)
    assert bob.claim_id != known


async def test_a_rename_that_nobody_saw_before_the_name_was_used_again(houses, repo):
    """The server was away: pages and review are at the new name; who made a branch of the old one in a
    terminal begins anew, and ends it without the other.
    """
    house = await houses(repo)
    first = await drafts.start(house.app, house.people["ann"], "Checkout")
    ann = await house.editor("ann", branch=first.branch)
    await ann.write(" first", after="first line")
    await house.crash()
    house.stack = None
    repo.git("branch", "-m", first.branch, "plan")
    await next_second(repo)
    repo.git("branch", first.branch, "main")
    house = await houses(repo)
    person = house.people["ann"]
    assert drafts.find(house.app, "plan").review.id == first.review.id
    assert drafts.find(house.app, first.branch).review is None
    again = await house.editor("ann", branch="plan")
    assert again.claim_id == ann.claim_id
    await again.until(lambda: "first line first" in again.text)
    bob = await house.editor("bob", branch=first.branch)
    assert bob.text == ONE
    await bob.write(" second", after="second line")
    review = await draft_merge.close(house.app, first.branch, person)
    repo.git("branch", "-D", first.branch)
    await until(lambda: house.live(branch=first.branch).gone)
    assert review.id != first.review.id
    assert drafts.find(house.app, "plan").review.state == "open"
    assert "second line second" not in house.text(branch="plan")


async def test_a_main_branch_with_a_new_name_takes_its_pages_along(houses, repo):
    """`git branch -m master main` while the server is away: the same document, at once, every word."""
    repo.git("branch", "-m", "main", "master")
    house = await houses(repo)
    assert house.app.main_branch == "master"
    ann = await house.editor("ann", branch="master")
    await ann.write(" typed", after="first line")
    await house.crash()
    house.stack = None
    repo.git("branch", "-m", "master", "main")
    house = await houses(repo)
    assert house.app.main_branch == "main"
    began = time.monotonic()
    again = await house.editor("ann")
    assert time.monotonic() - began < 2
    assert again.claim_id == ann.claim_id
    await again.until(lambda: "first line typed" in again.text)
    await house.save("ann")
    assert "first line typed" in repo.git("show", "main:one.md")
    assert [name for name in repo.opened.branches() if name != "main"] == []


async def test_the_checked_out_main_branch_with_a_new_name(house, repo, ann, page):
    """The folder stands on another branch then: nothing is written there, nothing is lost."""
    await typed(ann, page)
    on_disk = page.read_text()
    repo.git("branch", "-m", "main", "trunk")
    await until(lambda: house.live().gone)
    await ann.write(" more", after="second line")
    assert page.read_text() == on_disk
    repo.git("branch", "-m", "trunk", "main")
    await until(lambda: not house.live().gone and page.read_text() == ann.text)
    await house.save("ann")
    assert repo.status() == ""


@pytest.mark.parametrize("line", ["*.md eol=crlf", "*.md text=auto eol=lf", "*.md -text"])
async def test_line_ending_attributes_change_no_words(house, repo, ann, page, line):
    """Attributes come while the page is open, and the files are written anew as they say."""
    await typed(ann, page)
    await house.save("ann")
    (repo.path / ".gitattributes").write_text(f"{line}\n")
    repo.git("add", ".gitattributes")
    repo.git("commit", "-qm", "Endings")
    page.unlink()
    repo.git("checkout", "-q", "--", "one.md")
    ending = b"\r\n" if "crlf" in line else b"\n"
    await ann.write(" more", after="second line")
    want = ONE.replace("first line", "first line typed").replace("second line", "second line more")
    await until(lambda: page.exists() and page.read_bytes() == want.encode().replace(b"\n", ending))
    await house.save("ann")
    assert repo.git("show", "main:one.md") + "\n" == ann.text == want
    assert repo.status() == ""


async def test_submodules_and_lfs_files_beside_a_page_are_left_alone(house, repo, ann, tmp_path):
    """A version changes its page and nothing else; a page that is such a file opens for reading."""
    inner = tmp_path / "inner"
    subprocess.run(["git", "init", "-q", "-b", "main", str(inner)], check=True)  # noqa: ASYNC221
    git = ["git", "-C", str(inner), "-c", "user.name=I", "-c", "user.email=i@example.org"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "i"], check=True)  # noqa: ASYNC221
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n"
    repo.put({".gitattributes": "big.md filter=lfs\n", "big.md": pointer})
    repo.git("add", "--all")
    repo.git("commit", "-qm", "Modules")
    before = repo.git("ls-tree", "-r", "main")
    await ann.write(" typed", after="first line")
    await house.save("ann")
    after = repo.git("ls-tree", "-r", "main")
    changed = {line.split("\t")[1] for line in set(before.split("\n")) ^ set(after.split("\n"))}
    assert changed == {"one.md"}
    assert repo.git("submodule", "status").strip().split()[1] == "sub"
    with pytest.raises(PageNotLive):
        await edit.save_version(house.app, "main", "big.md", None, house.people["ann"].id)
    assert (repo.path / "big.md").read_text() == pointer


@pytest.mark.parametrize("how", ["submodule", "clone"])
async def test_a_page_of_another_repository_inside_is_read_only(house, repo, tmp_path, how):
    """What is typed in it could be in its file and in no commit of ours."""
    inner = tmp_path / "inner"
    subprocess.run(["git", "init", "-q", "-b", "main", str(inner)], check=True)  # noqa: ASYNC221
    (inner / "page.md").write_text("# Inner\n")
    git = ["git", "-C", str(inner), "-c", "user.name=I", "-c", "user.email=i@example.org"]
    subprocess.run([*git, "add", "."], check=True)  # noqa: ASYNC221
    subprocess.run([*git, "commit", "-q", "-m", "i"], check=True)  # noqa: ASYNC221
    words = ("submodule", "add", "-q") if how == "submodule" else ("clone", "-q")
    repo.git("-c", "protocol.file.allow=always", *words, str(inner), "sub/deep")
    if how == "submodule":
        repo.git("commit", "-qm", "Module")
    opened = await open_flow.document(house.app, "main", "sub/deep/page.md")
    assert (opened.document, opened.text) == (None, "# Inner\n")
    assert "sub/deep is" in opened.read_only_reason
    assert "another repository" in opened.read_only_reason
    claim = open_flow.Claim("main", "sub/deep/new.md", repo.tip(), 0)
    made = ids.document_id(house.app.repository_id, *("main", claim.page_path, repo.tip(), 0))
    assert await open_flow.claimed(house.app, made, claim) is None


@pytest.mark.parametrize("words", [("gc", "-q", "--prune=now"), ("repack", "-q", "-a", "-d", "-f")])
async def test_packing_the_repository_takes_nothing(house, repo, ann, page, words):
    """While a page is open and after: old versions, seeds and typed text are there."""
    await typed(ann, page, " saved")
    await house.save("ann")
    await typed(ann, page, " typed", "second line")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git(*words)
    await typed(ann, page, " more", "third line")
    await house.save("ann")
    assert repo.git("show", "main:one.md") + "\n" == ann.text == page.read_text()
    assert (repo.status(), fsck(repo)) == ("", "")


async def test_a_clean_folder_takes_nothing_from_the_page(house, repo, ann, page):
    """`git clean` and `git rm --cached` are about files Git does not know, and about its index."""
    repo.put({"new.md": "# New\n"})
    opened = await house.editor("bob", "new.md")
    await opened.write("\ntyped", after="New")
    await until(lambda: "typed" in (repo.path / "new.md").read_text())
    repo.git("clean", "-qfd")
    assert not (repo.path / "new.md").exists()
    await opened.write(" more", after="typed")
    await until((repo.path / "new.md").exists)
    assert (repo.path / "new.md").read_text() == opened.text
    repo.git("rm", "-q", "--cached", "one.md")
    await typed(ann, page)
    await house.save("ann")
    assert repo.git("show", "main:one.md") + "\n" == ann.text


def kept(repo):
    """The drafts with recovered text."""
    tips = repo.opened.branches()
    found = [name for name in tips if name.startswith("recovered/")]
    return [name for name in found if repo.opened.commit_info(tips[name]).subject[:7] == "Recover"]


async def test_words_of_a_deleted_page_become_a_draft_when_all_have_left(houses, repo, page):
    """Not while somebody is in it; then by whom they were, once; whoever comes is told where."""
    house = await houses(repo, quiet_seconds=0.3)
    await house.close()
    page.write_bytes(ONE.replace("\n", "\r\n").encode())
    repo.git("commit", "-qam", "Endings")
    house = await houses(repo, quiet_seconds=0.3)
    ann, bob = await house.editor("ann"), await house.editor("bob")
    repo.git("rm", "-q", "--force", "one.md")
    repo.git("commit", "-qm", "Delete")
    await until(lambda: house.live().gone)
    await ann.write(" typed", after="first line")
    await bob.leave()
    await asyncio.sleep(0.7)  # longer than quiet: nothing may happen
    assert kept(repo) == []
    await ann.leave()
    (branch,) = await until(lambda: kept(repo))
    want = ONE.replace("first line", "first line typed")
    assert repo.opened.read(repo.tip(branch), "one.md") == want.replace("\n", "\r\n").encode()
    assert repo.git("log", "-1", "--format=%an|%s", branch) == "Ann|Recover text of one.md"
    await until(lambda: not house.live().uncommitted)
    await house.close()
    again = await houses(repo, quiet_seconds=0.3)
    with pytest.raises(PageRecovered, match=branch):
        await open_flow.document(again.app, "main", "one.md")
    repo.git("revert", "--no-edit", "HEAD")
    bob = await again.editor("bob")
    await bob.until(lambda: bob.text == want)
    await until(lambda: repo.git("show", "main:one.md").replace("\r", "") + "\n" == want)
    assert kept(repo) == [branch]
    assert fsck(repo) == ""


async def test_recovered_words_that_are_put_back_are_there_once(houses, repo):
    """The page's document has them, too: who opens the page again sees them once, and goes on."""
    house = await houses(repo, quiet_seconds=0.3)
    ann = await house.editor("ann")
    await ann.write(" typed", after="first line")
    repo.git("rm", "-q", "--force", "one.md")
    repo.git("commit", "-qm", "Delete")
    await until(lambda: house.live().gone)
    await ann.leave()
    (branch,) = await until(lambda: kept(repo))
    await until(lambda: not house.live() or not house.live().uncommitted)
    repo.git("merge", "-q", "--no-ff", "-m", "Put back", branch)
    want = ONE.replace("first line", "first line typed")
    bob = await house.editor("bob")
    await bob.until(lambda: bob.text == want)
    await bob.write(" more", after="typed")
    await house.save("bob")
    assert repo.git("show", "main:one.md") + "\n" == want.replace("typed", "typed more")


async def test_a_new_page_like_a_deleted_one_is_another(houses, repo):
    """Made of the same template a commit later: nobody is moved there, and no word of the deleted one comes in."""
    house = await houses(repo, quiet_seconds=0.3)
    ann = await house.editor("ann")
    await ann.write(" typed", after="first line")
    repo.git("rm", "-q", "--force", "one.md")
    repo.git("commit", "-qm", "Delete")
    await until(lambda: house.live().gone)
    repo.commit("Another", two=ONE)
    live = house.live()
    async with live.lock:
        await watch.look(house.app, live)
    assert live.gone
    await ann.leave()
    (branch,) = await until(lambda: kept(repo))
    bob = await house.editor("bob", "two.md")
    assert bob.text == ONE
    repo.commit("Once more", three=ONE)
    await bob.write(" by Bob", after="second line")
    await house.save("bob", page="two.md")
    assert "typed" not in repo.git("show", "main:two.md") + repo.git("show", "main:three.md")
    assert "typed" in repo.git("show", f"{branch}:one.md")


async def test_discarded_words_do_not_come_back(houses, repo):
    """Neither from the folder nor from the document, when another page is made at that place."""
    house = await houses(repo, quiet_seconds=0.3)
    ann = await house.editor("ann")
    await ann.write(" typed", after="first line")
    await until(lambda: "typed" in (repo.path / "one.md").read_text())
    repo.git("branch", "side")
    repo.save({"one.md": None}, "side")
    repo.git(
        "update-ref", "-m", "push", "refs/heads/main", "side"
    )  # the folder is for us to bring along
    await until(lambda: house.live().gone)
    await until(lambda: not (repo.path / "one.md").exists())
    await ann.leave()
    (branch,) = await until(lambda: kept(repo))
    await draft_merge.close(house.app, branch, house.people["bob"])
    repo.save({"one.md": "# Another\n"})
    bob = await house.editor("bob")
    await bob.until(lambda: bob.text == "# Another\n")
    await bob.write("more\n")
    await house.save("bob")
    assert repo.git("show", "main:one.md") == "# Another\nmore"


async def test_words_of_a_deleted_branch_become_a_draft_too(houses, repo):
    """Only those that were in no commit of it; a branch with none of these just goes."""
    house = await houses(repo, quiet_seconds=0.3)
    for name in ("draft", "plain"):
        repo.git("branch", name)
    ann, bob = await house.editor("ann", branch="draft"), await house.editor("bob", branch="plain")
    repo.git("branch", "-D", "draft", "plain")
    await until(lambda: house.live(branch="draft").gone and house.live(branch="plain").gone)
    await ann.write(" typed", after="first line")
    await ann.leave()
    await bob.leave()
    (branch,) = await until(lambda: kept(repo))
    assert "first line typed" in repo.git("show", f"{branch}:one.md")
    assert set(repo.opened.branches()) == {"main", branch}


async def test_recovered_text_is_kept_once_and_nobodys_edit_is_undone(house, repo):
    """Brought again it is there already; a branch without it is what a killed server left."""
    data = b"# One\n\nlate\n"
    branch = await recovered.keep(house.app, "one.md", data.decode(), data, ANN)
    repo.save({"one.md": "# One\n\nlate, and edited\n"}, branch)
    assert await recovered.keep(house.app, "one.md", data.decode(), data, ANN) == branch
    assert repo.git("show", f"{branch}:one.md") == "# One\n\nlate, and edited"
    repo.git("branch", "-f", branch, "main")
    await recovered.keep(house.app, "one.md", data.decode(), data, ANN)
    assert repo.opened.read(repo.tip(branch), "one.md") == data
