"""Every commit goes to where others serve it, by jobs; how that stands is said."""

from anyio import to_thread
from cdn import vendors
from git import repos

from prdgen.flows import deliver, publish
from prdgen.jobs.worker import Worker


async def follow(house) -> None:
    """What the worker does after a commit."""
    await house.follow()
    await Worker(house.app.queue).run_until_idle()


async def state(house) -> str:
    return (await house.anyone().get("/readyz")).json().get("publish", "")


async def test_a_commit_is_published_and_a_draft_page_never(open_house, tmp_path):
    """The page, nothing of drafts, hidden or excluded ones; the word is `ok`."""
    repo = repos.make(
        tmp_path / "repo", one="# One\n", secret="---\ndraft: true\n---\n# Hush\n\nunpublishable\n"
    )
    www = tmp_path / "www"
    house = await open_house(repo.path, copied=False, publish_to=f"file://{www}", follow=False)
    assert await state(house) == "new"
    await follow(house)
    assert "One" in (www / "current/one/index.html").read_text()
    assert await state(house) == "ok"
    written = b"".join(p.read_bytes() for p in www.rglob("*") if p.is_file() and p.suffix != ".gz")
    assert b"unpublishable" not in written
    assert not any("secret" in str(path) for path in www.rglob("*"))
    await to_thread.run_sync(lambda: repo.commit(one="# One\n\nmore words\n"))
    await follow(house)
    assert "more words" in (www / "current/one/index.html").read_text()


async def test_a_commit_that_was_gone_back_from_is_not_published_again(open_house, tmp_path):
    """By itself; the next commit is."""
    repo = repos.make(tmp_path / "repo", one="# One\n")
    www = tmp_path / "www"
    house = await open_house(repo.path, copied=False, publish_to=str(www), follow=False)
    await follow(house)
    await to_thread.run_sync(lambda: repo.commit(one="# Bad\n"))
    await follow(house)
    place = deliver.target(house.app.settings)
    await to_thread.run_sync(place.roll_back, "")
    await follow(house)
    assert "Bad" not in (www / "current/one/index.html").read_text()
    await to_thread.run_sync(lambda: repo.commit(one="# Good\n"))
    await follow(house)
    assert "Good" in (www / "current/one/index.html").read_text()


async def test_a_target_that_fails_is_said_and_the_site_here_goes_on(open_house, tmp_path):
    """In a word, in figures, and by `doctor`; then it is well again."""
    repo = repos.make(tmp_path / "repo", one="# One\n")
    www = tmp_path / "www"
    www.mkdir()
    (www / "mine.txt").write_text("mine")
    house = await open_house(repo.path, copied=False, publish_to=str(www), follow=False)
    await follow(house)
    assert await state(house) == "failing"
    assert "prdgen_publish_failing 1" in (await house.anyone().get("/metrics")).text
    assert publish.published(house.app).commit() == repo.tip()
    assert (www / "mine.txt").read_text() == "mine"
    (www / "mine.txt").unlink()
    await to_thread.run_sync(lambda: repo.commit(one="# Two\n"))
    await follow(house)
    assert await state(house) == "ok"
    assert "prdgen_publish_failing 0" in (await house.anyone().get("/metrics")).text


async def test_a_cdn_that_refuses_never_stops_publishing_and_is_told_later(open_house, tmp_path):
    """What it was not told of is remembered at the target until it is."""
    cdn = vendors.Vendor(vendors.fastly)
    repo = repos.make(tmp_path / "repo", one="# One\n")
    www = tmp_path / "www"
    house = await open_house(
        repo.path, copied=False, publish_to=str(www), cdn="fastly", cdn_id="SU1Z0isxPaozGVKXdv0eY", cdn_api=cdn.api,
        cdn_token=vendors.TOKEN, follow=False,
    )  # fmt: skip
    refusal = (400, {}, b'{"msg": "no"}')
    cdn.says = [refusal] * 20
    await follow(house)
    assert "One" in (www / "current/one/index.html").read_text()
    assert await state(house) == "untold"
    assert "prdgen_publish_cdn_untold 1" in (await house.anyone().get("/metrics")).text
    assert not cdn.forgotten
    cdn.says.clear()
    async with house.app.store.transaction() as tx:  # its next try is now
        await tx.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    await to_thread.run_sync(lambda: repo.commit(one="# Two\n"))
    await follow(house)
    assert await state(house) == "ok"
    from prdgen import serving

    assert {serving.key("one/index.html"), serving.key("index.html")} <= set(cdn.forgotten)
    assert (await to_thread.run_sync(deliver.target(house.app.settings).state)).purge == {}
    cdn.close()
    assert not cdn.problems
