"""The queue and its worker."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from prdgen.errors import Invalid
from prdgen.jobs import errors, tables, tasks
from prdgen.jobs.queue import Queue
from prdgen.jobs.tasks import Task
from prdgen.jobs.worker import Worker


class Work:
    """Tasks that note what they did."""

    def __init__(self):
        self.done = []
        self.under_way = 0
        self.most_at_once = 0
        self.tries = 0
        self.mended = False

    async def note(self, **args):
        self.done.append(args)

    async def slow(self, **args):
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        self.done.append(args)

    async def broken(self):
        self.tries += 1
        if not self.mended:
            raise ValueError("it \0 broke")

    async def hopeless(self):
        self.tries += 1
        raise Invalid(what="x", where="y", expected="z", got="w")

    async def asks_again(self):
        self.tries += 1
        if self.tries == 1:
            await self.queue.defer("asks_again", lock="branch", queueing_lock="follow")
            raise ValueError("and then it broke")

    def tasks(self):
        return [Task("note", self.note), Task("slow", self.slow),
                Task("broken", self.broken, attempts=2, first_pause=0.01),
                Task("hopeless", self.hopeless), Task("asks_again", self.asks_again, first_pause=0.01)]  # fmt: skip


@pytest.fixture
def work():
    return Work()


@pytest.fixture
async def queue(database_url, work):
    work.queue = opened = await Queue.open(database_url, work.tasks())
    yield opened
    await opened.close()


@asynccontextmanager
async def working(queue, **kwargs):
    """A worker at work during the block."""
    task = asyncio.create_task(Worker(queue, **kwargs).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_deferred_work_is_done_with_its_arguments(queue, work, eventually):
    """By a worker that was already waiting, at once."""
    async with working(queue):
        await queue.defer("note", {"page_path": "a.md"})
        await eventually(lambda: work.done == [{"page_path": "a.md"}], 5)


async def test_work_is_deferred_if_and_when_the_transaction_commits(store, queue, work):
    """The row and its job together or not at all."""
    with pytest.raises(ZeroDivisionError):
        async with store.transaction() as tx:
            await queue.defer("note", {"n": 1}, tx=tx)
            raise ZeroDivisionError
    async with store.transaction() as tx:
        await queue.defer("note", {"n": 2}, tx=tx)
    await Worker(queue).run_until_idle()
    assert work.done == [{"n": 2}]


async def test_a_queueing_lock_folds_waiting_jobs_into_one(store, queue, work):
    """And the caller's transaction goes on."""
    async with store.transaction() as tx:
        assert await queue.defer("note", {"n": 1}, queueing_lock="page", tx=tx)
        assert await queue.defer("note", {"n": 2}, queueing_lock="page", tx=tx) is None
        assert await queue.defer("note", {"n": 3}, tx=tx)
    assert await queue.defer("note", {"n": 4}, queueing_lock="page") is None
    await Worker(queue).run_until_idle()
    assert sorted(done["n"] for done in work.done) == [1, 3]


async def test_jobs_with_one_lock_are_done_one_after_the_other(queue, work):
    """One lock per page."""
    for number in range(5):
        await queue.defer("slow", {"n": number}, lock="page")
    await Worker(queue, at_once=4).run_until_idle()
    assert [done["n"] for done in work.done] == list(range(5))
    assert work.most_at_once == 1


async def test_a_task_nobody_knows_is_refused_when_deferred(queue):
    """Not hours later by a worker."""
    with pytest.raises(errors.UnknownTask, match="note"):
        await queue.defer("typo")


async def test_a_job_that_used_up_its_tries_is_listed_explained_and_run_again(
    queue, work, eventually
):
    """It is never just gone."""
    await queue.defer("broken")
    async with working(queue):
        (failed,) = await eventually(queue.failed)
        assert (failed.task, work.tries, failed.attempts) == ("broken", 2, 2)
        assert "broke" in failed.error
        work.mended = True
        await queue.run_again(failed.id)
        await eventually(lambda: work.tries == 3)
    assert await queue.failed() == []
    assert await queue.over([failed.id]) == {failed.id: ("its job is gone", "Ask for it again.")}
    with pytest.raises(errors.JobMissing):
        await queue.run_again(failed.id)


async def test_an_error_that_cannot_go_away_is_not_tried_again(queue, work):
    """Its hint is kept for the person who looks."""
    job_id = await queue.defer("hopeless")
    await Worker(queue).run_until_idle()
    assert work.tries == 1
    later = await queue.defer("note")
    (over,) = (await queue.over([job_id, later])).items()
    assert over[0] == job_id
    assert "Correct x" in over[1][1]


def test_pauses_double_up_to_a_cap_and_never_meet():
    """Exponential back-off with jitter."""
    backoff = tasks.Backoff(Task("x", Work().note, first_pause=1, longest_pause=60))
    for attempts, step in ((0, 1), (1, 2), (5, 32), (6, 60), (500, 60)):
        pauses = {backoff.pause(attempts) for _ in range(50)}
        assert len(pauses) > 1
        assert all(step / 2 <= pause <= step for pause in pauses)


