-- lock_tip: The branch's indexed tip, held until the transaction ends.
SELECT tip FROM branches WHERE branch = %(branch)s FOR UPDATE;

-- set_tip: Which commit the index now is of.
INSERT INTO branches (branch, tip) VALUES (%(branch)s, %(tip)s)
ON CONFLICT (branch) DO UPDATE SET tip = excluded.tip, indexed_at = now();

-- indexed_tip: Which commit the index is of.
SELECT tip FROM branches WHERE branch = %(branch)s;

-- indexed_branches: Every branch that has an index.
SELECT branch, tip FROM branches ORDER BY branch;

-- forget_branch: A branch is gone; everything of it goes.
DELETE FROM branches WHERE branch = %(branch)s;

-- delete_pages: Take pages out of the index; requirements and links go along.
DELETE FROM pages WHERE branch = %(branch)s AND page_path = ANY(%(page_paths)s::text[]);

-- delete_others: Take every other page of the branch out.
DELETE FROM pages WHERE branch = %(branch)s AND page_path <> ALL(%(page_paths)s::text[]);

-- delete_words: Pages that are gone have no words.
DELETE FROM page_words WHERE branch = %(branch)s AND page_path = ANY(%(page_paths)s::text[]);

-- delete_other_words: The same for every other page of the branch.
DELETE FROM page_words WHERE branch = %(branch)s AND page_path <> ALL(%(page_paths)s::text[]);

-- insert_page: One page.
INSERT INTO pages (
    branch, page_path, blob, commit, title, description, status, owner, tags, front_matter,
    problems, outline, word_count, text, draft, updated_at, updated_by, headings, about, names
) VALUES (
    %(branch)s, %(page_path)s, %(blob)s, %(commit)s, %(title)s, %(description)s, %(status)s,
    %(owner)s, %(tags)s, %(front_matter)s, %(problems)s, %(outline)s, %(word_count)s, %(text)s,
    %(draft)s, %(updated_at)s, %(updated_by)s, %(headings)s, %(about)s, lower(unaccent(%(names)s))
);

-- insert_words: The search vector of pages whose text is another one than it is of: A title, B headings,
-- path, tags and requirement ids, C description and people, D body. A vector may have 1 MB, so the body
-- is cut at 400,000.
INSERT INTO page_words (branch, page_path, blob, search)
SELECT p.branch, p.page_path, p.blob,
    setweight(to_tsvector('prdgen', p.title), 'A')
        || setweight(to_tsvector('prdgen', p.headings), 'B')
        || setweight(to_tsvector('prdgen', p.about), 'C')
        || setweight(to_tsvector('prdgen', left(p.text, 400000)), 'D')
FROM pages p LEFT JOIN page_words w USING (branch, page_path)
WHERE p.branch = %(branch)s AND w.blob IS DISTINCT FROM p.blob
ON CONFLICT (branch, page_path) DO UPDATE SET blob = excluded.blob, search = excluded.search
RETURNING page_path;

-- insert_requirements: The requirements of pages.
COPY requirements
    (branch, page_path, position, req_id, text, line, end_line, notation, status) FROM STDIN;

-- insert_links: The links of pages.
COPY links (branch, page_path, position, kind, target, fragment, line, text) FROM STDIN;

-- learn_words: Remember the words of the pages just stored, for mistyped queries. Sorted, so that
-- two indexers take their locks in one order.
INSERT INTO words
SELECT DISTINCT lexeme FROM page_words, unnest(search)
WHERE branch = %(branch)s AND page_path = ANY(%(page_paths)s::text[])
    AND length(lexeme) BETWEEN 4 AND 40 AND lexeme ~ '^[[:alpha:]]+$'
ORDER BY lexeme
ON CONFLICT DO NOTHING;

-- get_page: One page with its text.
SELECT branch, page_path, blob, commit, title, description, status, owner, tags, front_matter,
    problems, outline, word_count, text, draft, updated_at, updated_by
FROM pages WHERE branch = %(branch)s AND page_path = %(page_path)s;

-- all_blobs: What the index was made from.
SELECT page_path, blob FROM pages WHERE branch = %(branch)s;

-- list_by_path: Pages after one path, filtered.
SELECT branch, page_path, blob, commit, title, description, status, owner, tags, front_matter,
    problems, outline, word_count, '' AS text, draft, updated_at, updated_by
