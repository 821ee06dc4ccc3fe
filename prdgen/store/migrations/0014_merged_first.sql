-- Stores what is new of the given changes, numbered without a gap under the document's row lock. Who has not read
-- that texts were merged there stores nothing (`first_seq` 0): two processes would merge the same twice.
-- A function, because each statement inside sees what was committed while it waited for that lock.
CREATE OR REPLACE FUNCTION append_changes(
    the_document uuid, hashes bytea[], actors bytea[], persons uuid[], origins text[],
    datas bytea[], new_heads bytea[],
    known bigint,
    OUT first_seq bigint, OUT last_seq bigint, OUT status text, OUT successor uuid
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    before bigint;
    added bigint;
BEGIN
    SELECT d.last_seq, d.status, d.successor INTO before, status, successor
        FROM documents d WHERE d.id = the_document FOR NO KEY UPDATE;
    IF status IS NULL THEN
        RETURN;
    END IF;
    first_seq := before + 1;
    last_seq := before;
    IF before < known THEN
        RETURN;
    END IF;
    IF before > known AND EXISTS (
        SELECT 1 FROM changes c WHERE c.document_id = the_document AND c.seq > known
            AND c.origin IN ('cold-intake', 'merged')
    ) THEN
        first_seq := 0;
        RETURN;
    END IF;
    INSERT INTO changes (document_id, seq, hash, actor, person_id, origin, data)
        SELECT the_document, before + row_number() OVER (ORDER BY fresh.i),
               fresh.hash, fresh.actor, fresh.person, fresh.origin, fresh.data
        FROM (
            SELECT DISTINCT ON (g.hash) g.*
            FROM unnest(hashes, actors, persons, origins, datas)
                WITH ORDINALITY AS g (hash, actor, person, origin, data, i)
            WHERE NOT EXISTS (
                SELECT 1 FROM changes c WHERE c.document_id = the_document AND c.hash = g.hash
            )
            ORDER BY g.hash, g.i
        ) AS fresh;
    GET DIAGNOSTICS added = ROW_COUNT;
    last_seq := before + added;
    IF added > 0 THEN
        UPDATE documents d SET last_seq = before + added, heads = new_heads, changed_at = now()
            WHERE d.id = the_document;
    END IF;
END $$;
