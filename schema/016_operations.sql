-- How many operations of each kind are in which state is asked for again and again.

CREATE INDEX operation_state ON operation (tenant, kind, state);
