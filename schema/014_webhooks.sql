-- Whom to tell of events. What signs requests has to be at hand, in its text: it lies in a table of its own, which nothing shows.

CREATE TABLE webhook (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	url TEXT NOT NULL,
	tenant TEXT REFERENCES tenant (name),
	types TEXT,
	enabled INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	created_by TEXT NOT NULL,
	position INTEGER NOT NULL,
	last_success_at INTEGER,
	last_error_at INTEGER,
	last_error TEXT,
	failures INTEGER,
	failing_since INTEGER,
	next_try_at INTEGER,
	revision INTEGER NOT NULL
) STRICT;

CREATE INDEX webhook_tenant ON webhook (tenant);

CREATE TABLE webhook_secret (
	webhook TEXT PRIMARY KEY REFERENCES webhook (id) ON DELETE CASCADE,
	secret TEXT NOT NULL
) STRICT, WITHOUT ROWID;
