-- Networks beside the routed one, and who holds which address of them.

CREATE TABLE network (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	tenant TEXT REFERENCES tenant (name),
	kind TEXT NOT NULL,
	description TEXT,
	prefix TEXT,
	gateway TEXT,
	bridge TEXT,
	vlan INTEGER,
	tenants TEXT,
	number INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	revision INTEGER NOT NULL
) STRICT;

-- The host's have no tenant.
CREATE UNIQUE INDEX network_name ON network (coalesce(tenant, ''), name);
CREATE UNIQUE INDEX network_number ON network (coalesce(tenant, ''), number);

-- 4 or 16 bytes; of an interface without an address its container's UUID. While a change is under way both the old and the new.
CREATE TABLE network_address (
	network TEXT NOT NULL REFERENCES network (id),
	address BLOB NOT NULL,
	container TEXT NOT NULL REFERENCES container (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
	PRIMARY KEY (network, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX network_address_container ON network_address (container);

ALTER TABLE container ADD COLUMN net TEXT;
ALTER TABLE container ADD COLUMN nics TEXT;
