-- Texts both sides had at an agreed point, where no heads of the document read the same.

CREATE TABLE texts (
    hash text PRIMARY KEY,
    text text NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now()
);
