"""commit → page index → site: they follow, they survive a rebuild, and bad commits change nothing."""

import asyncio
import io
import zipfile

import pytest
from anyio import to_thread

from prdgen.builder.errors import BadSiteConfig
from prdgen.flows import clone as clones
from prdgen.flows import export, follow, index, publish
from prdgen.settings import Settings
from prdgen.store import builds, pages, search
from prdgen.store.errors import StoreUnavailable

from .harness import until

PRD = """---
title: Checkout
status: review
owner: ann
tags: [shop]
---

# Checkout

- [REQ-001] Buy in one step. See [other](other.md).
"""


async def indexed(house, branch="main"):
    """Every row of a branch that comes from Git, for comparing."""
    async with house.app.store.transaction() as tx:
        found = {}
        for path in await pages.indexed_blobs(tx, branch):
            row = await pages.get_page(tx, branch, path)
            found[path] = (
                row.blob,
                row.commit,
                row.title,
                row.status,
                row.owner,
                row.tags,
                row.text,
            )
        links = await pages.all_links(tx, branch)
        wanted = await pages.requirements(tx, branch)
    return found, links, wanted


async def follow_branches(house):
    """The watcher has seen the branches, and the jobs are done."""
    from prdgen.flows import watch

    await watch.branches(house.app)
    await house.work()


async def test_many_branches_that_move_at_once_leave_connections_for_others(
    house, repo, monkeypatch
):
    """However often Git is heard, one look at a time notes what moved; the rest wait for it, and for one more."""
    from prdgen.flows import edit, watch

    inside, most, noted = 0, 0, []

    async def follow(app, branch, tx):
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        noted.append(branch)
        inside -= 1

    await follow_branches(house)
    for number in range(120):
        repo.git("update-ref", f"refs/heads/many/{number:03}", "HEAD")
    await watch.branches(house.app)
    await house.work()
    monkeypatch.setattr(edit, "follow", follow)
    repo.commit("on", one="# On\n")
    for number in range(120):
        repo.git("update-ref", f"refs/heads/many/{number:03}", "HEAD")
    noted.clear()
    await asyncio.gather(*(watch.branches(house.app) for _ in range(20)))
    assert most == 1
    assert noted[0] == "main"
    # Two looks of these twenty, and those of the watcher.
    assert noted.count("many/007") < 10


async def test_the_index_follows_commits(house, repo):
    """Added, changed, renamed and deleted pages."""
    repo.commit("add", checkout=PRD)
    await follow_branches(house)
    found, links, wanted = await indexed(house)
    assert found["checkout.md"][2:6] == ("Checkout", "in review", "ann", ("shop",))
    assert any(link.target == "other.md" for link in links)
    assert [row.id for row in wanted] == ["REQ-001"]
    repo.git("mv", "checkout.md", "buying.md")
    repo.git("rm", "-q", "other.md")
    repo.commit("move", one="# Uno\n")
    await follow_branches(house)
    found, _, _ = await indexed(house)
    assert sorted(found) == ["buying.md", "one.md"]
    assert found["one.md"][2] == "Uno"


async def test_the_index_follows_what_people_type(house, repo):
    """A saved version is indexed by the job that was recorded with it."""
    ann = await house.editor()
    await ann.replace("# One", "# The first")
    await house.save("ann")
    await house.work()
    found, _, _ = await indexed(house)
    assert found["one.md"][2] == "The first"


async def test_a_branch_that_is_gone_is_forgotten(house, repo):
    """The index of a deleted branch goes away."""
    repo.git("branch", "draft")
    await follow_branches(house)
    assert (await indexed(house, "draft"))[0]
    repo.git("branch", "-D", "draft")
    await until(lambda: "draft" not in house.app.repository.branches())
    await follow_branches(house)
    async with house.app.store.transaction() as tx:
        assert await pages.indexed_branches(tx) == {"main": repo.tip()}


async def test_a_rebuilt_index_is_the_same(house, repo):
    """Thrown away and made again from Git alone: the same rows."""
    repo.commit("add", checkout=PRD)
    await follow_branches(house)
    repo.git("mv", "checkout.md", "buying.md")
    repo.commit("move")
    await follow_branches(house)
    before = await indexed(house)
    counted = await index.rebuild(house.settings)
    assert counted == {"branches": 1, "pages": 3}
    assert await indexed(house) == before


