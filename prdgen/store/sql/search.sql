-- search: Pages that match, best first. Three ways in: the words (the last one may be unfinished),
-- a requirement's id, and names that look alike. Weights: body, description, headings, title.
WITH asked AS (
    SELECT websearch_to_tsquery('prdgen', %(query)s) || %(prefix)s::tsquery AS words,
           lower(unaccent(%(query)s)) AS plain
), candidates AS (
    SELECT w.page_path FROM page_words w, asked
    WHERE w.branch = %(branch)s AND w.search @@ asked.words
    UNION SELECT p.page_path FROM pages p, asked
    WHERE p.branch = %(branch)s AND %(alike)s AND asked.plain <%% p.names
    UNION SELECT page_path FROM requirements WHERE branch = %(branch)s AND req_id = %(req_id)s
    UNION SELECT page_path FROM links
    WHERE branch = %(branch)s AND kind = 'requirement' AND target = %(req_id)s
), found AS (
    SELECT p.branch, p.page_path,
        coalesce(ts_rank('{0.1, 0.3, 0.5, 1.0}', w.search, asked.words, 1), 0)
            + CASE WHEN p.title ILIKE %(exact)s THEN 2 ELSE 0 END
            + CASE WHEN d.defines THEN 20 WHEN d.uses THEN 10 ELSE 0 END
            + 0.3 * word_similarity(asked.plain, p.names) AS rank
    FROM asked, candidates JOIN pages p USING (page_path)
        LEFT JOIN page_words w USING (branch, page_path), LATERAL (
        SELECT
            EXISTS (SELECT 1 FROM requirements r WHERE r.branch = p.branch
                AND r.page_path = p.page_path AND r.req_id = %(req_id)s) AS defines,
            EXISTS (SELECT 1 FROM links l WHERE l.branch = p.branch AND l.kind = 'requirement'
                AND l.page_path = p.page_path AND l.target = %(req_id)s) AS uses
        ) AS d
    WHERE p.branch = %(branch)s AND (%(drafts)s OR NOT p.draft)
), counted AS (
    SELECT *, count(*) OVER () AS total FROM found
    ORDER BY rank DESC, page_path LIMIT %(limit)s OFFSET %(offset)s
)
SELECT c.page_path, c.rank, c.total, p.title, p.status, p.owner, p.tags, p.updated_at,
    ts_headline('prdgen', p.title, asked.words, %(title_marks)s) AS title_marked,
    ts_headline('prdgen', left(p.text, 100000), asked.words, %(snippet_marks)s) AS snippet
FROM counted c JOIN pages p USING (branch, page_path), asked
ORDER BY c.rank DESC, c.page_path;

-- prefix: The last word as the beginning of a word; empty when it cannot be one.
SELECT CASE WHEN numnode(q.words) > 0 THEN q.words::text END AS words FROM (
    SELECT to_tsquery('prdgen', %(word)s || ':*') AS words
) AS q;

-- likely: What a word no page has was most likely meant to be.
SELECT word FROM words, (
    SELECT lower(unaccent(%(word)s)) AS typed
) AS asked
WHERE word %% typed
ORDER BY similarity(word, typed) DESC, abs(length(word) - length(typed)), word LIMIT 1;

-- known: Whether a word is on some page.
SELECT 1 FROM page_words WHERE branch = %(branch)s AND search @@ plainto_tsquery('prdgen', %(word)s)
LIMIT 1;
