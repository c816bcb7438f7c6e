-- A tenant's events push out its own alone, so that to the host the journal has gaps: up to which number it may have missed some.
CREATE TABLE event_dropped (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	seq INTEGER NOT NULL
) STRICT;
INSERT INTO event_dropped (one, seq) SELECT 1, coalesce(min(seq) - 1, 0) FROM event;

CREATE TRIGGER event_drop AFTER DELETE ON event
BEGIN
	UPDATE event_dropped SET seq = OLD.seq WHERE seq < OLD.seq;
END;
