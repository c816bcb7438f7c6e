-- Whether a bridge keeps tenants apart. Those that are there stay as they were.

ALTER TABLE network ADD COLUMN isolation TEXT;
UPDATE network SET isolation = 'none' WHERE kind = 'bridge';
