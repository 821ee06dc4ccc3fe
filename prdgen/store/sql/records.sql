-- record_build: What a build made.
INSERT INTO builds (id, branch, commit, status, pages, seconds, manifest, problems)
VALUES (%(id)s, %(branch)s, %(commit)s, %(status)s, %(pages)s, %(seconds)s, %(manifest)s,
    %(problems)s)
ON CONFLICT (id) DO NOTHING;

-- latest_build: The newest build of a branch.
SELECT * FROM builds WHERE branch = %(branch)s
    AND (%(status)s::text IS NULL OR status = %(status)s)
ORDER BY at DESC LIMIT 1;

-- prune_builds: Keep a branch's newest builds only.
DELETE FROM builds WHERE branch = %(branch)s AND id NOT IN (
    SELECT id FROM builds WHERE branch = %(branch)s ORDER BY at DESC LIMIT %(keep)s
);

-- notify: Tell people about an event, each once.
INSERT INTO notifications (id, person_id, event_id, type, title, href, at)
SELECT told.id, told.person_id, %(event_id)s, %(type)s, %(title)s, %(href)s, %(at)s
FROM unnest(%(ids)s::uuid[], %(people)s::uuid[]) AS told (id, person_id)
ON CONFLICT DO NOTHING;

-- list_notifications: A person's newest.
SELECT id, person_id, event_id, type, title, href, at, read_at FROM notifications
WHERE person_id = %(person_id)s AND (NOT %(unread)s OR read_at IS NULL)
    AND (%(before)s::uuid IS NULL OR (at, id) < (
        SELECT at, id FROM notifications WHERE id = %(before)s AND person_id = %(person_id)s))
ORDER BY at DESC, id DESC LIMIT %(limit)s;

-- count_unread: How many a person has not read; no more than `most` are counted.
SELECT count(*)::integer AS count FROM (
    SELECT FROM notifications WHERE person_id = %(person_id)s AND read_at IS NULL LIMIT %(most)s
) AS unread;

-- open_notification: Where it leads; with `read` it counts as read from now on.
UPDATE notifications SET read_at = CASE WHEN %(read)s THEN coalesce(read_at, now()) ELSE read_at END
WHERE id = %(id)s AND person_id = %(person_id)s RETURNING href;

-- prune_notifications: Forget what is old, read or not.
DELETE FROM notifications WHERE at < now() - make_interval(days => %(days)s);

-- read_notifications: Seen; all of them when none is named.
UPDATE notifications SET read_at = now() WHERE person_id = %(person_id)s AND read_at IS NULL
    AND (%(ids)s::uuid[] IS NULL OR id = ANY(%(ids)s::uuid[]));

-- audit: Keep who did what, once.
INSERT INTO audit (event_id, type, person_id, branch, page_path, data, at)
VALUES (%(event_id)s, %(type)s, %(person_id)s, %(branch)s, %(page_path)s, %(data)s, %(at)s)
ON CONFLICT DO NOTHING;

-- list_audit: Who did what, newest first.
SELECT event_id, type, person_id, branch, page_path, data, at FROM audit
WHERE (%(before)s::timestamptz IS NULL OR at < %(before)s) ORDER BY at DESC, event_id
LIMIT %(limit)s;

-- count_usage: One more on a day.
INSERT INTO usage (day, type, branch, page_path, count)
VALUES (%(day)s, %(type)s, %(branch)s, %(page_path)s, %(count)s)
ON CONFLICT (day, type, branch, page_path) DO UPDATE SET count = usage.count + excluded.count;

-- usage_totals: Sums since a day, most first.
SELECT type, branch, page_path, sum(count)::bigint AS count FROM usage
WHERE day >= %(since)s AND (%(type)s::text IS NULL OR type = %(type)s)
GROUP BY type, branch, page_path ORDER BY count DESC, page_path LIMIT %(limit)s;
