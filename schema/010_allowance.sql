-- A month's traffic, and what has happened for it: the month (its beginning) and the share in percent that was reached.

ALTER TABLE container ADD COLUMN traffic INTEGER;
ALTER TABLE container ADD COLUMN traffic_80 TEXT;
ALTER TABLE container ADD COLUMN traffic_100 TEXT;

ALTER TABLE plan ADD COLUMN traffic INTEGER;
ALTER TABLE plan ADD COLUMN traffic_80 TEXT;
ALTER TABLE plan ADD COLUMN traffic_100 TEXT;

CREATE TABLE allowance (
	container TEXT PRIMARY KEY REFERENCES container (id) ON DELETE CASCADE,
	month INTEGER NOT NULL,
	share INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
