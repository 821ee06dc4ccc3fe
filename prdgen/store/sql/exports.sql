-- ask: Somebody wants it, too; its row stays locked until the transaction ends.
INSERT INTO exports (id, branch, commit, format, paths, title, askers)
VALUES (%(id)s, %(branch)s, %(commit)s, %(format)s, %(paths)s, %(title)s, ARRAY[%(person)s::uuid])
ON CONFLICT (id) DO UPDATE
SET askers = array_remove(exports.askers, %(person)s::uuid) || %(person)s::uuid
RETURNING *;

-- begin: It is to be made, from the beginning.
UPDATE exports SET state = 'waiting', turn = turn + 1, job = NULL, pages_done = 0, pages = 0,
    error = '', hint = '', askers = ARRAY[%(person)s::uuid], asked_at = now()
WHERE id = %(id)s RETURNING *;

-- set_job: Which job makes it.
UPDATE exports SET job = %(job)s WHERE id = %(id)s;

-- take: A job begins to make it, or begins again after its worker died.
UPDATE exports SET state = 'doing', pages_done = 0
WHERE id = %(id)s AND turn = %(turn)s AND state IN ('waiting', 'doing') RETURNING *;

-- advance: How far it is; no row when nobody wants it any more.
UPDATE exports SET pages_done = %(done)s, pages = %(pages)s
WHERE id = %(id)s AND turn = %(turn)s AND state = 'doing';

-- finish: It is made, or cannot be.
UPDATE exports SET state = %(state)s, error = %(error)s, hint = %(hint)s,
    pages_done = CASE %(state)s WHEN 'done' THEN pages ELSE pages_done END
WHERE id = %(id)s AND turn = %(turn)s AND state IN ('waiting', 'doing');

-- leave: A person does not want it any more; without anybody who does, it is not made.
UPDATE exports SET askers = array_remove(askers, %(person)s::uuid),
    state = CASE WHEN state IN ('waiting', 'doing') AND array_remove(askers, %(person)s::uuid) = '{}'
        THEN 'cancelled' ELSE state END
WHERE id = %(id)s AND %(person)s::uuid = ANY (askers) RETURNING *;

-- stop: Nobody's wish counts any more.
UPDATE exports SET askers = '{}', state = 'cancelled'
WHERE id = %(id)s AND state IN ('waiting', 'doing') RETURNING *;

-- get: One of them, and how many are made before it.
SELECT exports.*, (
    SELECT count(*) FROM exports other
    WHERE exports.state = 'waiting' AND other.state IN ('waiting', 'doing')
        AND (other.asked_at, other.id) < (exports.asked_at, exports.id)
) AS before
FROM exports WHERE id = %(id)s;

-- waiting: How many are on their way, and how many of them for one person.
SELECT count(*) AS everyones, count(*) FILTER (WHERE %(person)s::uuid = ANY (askers)) AS own
FROM exports WHERE state IN ('waiting', 'doing');

-- on_their_way: All that are still to be made, by a job.
SELECT id, turn, job FROM exports WHERE state IN ('waiting', 'doing') AND job IS NOT NULL;

-- prune: Forget those that are over.
DELETE FROM exports
WHERE asked_at < now() - make_interval(days => %(days)s) AND state NOT IN ('waiting', 'doing');
