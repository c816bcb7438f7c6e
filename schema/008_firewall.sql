-- What a container's packets are judged by.

ALTER TABLE container ADD COLUMN firewall TEXT;
ALTER TABLE container ADD COLUMN firewall_operator TEXT;
ALTER TABLE container ADD COLUMN blocked_ports TEXT;
ALTER TABLE container ADD COLUMN connections INTEGER;

ALTER TABLE plan ADD COLUMN connections INTEGER;
ALTER TABLE plan ADD COLUMN blocked_ports TEXT;
