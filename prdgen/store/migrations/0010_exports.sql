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
