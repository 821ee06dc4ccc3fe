"""PostgreSQL: documents, changes, events, the page index, people. The only room that knows psycopg."""
