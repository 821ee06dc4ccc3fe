-- Live documents: rows, changes, snapshots, actors, open conflicts.

CREATE TABLE documents (
    id uuid PRIMARY KEY,
    branch text NOT NULL,
    page_path text NOT NULL,
    base_commit text NOT NULL,
    n integer NOT NULL,
    status text NOT NULL DEFAULT 'live' CHECK (status IN ('live', 'retired')),
    successor uuid,
    last_seq bigint NOT NULL DEFAULT 0,
    heads bytea[] NOT NULL,
    -- The agreed point with the file, and with the branch's tip.
    file_heads bytea[],
    file_hash text,
    tip_heads bytea[],
    tip_hash text,
    tip_commit text,
    -- What the lease holder is about to write to the file.
    intent_heads bytea[],
    intent_hash text,
    lease_holder text,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    cold_intake bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX documents_live ON documents (branch, page_path) WHERE status = 'live';
CREATE INDEX documents_life ON documents (branch, page_path, base_commit);

CREATE TABLE snapshots (
    document_id uuid PRIMARY KEY REFERENCES documents ON DELETE CASCADE,
    seq bigint NOT NULL,
    data bytea NOT NULL
);

CREATE TABLE changes (
    document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    actor bytea NOT NULL,
    person_id uuid,
    origin text NOT NULL,
    data bytea NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (document_id, seq),
    UNIQUE (document_id, hash)
);

-- Stores what is new of the given changes, numbered without a gap under the document's row lock.
-- A function, because each statement inside sees what was committed while it waited for that lock.
CREATE FUNCTION append_changes(
    the_document uuid, hashes bytea[], actors bytea[], persons uuid[], origins text[],
    datas bytea[], new_heads bytea[],
    OUT first_seq bigint, OUT last_seq bigint, OUT status text, OUT successor uuid
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    before bigint;
    added bigint;
BEGIN
    SELECT d.last_seq, d.status, d.successor INTO before, status, successor
        FROM documents d WHERE d.id = the_document FOR NO KEY UPDATE;
    IF status IS DISTINCT FROM 'live' THEN
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
    first_seq := before + 1;
    last_seq := before + added;
    IF added > 0 THEN
        UPDATE documents d SET last_seq = before + added, heads = new_heads, changed_at = now()
            WHERE d.id = the_document;
    END IF;
END $$;

CREATE TABLE actors (
    document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    actor bytea NOT NULL,
    person_id uuid,
    bound_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (document_id, actor)
);

CREATE TABLE conflicts (
    id uuid PRIMARY KEY,
    document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    ours text NOT NULL,
    theirs text NOT NULL,
    heads bytea[] NOT NULL,
    origin text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    resolved_by uuid
);
CREATE INDEX conflicts_open ON conflicts (document_id) WHERE resolved_at IS NULL;
