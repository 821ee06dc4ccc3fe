-- What several documents append while a write is under way is one statement and one commit.

-- Waits for no document's lock: one that is locked, or not there, gets no numbers, and its writer
-- appends by itself.
CREATE FUNCTION append_together(
    the_documents uuid[], knowns bigint[], counts integer[], head_counts integer[], new_heads bytea[],
    hashes bytea[], actors bytea[], persons uuid[], origins text[], datas bytea[]
) RETURNS TABLE (first_seq bigint, last_seq bigint) LANGUAGE plpgsql AS $$
DECLARE
    a integer := 1;
    z integer;
    head_a integer := 1;
    head_z integer;
BEGIN
    FOR i IN 1 .. cardinality(the_documents) LOOP
        z := a + counts[i] - 1;
        head_z := head_a + head_counts[i] - 1;
        PERFORM FROM documents WHERE id = the_documents[i] FOR NO KEY UPDATE SKIP LOCKED;
        IF FOUND THEN
            SELECT done.first_seq, done.last_seq INTO first_seq, last_seq
            FROM append_changes(
                the_documents[i], hashes[a:z], actors[a:z], persons[a:z], origins[a:z], datas[a:z],
                new_heads[head_a:head_z], knowns[i]
            ) AS done;
        ELSE
            first_seq := NULL;
            last_seq := NULL;
        END IF;
        RETURN NEXT;
        a := z + 1;
        head_a := head_z + 1;
    END LOOP;
END $$;
