-- lock: One process migrates at a time; the others then find nothing left to do.
SELECT pg_advisory_xact_lock(%(key)s);

-- create_table: The record of what was applied.
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
);

-- applied: Numbers of the migrations this database has.
SELECT number FROM schema_migrations;

-- record: Remember that a migration was applied.
INSERT INTO schema_migrations (number, name) VALUES (%(number)s, %(name)s);
