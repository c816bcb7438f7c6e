-- A container's share of the uplink.

ALTER TABLE container ADD COLUMN net_weight INTEGER;
ALTER TABLE plan ADD COLUMN net_weight INTEGER;
