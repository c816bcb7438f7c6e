-- How fast a container's interfaces are: kilobits a second, and the bytes of a burst.

ALTER TABLE container ADD COLUMN rate_in INTEGER;
ALTER TABLE container ADD COLUMN rate_out INTEGER;
ALTER TABLE container ADD COLUMN rate_burst INTEGER;
ALTER TABLE container ADD COLUMN throttled INTEGER;

ALTER TABLE plan ADD COLUMN rate_in INTEGER;
ALTER TABLE plan ADD COLUMN rate_out INTEGER;
ALTER TABLE plan ADD COLUMN rate_burst INTEGER;
