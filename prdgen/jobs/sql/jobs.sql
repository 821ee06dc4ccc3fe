-- lock_schema: One process makes the tables; the others then find nothing left to do.
SELECT pg_advisory_xact_lock(7309459651);

-- version: Which procrastinate's tables are here; no row when there are none.
SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class') AS version
WHERE to_regclass('procrastinate_jobs') IS NOT NULL;

-- errors_table: Procrastinate keeps that a job failed, not why.
CREATE TABLE IF NOT EXISTS prdgen_job_errors (
    job_id bigint PRIMARY KEY REFERENCES procrastinate_jobs ON DELETE CASCADE,
    error text NOT NULL,
    hint text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

-- note_error: Why a job's last attempt failed.
INSERT INTO prdgen_job_errors (job_id, error, hint) VALUES (%(job_id)s, %(error)s, %(hint)s)
ON CONFLICT (job_id) DO UPDATE
    SET error = excluded.error, hint = excluded.hint, at = now();

-- revive: Jobs whose worker shows no life any more are to be done again; those that outlived too
-- many workers have failed. Rows another worker looks at just now are left to it.
WITH stalled AS (
    SELECT job.id, job.attempts, job.queueing_lock FROM procrastinate_jobs job
    WHERE job.status = 'doing' AND (job.id = ANY(%(dropped)s::bigint[]) OR NOT EXISTS (
        SELECT 1 FROM procrastinate_workers worker WHERE worker.id = job.worker_id
            AND worker.last_heartbeat > now() - make_interval(secs => %(seconds)s)
    ))
    FOR UPDATE SKIP LOCKED
)
SELECT id, attempts + 1 >= %(most)s AS given_up, CASE
    -- Another one waits to do the same: this one would stand in its way for ever.
    WHEN EXISTS (
        SELECT 1 FROM procrastinate_jobs twin
        WHERE twin.queueing_lock = stalled.queueing_lock AND twin.status = 'todo'
    ) THEN procrastinate_finish_job_v1(id, 'succeeded', true)::text
    WHEN attempts + 1 >= %(most)s THEN procrastinate_finish_job_v1(id, 'failed', false)::text
    ELSE procrastinate_retry_job_v2(id, now(), NULL, NULL, NULL)::text END
FROM stalled;

-- failed: Jobs that used up their tries, newest first, with the reason.
SELECT job.id, job.task_name AS task, job.args, job.lock, job.attempts,
    coalesce(why.error, 'its worker was killed each time') AS error,
    coalesce(why.hint, 'Run it again; if it fails again, look at the worker''s log.') AS hint,
    why.at
FROM procrastinate_jobs job LEFT JOIN prdgen_job_errors why ON why.job_id = job.id
WHERE job.status = 'failed'
ORDER BY job.id DESC LIMIT %(limit)s;

-- over: Those of these jobs that nobody will do any more, and why. What is done is not kept.
SELECT wanted.id,
    coalesce(why.error, CASE WHEN job.id IS NULL THEN 'its job is gone'
        ELSE 'its worker was killed each time' END) AS error,
    coalesce(why.hint, 'Ask for it again.') AS hint
FROM unnest(%(ids)s::bigint[]) AS wanted (id)
LEFT JOIN procrastinate_jobs job ON job.id = wanted.id
LEFT JOIN prdgen_job_errors why ON why.job_id = wanted.id
WHERE job.id IS NULL OR job.status NOT IN ('todo', 'doing');

-- run_again: A failed job gets all its tries once more.
UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL
WHERE id = %(id)s AND status = 'failed' RETURNING id;

-- drop_queueing_lock: Before a failed job goes back into the queue: another one may wait under it.
UPDATE procrastinate_jobs SET queueing_lock = NULL WHERE id = %(job_id)s RETURNING id;

-- advance: Nothing is put off for so long: a clock that was wrong did it, and it is due now.
UPDATE procrastinate_jobs SET scheduled_at = now()
WHERE status = 'todo' AND scheduled_at > now() + make_interval(secs => %(longest)s) RETURNING id;

-- hurry: What failed and waits to be tried again is due now, or in so many seconds.
UPDATE procrastinate_jobs SET scheduled_at = now() + make_interval(secs => %(after)s)
WHERE status = 'todo' AND task_name = %(task)s
    AND scheduled_at > now() + make_interval(secs => %(after)s) RETURNING id;

-- doing: Jobs these workers are said to be doing.
SELECT id FROM procrastinate_jobs
WHERE status = 'doing' AND worker_id = ANY(%(workers)s::bigint[]);

-- due: The jobs that could be done now.
SELECT id FROM procrastinate_jobs
WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now());

-- counts: How many jobs are in each state.
SELECT status::text AS status, count(*) AS count FROM procrastinate_jobs GROUP BY status;

-- prune: Forget failed jobs older than so many days, and workers long gone.
DELETE FROM procrastinate_jobs WHERE status IN ('failed', 'cancelled', 'aborted', 'succeeded')
    AND NOT EXISTS (
        SELECT 1 FROM procrastinate_events event WHERE event.job_id = procrastinate_jobs.id
            AND event.at > now() - make_interval(days => %(days)s)
    );
