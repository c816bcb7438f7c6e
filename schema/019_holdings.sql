-- A whole prefix is held, not its first address alone; and addresses on the host's networks are held like routed ones.

-- Of an address itself it isn't there.
ALTER TABLE address ADD COLUMN length INTEGER;
ALTER TABLE holding ADD COLUMN length INTEGER;
-- The name that the network had; routed ones have none.
ALTER TABLE holding ADD COLUMN network TEXT;

DROP INDEX holding_open;
CREATE UNIQUE INDEX holding_open ON holding (address, coalesce(network, '')) WHERE until IS NULL;
CREATE INDEX holding_prefix ON holding (address) WHERE length IS NOT NULL;

-- Since when they have been held nobody has noted.
INSERT INTO holding (address, container, network, since)
	SELECT x.address, x.container, n.name, unixepoch() FROM network_address x JOIN network n ON n.id = x.network
		WHERE n.tenant IS NULL AND length(x.address) IN (4, 16);

DROP TRIGGER address_given;
CREATE TRIGGER address_given AFTER INSERT ON address
BEGIN
	INSERT INTO holding (address, length, container, since) VALUES (NEW.address, NEW.length, NEW.container, unixepoch());
END;

DROP TRIGGER address_released;
CREATE TRIGGER address_released AFTER DELETE ON address
BEGIN
	UPDATE holding SET until = unixepoch(), (tenant, name) = (SELECT tenant, name FROM container WHERE id = OLD.container)
		WHERE address = OLD.address AND network IS NULL AND until IS NULL;
END;

CREATE TRIGGER network_address_given AFTER INSERT ON network_address
	WHEN length(NEW.address) IN (4, 16) AND (SELECT tenant IS NULL FROM network WHERE id = NEW.network)
BEGIN
	INSERT INTO holding (address, container, network, since)
		SELECT NEW.address, NEW.container, name, unixepoch() FROM network WHERE id = NEW.network;
END;

CREATE TRIGGER network_address_released AFTER DELETE ON network_address
BEGIN
	UPDATE holding SET until = unixepoch(), (tenant, name) = (SELECT tenant, name FROM container WHERE id = OLD.container)
		WHERE address = OLD.address AND until IS NULL
			AND network = (SELECT name FROM network WHERE id = OLD.network AND tenant IS NULL);
END;

DROP TRIGGER container_gone;
CREATE TRIGGER container_gone BEFORE DELETE ON container
BEGIN
	UPDATE holding SET until = unixepoch(), tenant = OLD.tenant, name = OLD.name
		WHERE until IS NULL AND container = OLD.id
			AND address IN (SELECT address FROM address WHERE container = OLD.id
				UNION SELECT address FROM network_address WHERE container = OLD.id);
END;