async def test_other_pages_than_before_are_found_at_once(house, repo):
    """A commit that moves docs_dir changes which files are pages: the index follows whole."""
    await follow_branches(house)
    repo.put({"mkdocs.yml": "site_name: S\ndocs_dir: docs\n", "docs/two.md": "# Two\n"})
    repo.git("add", "--all")
    repo.git("commit", "-q", "-m", "docs")
    await follow_branches(house)
    assert sorted((await indexed(house))[0]) == ["docs/two.md"]


async def test_new_globs_are_found_at_the_next_start(houses, repo):
    """`pages` in the settings changed while the server was down: the index is made again."""
    house = await houses(repo)
    await follow_branches(house)
    await house.close()
    house.settings = house.second(pages=("other.md",)).settings
    await house.open()
    await house.work()
    assert sorted((await indexed(house))[0]) == ["other.md"]


async def test_events_of_commits_are_recorded_once(house, repo):
    """One event per commit and page, however often the job runs."""
    await follow_branches(house)
    repo.commit("add", checkout=PRD)
    await follow_branches(house)
    await index.branch(house.app, "main")
    found = await house.events("git.commit.created", "prd.created", "prd.updated", "prd.deleted")
    assert found == [("git.commit.created", None), ("prd.created", "checkout.md")]


async def searched(house, query):
    async with house.app.store.transaction() as tx:
        return [hit.page_path for hit in (await search.search(tx, "main", query)).hits]


async def test_the_site_does_not_wait_for_the_words_of_the_search(house, repo, monkeypatch):
    """They come when it is there; after a kill in between the next worker makes them good."""
    await follow_branches(house)
    repo.commit("say it", other="# Other\n\nquokka\n")
    seen = []

    async def killed(app, name):
        seen.append((name, publish.published(app).current().commit))
        raise StoreUnavailable(got="it was killed")

    with monkeypatch.context() as patch:
        patch.setattr("prdgen.flows.index.words", killed)
        with pytest.raises(StoreUnavailable):
            await follow.branch(house.app, "main")
    assert seen == [("main", repo.tip())]
    assert await searched(house, "quokka") == []
    await follow.branch(house.app, "main")
    assert await searched(house, "quokka") == ["other.md"]


async def test_words_wait_for_pages_however_long_those_take(house, repo, monkeypatch):
    """And for the site only so long."""
    monkeypatch.setattr("prdgen.flows.follow._WORDS_SECONDS", 0.0)
    await follow_branches(house)
    repo.commit("say it", other="# Other\n\nquokka\n")
    real = index.branch

    async def slow(*given):
        await asyncio.sleep(0.3)
        return await real(*given)

    monkeypatch.setattr("prdgen.flows.index.branch", slow)
    await follow.branch(house.app, "main")
    assert await searched(house, "quokka") == ["other.md"]


@pytest.mark.parametrize("forgets", [False, True])
async def test_words_that_another_process_left_out_are_made_good(house, repo, forgets):
    """It indexed the pages, of the same commit or another one, and was killed before their words."""
    await follow_branches(house)
    known = dict(index._indexed_here)
    if forgets:  # `prdgen index --rebuild`
        async with house.app.store.transaction() as tx:
            await pages.forget_branch(tx, "main")
    else:
        repo.commit("say it", other="# Other\n\nquokka\n")
    index._indexed_here.clear()
    await index.branch(house.app, "main")
    index._indexed_here.clear()
    index._indexed_here.update(known)
    repo.commit("say more", one="# One\n\nwombat\n")
    await follow.branch(house.app, "main")
    assert await searched(house, "wombat") == ["one.md"]
    assert await searched(house, "other" if forgets else "quokka") == ["other.md"]


async def test_a_site_that_cannot_be_made_keeps_no_words_back(house, repo):
    """Search and lists are of the new commit, the site of the old one."""
    await follow_branches(house)
    repo.put({"mkdocs.yml": "site_name: S\ndocs_dir: .\nx: !!python/object/apply:os.getcwd []\n"})
    repo.put({"other.md": "# Other\n\nquokka\n"})
    repo.git("add", "--all")
    repo.git("commit", "-q", "-m", "evil")
    with pytest.raises(BadSiteConfig):
        await follow.branch(house.app, "main")
    assert await searched(house, "quokka") == ["other.md"]


