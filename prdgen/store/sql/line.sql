-- prepare: What the line runs for every group of documents.
PREPARE append_together (
    uuid[], bigint[], integer[], integer[], bytea[], bytea[], bytea[], uuid[], text[], bytea[]
) AS SELECT first_seq, last_seq FROM append_together($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
