-- Appending is one statement, and the writer says up to which change it knows the document: a store
-- that has gone back behind that takes nothing.

DROP FUNCTION append_changes(uuid, bytea[], bytea[], uuid[], text[], bytea[], bytea[]);

CREATE FUNCTION append_changes(
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
