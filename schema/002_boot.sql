-- The order in which containers start when the host boots, and which boot of the host was the last to bring them up.

ALTER TABLE container ADD COLUMN boot_priority INTEGER;
ALTER TABLE container ADD COLUMN boot_delay INTEGER;

-- One row at most. None: the containers of that boot are up.
CREATE TABLE host (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	boot_id TEXT NOT NULL
) STRICT;
