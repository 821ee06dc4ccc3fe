-- record: Write events beside the row they tell of, and wake the relay.
INSERT INTO event_log (id, type, branch, page_path, person_id, data, at)
VALUES (%(id)s, %(type)s, %(branch)s, %(page_path)s, %(person_id)s, %(data)s, %(at)s)
ON CONFLICT (id) DO NOTHING;

-- wake: Wake-up only; PostgreSQL folds equal ones of a transaction into one.
SELECT pg_notify('prdgen_events', '');

-- lock_relay: One relay at a time keeps the order; the lock ends with the transaction.
SELECT pg_try_advisory_xact_lock(%(key)s) AS locked;

-- unpublished: What no relay has published yet, in the order of writing.
SELECT id, type, branch, page_path, person_id, data, at FROM event_log
WHERE number IS NULL ORDER BY position LIMIT %(limit)s;

-- mark_published: Number events in the order given.
UPDATE event_log SET number = given.i + (SELECT coalesce(max(number), 0) FROM event_log)
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS given (id, i)
WHERE event_log.id = given.id AND event_log.number IS NULL
RETURNING event_log.id, event_log.number;

-- recent: Published events after a number.
SELECT number, id, type, branch, page_path, person_id, data, at FROM event_log
WHERE number > %(after)s ORDER BY number LIMIT %(limit)s;

-- newest_number: Where a reader starts who wants only what comes.
SELECT coalesce(max(number), 0) AS number FROM event_log;

-- prune: Forget published events and inbox entries older than so many days; the last one stays,
-- numbers go on from it.
WITH old AS (
    DELETE FROM inbox WHERE seen_at < now() - make_interval(days => %(days)s)
)
DELETE FROM event_log WHERE number < (SELECT max(number) FROM event_log)
    AND at < now() - make_interval(days => %(days)s);

-- first_time: Those of the events that the consumer has not taken yet. Sorted, so that two who take
-- them wait for each other in one order.
INSERT INTO inbox (consumer, event_id)
SELECT %(consumer)s, id FROM unnest(%(event_ids)s::uuid[]) AS id ORDER BY id
ON CONFLICT DO NOTHING RETURNING event_id;

-- unseen: Published events a consumer has not taken, such as a stream that was lost carried.
SELECT e.number, e.id, e.type, e.branch, e.page_path, e.person_id, e.data, e.at FROM event_log e
WHERE e.number IS NOT NULL AND e.at > now() - make_interval(secs => %(seconds)s) AND NOT EXISTS (
    SELECT 1 FROM inbox i WHERE i.consumer = %(consumer)s AND i.event_id = e.id
) AND e.type = ANY(%(types)s::text[]) ORDER BY e.number LIMIT %(limit)s;
