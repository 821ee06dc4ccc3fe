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
