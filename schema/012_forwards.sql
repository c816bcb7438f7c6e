-- Ports of the host that are a container's, and which its tenant may take.

ALTER TABLE container ADD COLUMN forwards TEXT;
ALTER TABLE tenant ADD COLUMN forward_ports TEXT;
