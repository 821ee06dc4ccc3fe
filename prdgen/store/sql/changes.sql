-- append: Number and store what is new; one round trip.
SELECT first_seq, last_seq, status, successor FROM append_changes(
    %(document_id)s, %(hashes)s::bytea[], %(actors)s::bytea[], %(persons)s::uuid[],
    %(origins)s::text[], %(datas)s::bytea[], %(heads)s::bytea[],
    %(known)s::bigint
);

-- since: The changes after a number, in order.
SELECT seq, hash, actor, person_id, origin, data FROM changes
WHERE document_id = %(document_id)s AND seq > %(seq)s ORDER BY seq;

-- from_elsewhere: What came lately otherwise than by the file: typed, pushed, carried over.
SELECT hash FROM (
    SELECT hash, origin, stored_at FROM changes WHERE document_id = %(document_id)s
    ORDER BY seq DESC LIMIT 1000
) AS newest
WHERE origin IN ('peer', 'commit', 'late') AND stored_at > clock_timestamp() - make_interval(secs => %(seconds)s);

-- writers: Who wrote after a number, first touch first.
SELECT person_id FROM changes
WHERE document_id = %(document_id)s AND seq > %(seq)s AND person_id IS NOT NULL
GROUP BY person_id ORDER BY min(seq);

-- by_actors: Who the given actors are, and which way their changes came.
SELECT person_id, origin FROM changes
WHERE document_id = %(document_id)s AND actor = ANY(%(actors)s::bytea[])
GROUP BY person_id, origin ORDER BY min(seq);

-- bind: An actor belongs to the first person who delivered it.
INSERT INTO actors (document_id, actor, person_id)
VALUES (%(document_id)s, %(actor)s, %(person_id)s)
ON CONFLICT (document_id, actor) DO NOTHING;

-- actor_owner: Whose an actor is.
SELECT person_id FROM actors WHERE document_id = %(document_id)s AND actor = %(actor)s;

-- open_conflict: Remember that two versions stand in the text.
INSERT INTO conflicts (id, document_id, ours, theirs, heads, origin)
VALUES (%(id)s, %(document_id)s, %(ours)s, %(theirs)s, %(heads)s::bytea[], %(origin)s)
ON CONFLICT (id) DO NOTHING;

-- open_conflicts: What someone still has to decide in a document.
SELECT id, document_id, ours, theirs, heads, origin, created_at, resolved_at FROM conflicts
WHERE document_id = %(document_id)s AND resolved_at IS NULL ORDER BY created_at, id;

-- resolve_conflict: Someone decided.
UPDATE conflicts SET resolved_at = now(), resolved_by = %(person_id)s
WHERE id = %(id)s AND resolved_at IS NULL;