async def test_the_site_follows_a_commit(house, repo):
    """A commit's page is on the site when its job is done."""
    ann = await house.editor()
    await ann.replace("first line", "first published line")
    await house.save("ann")
    await house.work()
    site = publish.published(house.app)
    assert site.current().commit == repo.tip()
    text = b"".join(p.read_bytes() for p in house.app.public_dir.rglob("*.html"))
    assert b"first published line" in text
    assert repo.status() == ""


async def test_drafts_and_hidden_pages_are_nowhere(house, repo):
    """A page marked draft or hidden is in no artifact of the site."""
    repo.commit("add", d="---\ndraft: true\n---\n\n# Dee\n\nunpublishable\n",
                h="---\nhidden: true\n---\n\n# Aitch\n\nunpublishable\n")  # fmt: skip
    await follow_branches(house)
    everything = [path for path in house.app.public_dir.rglob("*") if path.is_file()]
    assert everything
    assert not [path for path in everything if b"unpublishable" in path.read_bytes()]


async def test_a_bad_configuration_leaves_the_old_site_and_is_reported(house, repo):
    """mkdocs.yml that runs code: not run, the old site stays, the build is noted as failed."""
    await follow_branches(house)
    before = publish.published(house.app).current().id
    repo.put({"mkdocs.yml": "site_name: S\ndocs_dir: .\nx: !!python/object/apply:os.getcwd []\n"})
    repo.git("add", "--all")
    repo.git("commit", "-q", "-m", "evil")
    tip = repo.tip()
    with pytest.raises(BadSiteConfig):
        await follow.publish_tip(house.app, tip)
    assert publish.published(house.app).current().id == before
    async with house.app.store.transaction() as tx:
        last = await builds.latest(tx, "main", None)
    assert (last.status, last.commit) == ("failed", tip)
    assert "line 3" in str(last.problems)


async def test_the_site_is_made_beside_the_index_and_never_ahead_of_it(house, repo, monkeypatch):
    """Readers see a page when lists and search know it; pages are rendered before that."""
    await follow_branches(house)
    repo.commit("edit", one="# Uno\n")
    made, built, branch = asyncio.Event(), publish._built, index.branch
    loop = asyncio.get_running_loop()

    def built_then(*arguments, **options):
        outcome = built(*arguments, **options)
        loop.call_soon_threadsafe(made.set)
        return outcome

    async def last(*arguments):
        await asyncio.wait_for(made.wait(), 30)
        await asyncio.sleep(0.1)
        assert publish.published(house.app).commit() != repo.tip()
        return await branch(*arguments)

    monkeypatch.setattr(publish, "_built", built_then)
    monkeypatch.setattr(index, "branch", last)
    await follow.branch(house.app, "main")
    assert publish.published(house.app).commit() == repo.tip()
    assert (await indexed(house))[0]["one.md"][2] == "Uno"


async def test_a_page_that_is_not_indexed_is_not_published(house, repo, monkeypatch):
    """The store is away, say: the job is tried again, and until then nothing is half new."""
    await follow_branches(house)
    repo.commit("edit", one="# Uno\n")

    async def away(*arguments):
        raise StoreUnavailable(where="the store")

    with monkeypatch.context() as patch:
        patch.setattr(index, "branch", away)
        with pytest.raises(StoreUnavailable):
            await follow.branch(house.app, "main")
    assert publish.published(house.app).commit() != repo.tip()
    assert await follow.behind(house.app) is None  # nothing is wrong with the site
    await follow.branch(house.app, "main")
    assert publish.published(house.app).commit() == repo.tip()


async def test_an_index_that_is_given_up_is_no_failed_site(house, repo):
    """The worker stops in the middle: nothing is said to be wrong with the commit."""
    await follow_branches(house)
    tip = repo.commit("edit", one="# Uno\n")
    with pytest.raises(asyncio.CancelledError):
        await follow.publish_tip(house.app, tip, given_up())
    assert await follow.behind(house.app) is None
    assert publish.published(house.app).commit() != tip


async def test_what_fails_while_the_index_is_given_up_is_told_later(house, repo):
    """The site's own error goes out as it is, not as a cancellation; whoever publishes the commit next
    notes what is wrong with it.
    """
    await follow_branches(house)
    repo.save({"mkdocs.yml": "site_name: [\n"})
    with pytest.raises(BadSiteConfig):
        await follow.publish_tip(house.app, repo.tip(), given_up())
    assert await follow.behind(house.app) is None
    with pytest.raises(BadSiteConfig):
        await follow.publish_tip(house.app, repo.tip())
    assert (await follow.behind(house.app)).commit == repo.tip()


