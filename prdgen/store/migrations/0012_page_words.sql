-- A page's words follow its facts: after a push of many pages the site is there before their words are
-- looked through.

CREATE TABLE page_words (
    branch text NOT NULL REFERENCES branches ON DELETE CASCADE,
    page_path text NOT NULL,
    blob text NOT NULL,
    search tsvector NOT NULL,
    PRIMARY KEY (branch, page_path)
);
CREATE INDEX page_words_search ON page_words USING gin (search);
INSERT INTO page_words SELECT branch, page_path, blob, search FROM pages;

ALTER TABLE pages DROP COLUMN search;
ALTER TABLE pages ADD COLUMN headings text NOT NULL DEFAULT '';
ALTER TABLE pages ADD COLUMN about text NOT NULL DEFAULT '';
ALTER TABLE pages ALTER COLUMN headings DROP DEFAULT, ALTER COLUMN about DROP DEFAULT;
