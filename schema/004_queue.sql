-- Operations that wait for their turn survive a restart: what to ask of the engine, and whether a tenant's caller did.

ALTER TABLE operation ADD COLUMN by_tenant INTEGER;
ALTER TABLE operation ADD COLUMN request TEXT;
ALTER TABLE tenant ADD COLUMN jobs INTEGER;
