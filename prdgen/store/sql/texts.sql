-- keep: Keep a text by its hash.
INSERT INTO texts (hash, text) VALUES (%(hash)s, %(text)s)
ON CONFLICT (hash) DO UPDATE SET kept_at = now();

-- get: A kept text.
SELECT text FROM texts WHERE hash = %(hash)s;

-- note_late: How far a late document's text was carried over.
INSERT INTO late_texts (document_id, heads) VALUES (%(document_id)s, %(heads)s::bytea[])
ON CONFLICT (document_id) DO UPDATE SET heads = excluded.heads;

-- late_heads: Up to where a late document's text was carried over.
SELECT heads FROM late_texts WHERE document_id = %(document_id)s;

-- prune: Forget texts no live document's agreed points name, a day after they were kept.
DELETE FROM texts t WHERE kept_at < now() - interval '1 day' AND NOT EXISTS (
    SELECT 1 FROM documents d WHERE d.status = 'live' AND t.hash IN (d.file_hash, d.tip_hash)
);

-- titles: Every page's title.
SELECT page_path, title FROM pages WHERE branch = %(branch)s;

-- definitions: Where each requirement is defined; the first page wins.
SELECT DISTINCT ON (req_id) req_id, page_path FROM requirements WHERE branch = %(branch)s
ORDER BY req_id, page_path, position;

-- stamps: When each page last changed, and by whom.
SELECT page_path, updated_at, updated_by FROM pages WHERE branch = %(branch)s;

-- last_seqs: The newest change's number of several documents at once.
SELECT id, last_seq FROM documents WHERE id = ANY(%(ids)s::uuid[]);