async def test_a_clock_that_was_wrong_puts_a_job_off_for_seconds_only(queue, work, monkeypatch):
    """It was an hour ahead when the job failed; PostgreSQL's says when it is due."""
    now = datetime.now

    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return now(tz) + timedelta(hours=1)

    with monkeypatch.context() as wrong:
        wrong.setattr("prdgen.jobs.queue.datetime", Ahead)
        await queue.defer("note", {"n": 1}, after=2)
    await queue.revive(12)
    await Worker(queue).run_until_idle()
    assert [done["n"] for done in work.done] == [1]


async def test_the_jobs_of_a_killed_worker_come_back(queue, database_url, work, eventually):
    """Seen by its silence; kill -9 leaves the job `doing` for ever otherwise."""
    await queue.defer("note", {"n": 1})
    script = f"""if True:
        import asyncio
        from prdgen.jobs.queue import Queue
        from prdgen.jobs.tasks import Task
        from prdgen.jobs.worker import Worker
        async def note(n):
            print("started", flush=True)
            await asyncio.Event().wait()
        async def main():
            queue = await Queue.open({database_url!r}, [Task("note", note)])
            await Worker(queue).run()
        asyncio.run(main())"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as doomed:
        await asyncio.to_thread(doomed.stdout.readline)
        os.kill(doomed.pid, signal.SIGKILL)
    async with working(queue, silence=0.5):
        await eventually(lambda: work.done == [{"n": 1}], 15)


async def test_a_worker_goes_on_after_kill_9_of_postgres(own_servers, work, eventually):
    """What was deferred before is done after."""
    queue = await Queue.open(own_servers.postgres.url, work.tasks())
    await queue.defer("note", {"n": 1}, after=2)
    async with working(queue):
        os.kill(own_servers.postgres.pid, signal.SIGKILL)
        with pytest.raises(errors.QueueUnavailable):
            while True:
                await queue.counts()
        await asyncio.to_thread(own_servers.postgres.start)
        await eventually(lambda: work.done == [{"n": 1}], 20)
    await queue.close()


async def test_many_processes_may_make_the_tables_at_once(empty_database_url, work):
    """Server and worker start together."""
    queues = await asyncio.gather(*(Queue.open(empty_database_url, work.tasks()) for _ in range(3)))
    for queue in queues:
        assert await queue.counts() == {}
        await queue.close()


def test_an_older_procrastinates_tables_get_the_migrations_since():
    """And today's get none."""
    assert tables._scripts(("3.3.0",), "3.10.0")
    assert tables._scripts(("3.10.0",), "3.10.0") == []


async def test_a_lost_job_does_not_stand_in_the_way_of_the_next_one(store, queue, work):
    """A worker was killed in a job while the same work was asked for again: that one does it."""
    await queue.defer("note", {"n": 1}, lock="branch", queueing_lock="follow")
    async with store.transaction() as tx:
        await tx.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    await queue.defer("note", {"n": 2}, lock="branch", queueing_lock="follow")
    assert await queue.revive(0.0) == 1
    await Worker(queue).run_until_idle()
    assert work.done == [{"n": 2}]


async def _nothing_left(queue):
    return not await queue.counts()


async def test_a_job_that_fails_while_its_like_waits_goes_back_beside_it(queue, work, eventually):
    """Both may wait: it must not stay "doing" and hold the lock for ever."""
    await queue.defer("asks_again", lock="branch", queueing_lock="follow")
    async with working(queue):
        await eventually(lambda: work.tries == 3)
        await eventually(lambda: _nothing_left(queue))


async def test_a_job_whose_end_was_not_noted_is_given_back(store, queue, work):
    """PostgreSQL was away when it ended, and its worker lives on."""
    await queue.defer("note", {"n": 1}, lock="branch")
    await Worker(queue).run_until_idle()
    (worker,) = queue._workers
    async with store.transaction() as tx:
        await tx.execute(
            "INSERT INTO procrastinate_workers (id) OVERRIDING SYSTEM VALUE VALUES (%s)", [worker]
        )
        await tx.execute(
            "INSERT INTO procrastinate_jobs (task_name, args, lock, queue_name, status, worker_id)"
            """ VALUES ('note', '{"n": 2}', 'branch', 'default', 'doing', %s)""", [worker]
        )  # fmt: skip
    assert [await queue.revive(60.0), await queue.revive(60.0)] == [0, 1]
    await Worker(queue).run_until_idle()
    assert work.done == [{"n": 1}, {"n": 2}]


async def test_a_failure_with_words_of_its_own_is_told_without_a_traceback(queue, caplog):
    """What was foreseen is one line for whoever runs the server; only the unforeseen is taken apart."""
    caplog.set_level(logging.INFO, "procrastinate.worker")
    await queue.defer("hopeless")
    await queue.defer("broken")
    await Worker(queue).run_until_idle()
    told = [r for r in caplog.records if r.name == "procrastinate.worker" and "status" in r.message]
    brief = next(r for r in told if "hopeless" in r.message)
    assert brief.exc_info is None
    assert "x at y is not valid: expected z, got w. Correct x and try again" in brief.message
    assert next(r for r in told if "broken" in r.message).exc_info
