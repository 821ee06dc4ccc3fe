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
