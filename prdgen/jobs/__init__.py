"""Work in the background on the same Postgres: deferred with a row, tried again, never forgotten."""
