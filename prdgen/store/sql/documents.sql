-- find_live: The document people edit now at this place.
SELECT * FROM documents WHERE branch = %(branch)s AND page_path = %(page_path)s AND status = 'live';

-- get: One document by id.
SELECT * FROM documents WHERE id = %(id)s;

-- list_live: Every document people can edit, newest change first.
SELECT * FROM documents
WHERE status = 'live' AND (%(branch)s::text IS NULL OR branch = %(branch)s)
ORDER BY changed_at DESC, id;

-- create: Make a document, unless one is live at its place or has its id.
INSERT INTO documents (
    id, branch, page_path, base_commit, n, heads,
    file_heads, file_hash, tip_heads, tip_hash, tip_commit, committed_heads
) VALUES (
    %(id)s, %(branch)s, %(page_path)s, %(base_commit)s, %(n)s, %(heads)s::bytea[],
    %(file_heads)s::bytea[], %(file_hash)s, %(tip_heads)s::bytea[], %(tip_hash)s, %(tip_commit)s,
    %(tip_heads)s::bytea[]
)
ON CONFLICT DO NOTHING RETURNING *;

-- next_n: How often this place and commit were used before; part of a document's id.
SELECT coalesce(max(n) + 1, 0) AS n FROM documents
WHERE branch = %(branch)s AND page_path = %(page_path)s AND base_commit = %(base_commit)s;

-- move: A page or its branch was renamed; the document goes along and keeps its id.
UPDATE documents SET branch = %(branch)s, page_path = %(page_path)s WHERE id = %(id)s AND status = 'live';

-- retire: End a document's epoch; all it has now is in the one that follows.
UPDATE documents SET status = 'retired', successor = %(successor)s,
    carried_seq = last_seq, carried_heads = heads,
    lease_holder = NULL, lease_until = NULL, fence = fence + 1
WHERE id = %(id)s AND status = 'live' AND (%(last_seq)s::bigint IS NULL OR last_seq = %(last_seq)s)
    AND (%(fence)s::bigint IS NULL OR fence = %(fence)s);

-- hand_over_conflicts: What is to be decided is decided in the document that follows.
UPDATE conflicts SET document_id = %(successor)s WHERE document_id = %(id)s AND resolved_at IS NULL;

-- newest: The end of the chain of documents that follow each other from this one, whole: read
-- a moment later it could be retired.
WITH RECURSIVE chain AS (
    SELECT d.id, d.successor, 0 AS step FROM documents d WHERE d.id = %(id)s
    UNION ALL
    SELECT d.id, d.successor, chain.step + 1 FROM documents d JOIN chain ON d.id = chain.successor
    WHERE chain.step < 100000
)
SELECT d.* FROM documents d JOIN chain ON d.id = chain.id ORDER BY chain.step DESC LIMIT 1;

-- predecessor: The document that this one follows, when the page had its name then, too.
SELECT * FROM documents
WHERE branch = %(branch)s AND page_path = %(page_path)s AND status = 'retired' AND successor = %(id)s
ORDER BY changed_at DESC LIMIT 1;

-- late: Retired documents with changes that were not carried over yet.
SELECT * FROM documents WHERE status = 'retired' AND last_seq > carried_seq ORDER BY changed_at;

-- carried: Compare and set up to where a retired document's changes were carried over.
UPDATE documents SET carried_seq = %(seq)s, carried_heads = %(heads)s::bytea[]
WHERE id = %(id)s AND status = 'retired' AND carried_seq = %(expected)s;

-- snapshot: The newest whole state that was saved.
SELECT seq, data FROM snapshots WHERE document_id = %(id)s;

-- save_snapshot: Keep a whole state, never an older one than is there.
INSERT INTO snapshots (document_id, seq, data) VALUES (%(id)s, %(seq)s, %(data)s)
ON CONFLICT (document_id) DO UPDATE SET seq = excluded.seq, data = excluded.data
WHERE snapshots.seq <= excluded.seq;

-- move_file_point: Compare and set the agreed point with the file.
UPDATE documents SET file_heads = %(heads)s::bytea[], file_hash = %(hash)s,
    intent_heads = NULL, intent_hash = NULL
WHERE id = %(id)s AND file_hash IS NOT DISTINCT FROM %(expected)s::text
    AND (%(fence)s::bigint IS NULL OR fence = %(fence)s)
RETURNING *;

-- move_tip_point: Compare and set the agreed point with the branch's tip.
UPDATE documents SET tip_heads = %(heads)s::bytea[], tip_hash = %(hash)s, tip_commit = %(commit)s,
    committed_heads = CASE WHEN %(committed)s THEN %(heads)s::bytea[] ELSE committed_heads END
WHERE id = %(id)s AND tip_commit IS NOT DISTINCT FROM %(expected)s::text
    AND (%(fence)s::bigint IS NULL OR fence = %(fence)s)
RETURNING *;

-- move_tips: The same for documents that the commits in between leave as they are; heads and text stay.
UPDATE documents AS document SET tip_commit = %(commit)s
FROM unnest(%(ids)s::uuid[], %(fences)s::bigint[]) AS held (id, fence)
WHERE document.id = held.id AND document.fence = held.fence AND document.tip_commit = %(expected)s
RETURNING document.*;

-- record_intent: What is about to be written to the file: a file equal to it is ours.
UPDATE documents SET intent_heads = %(heads)s::bytea[], intent_hash = %(hash)s
WHERE id = %(id)s AND fence = %(fence)s;

-- set_cold_intake: The change of an intake nobody had the document open for.
UPDATE documents SET cold_intake = %(hash)s WHERE id = %(id)s;

-- claim_lease: Take the right to write, if nobody has it; a new holder gets a new fence.
UPDATE documents SET
    fence = fence + CASE
        WHEN lease_holder = %(holder)s AND lease_until > clock_timestamp() THEN 0 ELSE 1 END,
    lease_holder = %(holder)s,
    lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE id = %(id)s AND status = 'live' AND (
    lease_holder IS NULL OR lease_holder = %(holder)s OR lease_until <= clock_timestamp()
)
RETURNING fence;

-- renew_lease: Keep it, as long as nobody else claimed it meanwhile.
UPDATE documents SET lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE id = %(id)s AND lease_holder = %(holder)s AND fence = %(fence)s;

-- release_lease: Give it back at once.
UPDATE documents SET lease_holder = NULL, lease_until = NULL
WHERE id = %(id)s AND lease_holder = %(holder)s AND fence = %(fence)s;

-- leased: The pages whose documents a process has the right to write now.
SELECT page_path FROM documents
WHERE status = 'live' AND branch = %(branch)s AND lease_until > clock_timestamp();

-- orphans: Live documents with more than the file or the last commit has, or kept by a process that died, and
-- whose lease is nobody's (for sweeping).
SELECT * FROM documents
WHERE status = 'live' AND (lease_holder IS NULL OR lease_until <= clock_timestamp())
    AND (
        file_heads IS DISTINCT FROM heads OR committed_heads IS DISTINCT FROM heads
        OR lease_holder IS NOT NULL
    )
ORDER BY changed_at;
