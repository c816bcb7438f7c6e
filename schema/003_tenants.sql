-- Tenants with totals, plans, credentials; who asked for an operation, by a name that a token has too.

ALTER TABLE tenant ADD COLUMN billing TEXT;
ALTER TABLE tenant ADD COLUMN description TEXT;
ALTER TABLE tenant ADD COLUMN containers INTEGER;
ALTER TABLE tenant ADD COLUMN cpus INTEGER;
ALTER TABLE tenant ADD COLUMN memory INTEGER;
ALTER TABLE tenant ADD COLUMN disk INTEGER;
ALTER TABLE tenant ADD COLUMN pids INTEGER;
ALTER TABLE tenant ADD COLUMN addresses INTEGER;
ALTER TABLE tenant ADD COLUMN snapshots INTEGER;
ALTER TABLE tenant ADD COLUMN backups INTEGER;
ALTER TABLE tenant ADD COLUMN forbid TEXT;
ALTER TABLE tenant ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

CREATE TABLE plan (
	name TEXT PRIMARY KEY,
	description TEXT,
	cpus INTEGER,
	memory INTEGER,
	swap INTEGER,
	disk INTEGER,
	pids INTEGER,
	cpu_weight INTEGER,
	io_weight INTEGER,
	io_read INTEGER,
	io_write INTEGER,
	created_at INTEGER NOT NULL,
	revision INTEGER NOT NULL
) STRICT;

-- hash is of the secret half, which is nowhere. One without it is a user or a group of the host.
CREATE TABLE token (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	role TEXT NOT NULL,
	tenant TEXT REFERENCES tenant (name),
	uid INTEGER UNIQUE,
	gid INTEGER UNIQUE,
	hash TEXT,
	created_at INTEGER NOT NULL,
	created_by TEXT NOT NULL,
	expires_at INTEGER,
	used_at INTEGER,
	revision INTEGER NOT NULL
) STRICT;

CREATE INDEX token_tenant ON token (tenant);

ALTER TABLE container ADD COLUMN plan TEXT;
ALTER TABLE container ADD COLUMN owner TEXT;
ALTER TABLE container ADD COLUMN billing TEXT;
ALTER TABLE container ADD COLUMN labels TEXT;
ALTER TABLE container ADD COLUMN suspended TEXT;
ALTER TABLE container ADD COLUMN suspended_by TEXT;
ALTER TABLE container ADD COLUMN suspended_at INTEGER;

ALTER TABLE operation RENAME COLUMN actor TO uid;
ALTER TABLE operation ADD COLUMN actor TEXT;
UPDATE operation SET actor = 'uid:' || uid WHERE uid IS NOT NULL;
ALTER TABLE operation DROP COLUMN uid;
CREATE INDEX operation_tenant ON operation (tenant, seq);

-- A tenant's events bear numbers of its own, without gaps: the host's would tell it of others. next is the last one given.
ALTER TABLE tenant ADD COLUMN events INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN number INTEGER;
UPDATE event SET number = (SELECT count(*) FROM event AS e WHERE e.tenant = event.tenant AND e.seq <= event.seq)
	WHERE tenant IS NOT NULL;
UPDATE tenant SET events = (SELECT count(*) FROM event WHERE event.tenant = tenant.name);
CREATE UNIQUE INDEX event_tenant ON event (tenant, number);
