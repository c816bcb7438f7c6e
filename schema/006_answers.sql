-- The first answer to a request that bore an Idempotency-Key, for a day. digest is a keyed hash of the request, which may hold secrets.
-- An operation's answer is the operation; else body is NULL where the answer isn't kept.

CREATE TABLE answer (
	actor TEXT NOT NULL,
	key TEXT NOT NULL,
	digest BLOB NOT NULL,
	created_at INTEGER NOT NULL,
	operation TEXT,
	status INTEGER,
	headers TEXT,
	body TEXT,
	PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX answer_created ON answer (created_at);
