-- What is in no commit is told by where the text was the tip's, word for word: `tip_heads` has what somebody
-- typed as well, once a commit from elsewhere was merged with it.

ALTER TABLE documents ADD COLUMN committed_heads bytea[];
UPDATE documents SET committed_heads = tip_heads;
