-- wanted: Ask whoever has the lease on a document to give it back.
SELECT pg_notify('prdgen_leases', %(id)s::text);

-- freed: Tell all servers that nobody has the lease on a document any more.
SELECT pg_notify('prdgen_leases', 'free ' || %(id)s::text);

-- free: Those of some documents that are edited and whose lease nobody has.
SELECT id FROM documents WHERE id = ANY(%(ids)s) AND status = 'live'
    AND (lease_holder IS NULL OR lease_until <= clock_timestamp());

-- take_over: End the leases of a clone's processes, but for those that live.
UPDATE documents SET lease_until = clock_timestamp()
WHERE starts_with(lease_holder, %(clone)s || '-') AND lease_until > clock_timestamp()
    AND NOT lease_holder = ANY(%(alive)s::text[]);

-- hold_clone: Say, for as long as this session lasts, that the clone works with this database.
SELECT pg_advisory_lock_shared(%(key)s::int, %(clone)s::int);

-- other_clones: Other clones that do.
SELECT count(*) AS count FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid::bigint = %(key)s AND objid::bigint <> %(clone)s;
