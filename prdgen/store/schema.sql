-- The whole schema, for a new database. A test holds it equal to all migrations applied in turn.

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
    changed_at timestamptz NOT NULL DEFAULT now(),
    -- Of a retired document: up to where its changes were carried over to the one that follows.
    carried_seq bigint,
    carried_heads bytea[],
    -- Where the text was last the tip's, word for word.
    committed_heads bytea[]
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX documents_live ON documents (branch, page_path) WHERE status = 'live';
CREATE INDEX documents_life ON documents (branch, page_path, base_commit);
CREATE INDEX documents_late ON documents (id) WHERE status = 'retired' AND last_seq > carried_seq;

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

-- Stores what is new of the given changes, numbered without a gap under the document's row lock. Who has not read
-- that texts were merged there stores nothing (`first_seq` 0): two processes would merge the same twice.
-- A function, because each statement inside sees what was committed while it waited for that lock.
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

-- The same for several documents at once. It waits for no document's lock: one that is locked, or not
-- there, gets no numbers, and its writer appends by itself.
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
-- Events on their way out, and which consumer has seen which.

CREATE TABLE event_log (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    type text NOT NULL,
    branch text,
    page_path text,
    person_id uuid,
    data jsonb NOT NULL,
    at timestamptz NOT NULL,
    -- Given by the relay as it publishes; positions can become visible out of order, numbers cannot.
    number bigint UNIQUE
);
CREATE INDEX event_log_unpublished ON event_log (position) WHERE number IS NULL;
CREATE INDEX event_log_page ON event_log (branch, page_path, position);

CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
-- The page index: made from commits, thrown away and made again at will.

CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- English stems without stop words, accents ignored. A stem is the same function of a word in the
-- page and in the query, so words of any language still find themselves; English ones also find
-- their other forms; and "IT", "who", "not" can be searched for.
CREATE TEXT SEARCH DICTIONARY prdgen_stem (TEMPLATE = snowball, Language = english);
CREATE TEXT SEARCH CONFIGURATION prdgen (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION prdgen
    ALTER MAPPING FOR asciiword, word, hword, hword_part, asciihword, hword_asciipart
    WITH unaccent, prdgen_stem;

CREATE TABLE branches (
    branch text PRIMARY KEY,
    tip text NOT NULL,
    indexed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE pages (
    branch text NOT NULL REFERENCES branches ON DELETE CASCADE,
    page_path text NOT NULL,
    blob text NOT NULL,
    commit text NOT NULL,
    title text NOT NULL,
    description text,
    status text,
    owner text,
    tags text[] NOT NULL,
    front_matter jsonb NOT NULL,
    problems jsonb NOT NULL,
    outline jsonb NOT NULL,
    word_count integer NOT NULL,
    text text NOT NULL,
    draft boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text,
    -- Title, headings, path, tags, owner: what a mistyped query is compared with.
    names text NOT NULL,
    -- What else the search looks in: headings, path, tags and ids; description and people.
    headings text NOT NULL,
    about text NOT NULL,
    PRIMARY KEY (branch, page_path)
);
CREATE INDEX pages_names ON pages USING gin (names gin_trgm_ops);
CREATE INDEX pages_recent ON pages (branch, updated_at DESC, page_path);
CREATE INDEX pages_tags ON pages USING gin (tags);

CREATE TABLE requirements (
    branch text NOT NULL,
    page_path text NOT NULL,
    position integer NOT NULL,
    req_id text NOT NULL,
    text text NOT NULL,
    line integer NOT NULL,
    end_line integer NOT NULL,
    notation text NOT NULL,
    status text,
    PRIMARY KEY (branch, page_path, position),
    FOREIGN KEY (branch, page_path) REFERENCES pages ON DELETE CASCADE
);
CREATE INDEX requirements_id ON requirements (branch, req_id);

CREATE TABLE links (
    branch text NOT NULL,
    page_path text NOT NULL,
    position integer NOT NULL,
    kind text NOT NULL,
    target text NOT NULL,
    fragment text,
    line integer NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (branch, page_path, position),
    FOREIGN KEY (branch, page_path) REFERENCES pages ON DELETE CASCADE
);
CREATE INDEX links_target ON links (branch, kind, target);

-- A page's words follow its facts: after a push of many pages the site is there before their words are
-- looked through. `blob`: the text they are of.
CREATE TABLE page_words (
    branch text NOT NULL REFERENCES branches ON DELETE CASCADE,
    page_path text NOT NULL,
    blob text NOT NULL,
    search tsvector NOT NULL,
    PRIMARY KEY (branch, page_path)
);
CREATE INDEX page_words_search ON page_words USING gin (search);

-- Every word (as its stem) any page had: where a mistyped word's likeliest meaning is looked up.
CREATE TABLE words (word text PRIMARY KEY);
CREATE INDEX words_alike ON words USING gin (word gin_trgm_ops);
-- Who may come in. Of links, sessions and tokens only hashes are kept.

CREATE TABLE people (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL,
    color text NOT NULL,
    role text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX people_email ON people (lower(email));

CREATE TABLE sign_in_links (
    hash bytea PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    redeemed_at timestamptz
);

CREATE TABLE sessions (
    hash bytea PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_person ON sessions (person_id);

CREATE TABLE tokens (
    id uuid PRIMARY KEY,
    hash bytea NOT NULL UNIQUE,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    name text NOT NULL,
    scope text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    used_at timestamptz
);
CREATE INDEX tokens_person ON tokens (person_id);
-- What the consumers of events and the builder write down.

CREATE TABLE builds (
    id uuid PRIMARY KEY,
    branch text NOT NULL,
    commit text NOT NULL,
    status text NOT NULL,
    pages integer NOT NULL,
    seconds double precision NOT NULL,
    manifest jsonb NOT NULL,
    problems jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX builds_latest ON builds (branch, at DESC);

CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    event_id uuid NOT NULL,
    type text NOT NULL,
    title text NOT NULL,
    href text NOT NULL,
    at timestamptz NOT NULL,
    read_at timestamptz,
    UNIQUE (person_id, event_id)
);
CREATE INDEX notifications_newest ON notifications (person_id, at DESC);

CREATE TABLE audit (
    event_id uuid PRIMARY KEY,
    type text NOT NULL,
    person_id uuid,
    branch text,
    page_path text,
    data jsonb NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX audit_newest ON audit (at DESC, event_id);

CREATE TABLE usage (
    day date NOT NULL,
    type text NOT NULL,
    branch text NOT NULL,
    page_path text NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (day, type, branch, page_path)
);
-- Texts both sides had at an agreed point, where no heads of the document read the same.

CREATE TABLE texts (
    hash text PRIMARY KEY,
    text text NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now()
);

-- Documents this store does not have whose text was brought late: up to where it was carried over.
CREATE TABLE late_texts (document_id uuid PRIMARY KEY, heads bytea[] NOT NULL);
-- Documents of several pages that people asked for: how far each is, and who waits for it.

CREATE TABLE exports (
    -- The same pages of the same commit in the same format have the same one.
    id text PRIMARY KEY,
    branch text NOT NULL,
    commit text NOT NULL,
    format text NOT NULL,
    -- Pages and folders; none of them: the whole site.
    paths text[] NOT NULL,
    title text NOT NULL,
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'doing', 'done', 'failed', 'cancelled')),
    -- How often it was begun: what an earlier job still says no longer counts.
    turn integer NOT NULL DEFAULT 0,
    job bigint,
    pages_done integer NOT NULL DEFAULT 0,
    pages integer NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    hint text NOT NULL DEFAULT '',
    askers uuid[] NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX exports_waiting ON exports (asked_at) WHERE state IN ('waiting', 'doing');
-- How much a person has not read is asked with every page they look at.

CREATE INDEX notifications_unread ON notifications (person_id) WHERE read_at IS NULL;
