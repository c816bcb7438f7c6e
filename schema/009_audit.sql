-- Who changed what, or would have. A tenant's entries bear numbers of its own, as its events do; owner is the tenant's number, for
-- its name may be another's one day.

CREATE TABLE audit (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	owner INTEGER,
	number INTEGER,
	time INTEGER NOT NULL,
	actor TEXT NOT NULL,
	role TEXT,
	uid INTEGER,
	pid INTEGER,
	cgroup TEXT,
	kind TEXT NOT NULL,
	tenant TEXT,
	object TEXT,
	container TEXT,
	operation TEXT,
	status INTEGER NOT NULL,
	code TEXT,
	count INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX audit_owner ON audit (owner, number) WHERE owner IS NOT NULL;
CREATE INDEX audit_time ON audit (time);
CREATE INDEX audit_operation ON audit (operation) WHERE operation IS NOT NULL;

ALTER TABLE tenant ADD COLUMN audits INTEGER NOT NULL DEFAULT 0;

-- For how long entries are kept, and how many of a tenant's at most: the daemon's options.
CREATE TABLE audit_keep (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	days INTEGER NOT NULL CHECK (days BETWEEN 30 AND 3660),
	rows INTEGER NOT NULL CHECK (rows BETWEEN 1000 AND 10000000)
) STRICT;
INSERT INTO audit_keep (one, days, rows) VALUES (1, 400, 100000);

-- Nobody changes what is written, and nobody removes what is to be kept.
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN
	SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER audit_kept BEFORE DELETE ON audit
WHEN OLD.time >= unixepoch() - coalesce((SELECT days FROM audit_keep), 3660) * 86400
	AND coalesce(OLD.number > (SELECT audits FROM tenant WHERE tenant.number = OLD.owner) - (SELECT rows FROM audit_keep), 1)
BEGIN
	SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER audit_keep_kept BEFORE DELETE ON audit_keep
BEGIN
	SELECT RAISE(ABORT, 'how long the audit is kept is always known');
END;