def given_up():
    """What is left of an index whose worker stopped."""
    index_ = asyncio.get_running_loop().create_future()
    index_.cancel()
    return index_


async def test_a_site_that_cannot_be_made_leaves_the_index_whole(house, repo):
    """Whatever is wrong with mkdocs.yml, pages are found."""
    await follow_branches(house)
    repo.put({"mkdocs.yml": "site_name: S\ndocs_dir: .\nx: !!python/object/apply:os.getcwd []\n"})
    repo.git("add", "--all")
    repo.commit("bad", one="# Uno\n")
    with pytest.raises(BadSiteConfig):
        await follow.branch(house.app, "main")
    assert (await indexed(house))[0]["one.md"][2] == "Uno"


async def test_a_good_commit_after_a_bad_one_is_published(house, repo):
    """The next commit heals it."""
    repo.put({"mkdocs.yml": "site_name: [\n"})
    repo.git("add", "--all")
    repo.git("commit", "-q", "-m", "bad")
    await follow_branches(house)
    repo.put({"mkdocs.yml": "site_name: S\ndocs_dir: .\n"})
    repo.git("commit", "-qam", "good")
    await follow_branches(house)
    assert publish.published(house.app).current().commit == repo.tip()


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, "http://127.0.0.1:8400/p/main/two.md#more"),
        ({"base_url": "https://prds.test/"}, "https://prds.test/p/main/two.md#more"),
        ({"site_url": "https://site.test/a"}, "https://site.test/a/two/#more"),
    ],
)
def test_links_of_an_exported_file_lead_somewhere(repo, options, address):
    """To the published page when the site has an address, else to the server's."""
    repo.commit("link", one="# One\n\n[Two](two.md#more)\n", two="# Two\n\n## More\n\nx\n")
    clone = clones.open_clone(Settings(repository=repo.path, **options))
    tip = clone.repository.tip("main")
    publish.build(clone, tip)
    made = export.make(clone, "main", "one.md", "# One\n\n[Two](two.md#more)\n", tip, "docx")
    with zipfile.ZipFile(io.BytesIO(made.data)) as word:
        assert (
            f'Target="{address.partition("#")[0]}'
            in word.read("word/_rels/document.xml.rels").decode()
        )


async def test_a_commit_after_another_is_indexed_by_what_it_changed(house, repo, monkeypatch):
    """Nothing lists the repository; a change of what is a page still does."""
    await follow_branches(house)
    repo.commit("edit", one="# Uno\n")
    with monkeypatch.context() as patch:
        patch.setattr(type(house.app.repository), "files", None)
        await follow_branches(house)
    assert (await indexed(house))[0]["one.md"][2] == "Uno"
    repo.put({"mkdocs.yml": "site_name: S\ndocs_dir: docs\n", "docs/two.md": "# Two\n"})
    repo.git("add", "--all")
    repo.git("commit", "-q", "-m", "docs")
    await follow_branches(house)
    assert sorted((await indexed(house))[0]) == ["docs/two.md"]


async def test_everybody_who_changed_a_page_is_named(house, repo):
    """Who squashed and who wrote it: on the site, in the index, and as authors of its files."""
    by = "Co-authored-by: Ann Lee <ann@example.org>\nCo-authored-by: Ben <ben@example.org>"
    repo.commit(f"Squash (#7)\n\n{by}", checkout=PRD)
    await follow_branches(house)
    async with house.app.store.transaction() as tx:
        row = await pages.get_page(tx, "main", "checkout.md")
    assert row.updated_by == "Eve, Ann Lee, Ben"
    made = await to_thread.run_sync(publish.finish, house.app, repo.opened.tip("main"))
    current = publish.published(house.app)
    html = current.store.get(made.manifest.pages["checkout.md"].html).decode()
    assert "by Eve, Ann Lee, Ben" in html
    tip = repo.opened.tip("main")
    word = await to_thread.run_sync(export.make, house.app, "main", "checkout.md", PRD, tip, "docx")
    with zipfile.ZipFile(io.BytesIO(word.data)) as package:
        assert "Ann Lee" in package.read("docProps/core.xml").decode()
