-- create: A person; the address must be new.
INSERT INTO people (id, name, email, color, role)
VALUES (%(id)s, %(name)s, %(email)s, %(color)s, %(role)s)
ON CONFLICT DO NOTHING RETURNING *;

-- get: A person by id.
SELECT * FROM people WHERE id = %(id)s;

-- get_by_email: A person by address, however it is written.
SELECT * FROM people WHERE lower(email) = lower(%(email)s);

-- list: Everybody, by name.
SELECT * FROM people ORDER BY lower(name), id;

-- list_some: The first by name, of owners, of `named`, and of accounts with one of `roles` that are not `besides`.
SELECT * FROM people
WHERE role = 'owner' OR lower(email) = ANY(%(named)s)
    OR (coalesce(role, 'editor') = ANY(%(roles)s) AND NOT lower(email) = ANY(%(besides)s))
ORDER BY lower(name), id LIMIT %(limit)s;

-- alone: Whoever changes roles waits for whoever does so now.
SELECT pg_advisory_xact_lock(hashtext('prdgen roles'));

-- update: Change what a person is called or may do.
UPDATE people SET name = coalesce(%(name)s, name), color = coalesce(%(color)s, color),
    role = coalesce(%(role)s, role)
WHERE id = %(id)s RETURNING *;

-- add_link: A sign-in link, by the hash of its secret.
INSERT INTO sign_in_links (hash, person_id, expires_at)
VALUES (%(hash)s, %(person_id)s, now() + make_interval(secs => %(seconds)s));

-- redeem_link: Use a link up; only the first one to do so gets a row.
UPDATE sign_in_links SET redeemed_at = now()
WHERE hash = %(hash)s AND redeemed_at IS NULL AND expires_at > now() RETURNING person_id;

-- link: Whose a link is and why it cannot be used.
SELECT person_id, redeemed_at, expires_at <= now() AS expired FROM sign_in_links
WHERE hash = %(hash)s;

-- add_session: A signed-in browser.
INSERT INTO sessions (hash, person_id, expires_at)
VALUES (%(hash)s, %(person_id)s, now() + make_interval(secs => %(seconds)s));

-- session_people: Who sessions are of, while they last.
SELECT people.*, hash FROM people JOIN sessions ON person_id = people.id
WHERE hash = ANY(%(hashes)s::bytea[]) AND expires_at > now();

-- end_session: Sign out.
DELETE FROM sessions WHERE hash = %(hash)s;

-- end_sessions: Sign a person out everywhere.
DELETE FROM sessions WHERE person_id = %(person_id)s;

-- end_links: No link made for a person works any more.
DELETE FROM sign_in_links WHERE person_id = %(person_id)s AND redeemed_at IS NULL;

-- end_tokens: All tokens of a person end at once.
DELETE FROM tokens WHERE person_id = %(person_id)s;

-- add_token: An API token.
INSERT INTO tokens (id, hash, person_id, name, scope, expires_at)
VALUES (%(id)s, %(hash)s, %(person_id)s, %(name)s, %(scope)s, %(expires_at)s)
RETURNING id, person_id, name, scope, created_at, expires_at, used_at;

-- list_tokens: A person's tokens; the secrets are not kept.
SELECT id, person_id, name, scope, created_at, expires_at, used_at FROM tokens
WHERE person_id = %(person_id)s ORDER BY created_at DESC;

-- use_tokens: Who tokens are of and what they may do; notes the use, at most once a minute.
WITH found AS (
    SELECT id, hash, person_id, scope, used_at FROM tokens
    WHERE hash = ANY(%(hashes)s::bytea[]) AND (expires_at IS NULL OR expires_at > now())
), noted AS (
    UPDATE tokens SET used_at = now() FROM found
    WHERE tokens.id = found.id
        AND (found.used_at IS NULL OR found.used_at < now() - interval '1 minute')
)
SELECT people.*, found.hash, found.scope FROM people JOIN found ON people.id = found.person_id;

-- revoke_token: A token ends at once.
DELETE FROM tokens WHERE id = %(id)s AND person_id = %(person_id)s;

-- prune: Forget what has run out.
WITH links AS (
    DELETE FROM sign_in_links WHERE expires_at < now() - interval '1 day'
)
DELETE FROM sessions WHERE expires_at < now();
