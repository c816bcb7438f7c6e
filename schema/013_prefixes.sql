-- A pool that gives whole prefixes. What is held of it is written down by its first address.

ALTER TABLE ip_pool ADD COLUMN length INTEGER;
