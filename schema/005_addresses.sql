-- Pools of addresses, and who held which address when.

CREATE TABLE ip_pool (
	name TEXT PRIMARY KEY,
	description TEXT,
	prefix TEXT NOT NULL,
	tenants TEXT,
	automatic INTEGER,
	reserved TEXT,
	rest INTEGER,
	created_at INTEGER NOT NULL,
	revision INTEGER NOT NULL
) STRICT;

-- tenant and name are the container's at the end; while it holds the address they are the container's own.
CREATE TABLE holding (
	address BLOB NOT NULL,
	container TEXT NOT NULL,
	tenant TEXT,
	name TEXT,
	since INTEGER NOT NULL,
	until INTEGER
) STRICT;

CREATE INDEX holding_address ON holding (address, since);
CREATE INDEX holding_until ON holding (until);
CREATE UNIQUE INDEX holding_open ON holding (address) WHERE until IS NULL;

INSERT INTO holding (address, container, since)
	SELECT address, container, created_at FROM address JOIN container ON container.id = container;

-- Whatever gives or takes an address, in whatever transaction: nothing can be forgotten.
CREATE TRIGGER address_given AFTER INSERT ON address
BEGIN
	INSERT INTO holding (address, container, since) VALUES (NEW.address, NEW.container, unixepoch());
END;

CREATE TRIGGER address_released AFTER DELETE ON address
BEGIN
	UPDATE holding SET until = unixepoch(), (tenant, name) = (SELECT tenant, name FROM container WHERE id = OLD.container)
		WHERE address = OLD.address AND until IS NULL;
END;

CREATE TRIGGER container_gone BEFORE DELETE ON container
BEGIN
	UPDATE holding SET until = unixepoch(), tenant = OLD.tenant, name = OLD.name
		WHERE until IS NULL AND address IN (SELECT address FROM address WHERE container = OLD.id);
END;
