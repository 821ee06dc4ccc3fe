"""Documents of several pages made by jobs: one for all who ask, followed, cancelled, done again."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from prdgen.builder import errors as builder_errors
from prdgen.errors import Forbidden, Invalid, NotFound, TooLarge, Unavailable
from prdgen.flows import export_book, export_jobs
from prdgen.flows.errors import (
    ExportGone,
    ExportNotMade,
    NoSuchPage,
    NotPublished,
    TooManyExports,
)
from prdgen.ids import BadPagePath
from prdgen.store import exports

PAGES = ("one.md", "other.md")


async def ask(house, *paths, name="ann", kind="pdf"):
    return await export_jobs.ask(house.app, house.people[name], kind, paths)


async def jobs(house):
    """How many export jobs are not over."""
    async with house.app.store.transaction() as tx:
        found = await tx.execute(
            "SELECT count(*) FROM procrastinate_jobs"
            " WHERE task_name = 'export_pages' AND status IN ('todo', 'doing')"
        )
        return (await found.fetchone())[0]


async def state(house, row):
    return (await export_jobs.get(house.app, row.id)).state


async def test_a_selection_is_made_by_a_job(house):
    """Asked for, waiting, done; everybody is told that it was made."""
    row = await ask(house, *PAGES)
    assert await state(house, row) == "waiting"
    with pytest.raises(ExportNotMade, match="waiting"):
        await export_jobs.file(house.app, row.id)
    await house.work()
    standing = await export_jobs.get(house.app, row.id)
    assert (standing.state, standing.row.pages_done, standing.row.pages) == ("done", 2, 2)
    made = await export_jobs.file(house.app, row.id)
    assert (made.data[:5], made.file_name) == (b"%PDF-", "2-pages.pdf")
    assert await house.events("prd.exported") == [("prd.exported", None)]


async def test_the_whole_site_as_word(house):
    """No pages named: all of them."""
    row = await ask(house, kind="docx")
    await house.work()
    assert (await export_jobs.get(house.app, row.id)).row.pages == 2
    assert (await export_jobs.file(house.app, row.id)).data[:2] == b"PK"


async def test_two_who_ask_have_one_job_and_one_file(house):
    """The same pages of the same commit in the same format; another format is another file."""
    first, second = await asyncio.gather(ask(house, *PAGES), ask(house, *PAGES, name="bob"))
    assert (first.id, first.job) == (second.id, second.job)
    assert (await ask(house, *PAGES, kind="docx")).id != first.id
    assert await jobs(house) == 2
    await house.work()
    again = await ask(house, *PAGES)
    assert (again.state, again.turn) == ("done", 1)
    assert await jobs(house) == 0


async def test_a_new_commit_is_a_new_file(house):
    """What is exported is what the newest commit says."""
    first = await ask(house, *PAGES)
    (house.repo.path / "one.md").write_text("# One\n\nother words\n")
    house.repo.git("add", "-A"), house.repo.git("commit", "-qm", "More")
    assert (await ask(house, *PAGES)).id != first.id


async def test_it_goes_on_while_somebody_wants_it(house):
    """One of two leaves: it is made. Both leave: it is not, and nothing is left of the job."""
    row = await ask(house, *PAGES)
    await ask(house, *PAGES, name="bob")
    ann, bob = house.people["ann"], house.people["bob"]
    await export_jobs.cancel(house.app, row.id, ann, "reader")
    assert await state(house, row) == "waiting"
    await export_jobs.cancel(house.app, row.id, bob, "reader")
    await house.work()
    assert await state(house, row) == "cancelled"
    with pytest.raises(ExportNotMade, match="cancelled"):
        await export_jobs.file(house.app, row.id)
    assert await jobs(house) == 0


async def test_what_was_cancelled_is_made_when_asked_for_again(house):
    """The job of the first time has nothing to say any more."""
    row = await ask(house, *PAGES)
    await export_jobs.cancel(house.app, row.id, house.people["ann"], "reader")
    again = await ask(house, *PAGES)
    assert (again.id, again.turn, again.state) == (row.id, 2, "waiting")
    await export_jobs.run(house.app, row.id, 1)
    assert await state(house, row) == "waiting"
    await house.work()
    assert await state(house, row) == "done"


async def test_who_did_not_ask_cancels_only_as_maintainer(house):
    """A reader cannot take away what others wait for."""
    row = await ask(house, *PAGES)
    with pytest.raises(Forbidden, match="others asked for"):
        await export_jobs.cancel(house.app, row.id, house.people["bob"], "editor")
    await export_jobs.cancel(house.app, row.id, house.people["bob"], "maintainer")
    assert await state(house, row) == "cancelled"


async def test_cancelled_in_the_middle_it_stops(house, monkeypatch, eventually):
    """The making is told at its next step, and its work is thrown away."""
    begun, goes_on = asyncio.Event(), asyncio.Event()
    steps = []
    loop = asyncio.get_running_loop()

    def slow(clone, wanted, progress, called):
        progress(0, 2)
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(goes_on.wait(), loop).result()
        steps.append("before")
        progress(1, 2)
        steps.append("after")

    monkeypatch.setattr(export_book, "make", slow)
    monkeypatch.setattr(export_jobs, "_PAUSE", 0)
    row = await ask(house, *PAGES)
    working = asyncio.create_task(house.work())
    await begun.wait()
    assert await state(house, row) == "doing"
    await export_jobs.cancel(house.app, row.id, house.people["ann"], "reader")
    goes_on.set()
    await working
    assert (steps, await state(house, row)) == (["before"], "cancelled")


async def test_what_fails_says_why_and_can_be_asked_for_again(house, monkeypatch):
    """The reason and the cure stand on its page; a second try is a new turn."""

    def fails(*_):
        raise builder_errors.ChildTookTooLong(what="the PDF", expected="300")

    with monkeypatch.context() as broken:
        broken.setattr(export_book, "make", fails)
        row = await ask(house, *PAGES)
        await house.work()
    standing = await export_jobs.get(house.app, row.id)
    assert standing.state == "failed"
    assert "the PDF" in standing.row.error
    assert standing.row.hint
    assert (await ask(house, *PAGES)).state == "waiting"
    await house.work()
    assert await state(house, row) == "done"


async def test_what_may_go_better_next_time_is_tried_again(house, monkeypatch):
    """PostgreSQL was away for a moment: nobody has to ask again."""

    def fails(*_):
        raise Unavailable(what="PostgreSQL", got="nothing")

    monkeypatch.setattr(export_book, "make", fails)
    row = await ask(house, *PAGES)
    await house.work()
    assert (await state(house, row), await jobs(house)) == ("doing", 1)


async def test_a_job_that_is_given_up_is_a_failed_export(house):
    """Nobody waits for ever for a job that is not tried any more."""
    row = await ask(house, *PAGES)
    async with house.app.store.transaction() as tx:
        await tx.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s", [row.job])
    standing = await export_jobs.get(house.app, row.id)
    assert (standing.state, bool(standing.row.error)) == ("failed", True)


@pytest.mark.parametrize(
    "what",
    ["UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s",
     "DELETE FROM procrastinate_jobs WHERE id = %s"],
)  # fmt: skip
async def test_jobs_that_nobody_does_any_more_do_not_count(house, what):
    """Given up, or forgotten long ago: asking again begins again, also for those nobody looked at."""
    for number in range(5):
        (house.repo.path / f"x{number}.md").write_text("# One more\n")
    house.repo.git("add", "-A")
    house.repo.git("commit", "-qm", "More")
    rows = [await ask(house, f"x{number}.md") for number in range(5)]
    with pytest.raises(TooManyExports):
        await ask(house, *PAGES)
    async with house.app.store.transaction() as tx:
        for row in rows:
            await tx.execute(what, [row.job])
    again = await ask(house, "x0.md")
    assert (again.id, again.turn, again.state) == (rows[0].id, rows[0].turn + 1, "waiting")
    await ask(house, *PAGES)
    assert await state(house, rows[1]) == "failed"


async def test_a_file_that_is_kept_no_more_is_made_again(house):
    """All files can be thrown away."""
    row = await ask(house, *PAGES)
    await house.work()
    for file in (house.app.state_dir / "exports").rglob("*.pdf"):
        file.unlink()
    assert await state(house, row) == "gone"
    with pytest.raises(ExportGone, match="2 pages"):
        await export_jobs.file(house.app, row.id)
    assert (await ask(house, *PAGES)).state == "waiting"
    await house.work()
    assert await state(house, row) == "done"


@pytest.mark.parametrize(
    ("paths", "kind", "error"),
    [
        (["nope.md"], "pdf", NoSuchPage),
        (["draft.md"], "pdf", NotPublished),
        (["../x.md"], "pdf", BadPagePath),
        ([""], "pdf", BadPagePath),
        (["one.md"], "html", Invalid),
    ],
)
async def test_what_cannot_be_made_is_refused_at_once(house, paths, kind, error):
    """With the reason, and without a job."""
    (house.repo.path / "draft.md").write_text("---\ndraft: true\n---\n# Not yet\n")
    house.repo.git("add", "-A"), house.repo.git("commit", "-qm", "Draft")
    with pytest.raises(error):
        await ask(house, *paths, kind=kind)
    assert await jobs(house) == 0


async def test_no_draft_is_in_a_book(house):
    """Of a folder and of the site only what readers see."""
    (house.repo.path / "draft.md").write_text("---\ndraft: true\n---\n# Not yet\n")
    house.repo.git("add", "-A"), house.repo.git("commit", "-qm", "Draft")
    row = await ask(house)
    await house.work()
    assert (await export_jobs.get(house.app, row.id)).row.pages == 2


async def test_limits_are_said(houses, repo):
    """Too many pages in one, named or found later; too many documents of one person."""
    house = await houses(repo, export_pages=1)
    with pytest.raises(TooLarge, match="export_pages"):
        await ask(house, *PAGES)
    row = await ask(house)
    await house.work()
    standing = await export_jobs.get(house.app, row.id)
    assert (standing.state, "1 pages" in standing.row.error) == ("failed", True)
    for number in range(5):
        (house.repo.path / "one.md").write_text(f"# One\n\n{number}\n")
        house.repo.git("add", "-A"), house.repo.git("commit", "-qm", "More")
        await ask(house, "one.md")
    with pytest.raises(TooManyExports, match="You have 5"):
        await ask(house, "other.md")
    await ask(house, "other.md", name="bob")


async def test_an_unknown_one_is_not_found(house):
    """A clear answer to an old address."""
    with pytest.raises(NotFound):
        await export_jobs.get(house.app, "0" * 24)


async def test_who_waits_is_told_how_many_are_before(house):
    """One document is made at a time."""
    await ask(house, "one.md")
    second = await ask(house, "other.md")
    assert (await export_jobs.get(house.app, second.id)).row.before == 1


async def test_killed_in_the_middle_it_is_made_again(house, eventually):
    """A worker killed while it makes a file: another one makes it, and nothing half made is kept."""
    row = await ask(house, *PAGES)
    script = f"""if True:
        import asyncio, threading
        from pathlib import Path
        from prdgen.flows import context, export_book, table
        from prdgen.jobs.worker import Worker
        from prdgen.settings import Settings
        def hang(clone, wanted, progress, called):
            progress(1, 2)
            print("started", flush=True)
            threading.Event().wait()
        export_book.make = hang
        async def main():
            values = Settings(repository=Path({str(house.repo.path)!r}),
                              database_url={house.settings.database_url!r},
                              redis_url={house.settings.redis_url!r})
            async with context.open_app(values, table.tasks) as app:
                await Worker(app.queue).run()
        asyncio.run(main())"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as doomed:
        assert await asyncio.to_thread(doomed.stdout.readline) == b"started\n"
        standing = await export_jobs.get(house.app, row.id)
        assert (standing.state, standing.row.pages_done) == ("doing", 1)
        os.kill(doomed.pid, signal.SIGKILL)

    async def revived():
        return await house.app.queue.revive(0.5) > 0

    await eventually(revived, 10)
    await house.work()
    assert await state(house, row) == "done"
    assert (await export_jobs.file(house.app, row.id)).data[:5] == b"%PDF-"


async def test_old_ones_are_forgotten_and_waiting_ones_are_not(house):
    """The list does not grow for ever."""
    over, waiting = await ask(house, "one.md"), await ask(house, "other.md")
    await export_jobs.cancel(house.app, over.id, house.people["ann"], "reader")
    async with house.app.store.transaction() as tx:
        await tx.execute("UPDATE exports SET asked_at = now() - interval '31 days'")
        await exports.prune(tx, 30)
        assert await exports.find(tx, over.id) is None
        assert await exports.find(tx, waiting.id) is not None