FROM pages
WHERE branch = %(branch)s
    AND (%(status)s::text IS NULL OR lower(status) = lower(%(status)s))
    AND (%(owner)s::text IS NULL OR lower(owner) = lower(%(owner)s))
    AND (%(tag)s::text IS NULL OR %(tag)s = ANY(tags))
    AND (%(drafts)s OR NOT draft)
    AND (%(query)s::text IS NULL OR page_path IN (
            SELECT page_path FROM page_words
            WHERE branch = %(branch)s AND search @@ websearch_to_tsquery('prdgen', %(query)s))
        OR names LIKE '%%' || lower(unaccent(%(query)s)) || '%%'
        OR strpos(lower(page_path), lower(%(query)s)) > 0)
    AND (%(after_path)s::text IS NULL OR page_path > %(after_path)s)
ORDER BY page_path LIMIT %(limit)s;

-- list_by_recency: The same, newest change first.
SELECT branch, page_path, blob, commit, title, description, status, owner, tags, front_matter,
    problems, outline, word_count, '' AS text, draft, updated_at, updated_by
FROM pages
WHERE branch = %(branch)s
    AND (%(status)s::text IS NULL OR lower(status) = lower(%(status)s))
    AND (%(owner)s::text IS NULL OR lower(owner) = lower(%(owner)s))
    AND (%(tag)s::text IS NULL OR %(tag)s = ANY(tags))
    AND (%(drafts)s OR NOT draft)
    AND (%(query)s::text IS NULL OR page_path IN (
            SELECT page_path FROM page_words
            WHERE branch = %(branch)s AND search @@ websearch_to_tsquery('prdgen', %(query)s))
        OR names LIKE '%%' || lower(unaccent(%(query)s)) || '%%'
        OR strpos(lower(page_path), lower(%(query)s)) > 0)
    AND (%(after_at)s::timestamptz IS NULL
        OR (updated_at, page_path) < (%(after_at)s, %(after_path)s))
ORDER BY updated_at DESC, page_path DESC LIMIT %(limit)s;

-- facets: How many pages have each status, owner and tag.
SELECT kind, value, count(*) AS count
FROM pages, LATERAL (
    SELECT 'status' AS kind, status AS value
    UNION ALL SELECT 'owner', owner
    UNION ALL SELECT 'tag', unnest(tags)
) AS facet
WHERE branch = %(branch)s AND (%(drafts)s OR NOT draft) AND value <> ''
GROUP BY kind, value ORDER BY kind, count DESC, value;

-- links_to: Which pages point here.
SELECT l.page_path, p.title, l.kind, l.target, l.fragment, l.line, l.text
FROM links l JOIN pages p USING (branch, page_path)
WHERE l.branch = %(branch)s AND l.kind = 'page' AND l.target = %(target)s
    AND l.page_path <> %(target)s
ORDER BY l.page_path, l.position;

-- requirement_uses: Where a requirement is pointed to.
SELECT l.page_path, p.title, l.kind, l.target, l.fragment, l.line, l.text
FROM links l JOIN pages p USING (branch, page_path)
WHERE l.branch = %(branch)s AND l.kind = 'requirement' AND l.target = %(target)s
ORDER BY l.page_path, l.position;

-- all_links: Every link of the branch between pages and requirements (for the site).
SELECT l.page_path, p.title, l.kind, l.target, l.fragment, l.line, l.text
FROM links l JOIN pages p USING (branch, page_path)
WHERE l.branch = %(branch)s AND l.kind IN ('page', 'requirement')
ORDER BY l.page_path, l.position;

-- requirements: Requirements of a branch, of one page or with one id.
SELECT r.page_path, p.title, r.req_id AS id, r.text, r.line, r.end_line, r.notation, r.status
FROM requirements r JOIN pages p USING (branch, page_path)
WHERE r.branch = %(branch)s
    AND (%(page_path)s::text IS NULL OR r.page_path = %(page_path)s)
    AND (%(req_id)s::text IS NULL OR r.req_id = %(req_id)s)
    AND (%(after)s::text IS NULL OR r.req_id > %(after)s)
ORDER BY r.req_id, r.page_path, r.position LIMIT %(limit)s;
