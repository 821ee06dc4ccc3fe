-- The page index: made from commits, thrown away and made again at will.

CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- English stems without stop words, accents ignored. A stem is the same function of a word in the
-- page and in the query, so words of any language still find themselves; English ones also find
-- their other forms; and "IT", "who", "not" can be searched for.
CREATE TEXT SEARCH DICTIONARY prdgen_stem (TEMPLATE = snowball, Language = english);
CREATE TEXT SEARCH CONFIGURATION prdgen (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION prdgen
    ALTER MAPPING FOR asciiword, word, hword, hword_part, asciihword, hword_asciipart
    WITH unaccent, prdgen_stem;

CREATE TABLE branches (
    branch text PRIMARY KEY,
    tip text NOT NULL,
    indexed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE pages (
    branch text NOT NULL REFERENCES branches ON DELETE CASCADE,
    page_path text NOT NULL,
    blob text NOT NULL,
    commit text NOT NULL,
    title text NOT NULL,
    description text,
    status text,
    owner text,
    tags text[] NOT NULL,
    front_matter jsonb NOT NULL,
    problems jsonb NOT NULL,
    outline jsonb NOT NULL,
    word_count integer NOT NULL,
    text text NOT NULL,
    draft boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text,
    -- Title, headings, path, tags, owner: what a mistyped query is compared with.
    names text NOT NULL,
    search tsvector NOT NULL,
    PRIMARY KEY (branch, page_path)
);
CREATE INDEX pages_search ON pages USING gin (search);
CREATE INDEX pages_names ON pages USING gin (names gin_trgm_ops);
CREATE INDEX pages_recent ON pages (branch, updated_at DESC, page_path);
CREATE INDEX pages_tags ON pages USING gin (tags);

CREATE TABLE requirements (
    branch text NOT NULL,
    page_path text NOT NULL,
    position integer NOT NULL,
    req_id text NOT NULL,
    text text NOT NULL,
    line integer NOT NULL,
    end_line integer NOT NULL,
    notation text NOT NULL,
    status text,
    PRIMARY KEY (branch, page_path, position),
    FOREIGN KEY (branch, page_path) REFERENCES pages ON DELETE CASCADE
);
CREATE INDEX requirements_id ON requirements (branch, req_id);

CREATE TABLE links (
    branch text NOT NULL,
    page_path text NOT NULL,
    position integer NOT NULL,
    kind text NOT NULL,
    target text NOT NULL,
    fragment text,
    line integer NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (branch, page_path, position),
    FOREIGN KEY (branch, page_path) REFERENCES pages ON DELETE CASCADE
);
CREATE INDEX links_target ON links (branch, kind, target);

-- Every word (as its stem) any page had: where a mistyped word's likeliest meaning is looked up.
CREATE TABLE words (word text PRIMARY KEY);
CREATE INDEX words_alike ON words USING gin (word gin_trgm_ops);
