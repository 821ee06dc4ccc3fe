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
