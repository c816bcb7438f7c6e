-- What containers use. A meter stays when its container goes; a change of its plan begins another one.

CREATE TABLE meter (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	ctid INTEGER NOT NULL,
	container TEXT NOT NULL,
	tenant TEXT NOT NULL,
	name TEXT NOT NULL,
	plan TEXT,
	since INTEGER NOT NULL,
	until INTEGER
) STRICT;

CREATE INDEX meter_ctid ON meter (ctid, id);
CREATE INDEX meter_container ON meter (container);
CREATE INDEX meter_tenant ON meter (tenant);
CREATE INDEX meter_until ON meter (until);

INSERT INTO meter (ctid, container, tenant, name, plan, since)
	SELECT ctid, id, tenant, name, plan, created_at FROM container WHERE ctid IS NOT NULL;

-- Whatever gives a container its number, in whatever transaction: nothing that it uses can be nobody's.
CREATE TRIGGER meter_begun AFTER UPDATE OF ctid ON container WHEN NEW.ctid IS NOT NULL
	AND NOT EXISTS (SELECT 1 FROM meter WHERE ctid = NEW.ctid AND until IS NULL)
BEGIN
	INSERT INTO meter (ctid, container, tenant, name, plan, since)
		VALUES (NEW.ctid, NEW.id, NEW.tenant, NEW.name, NEW.plan, unixepoch());
END;

-- A database that is rebuilt has the numbers at once; one that knew the container goes on with its meter.
CREATE TRIGGER meter_begun_with AFTER INSERT ON container WHEN NEW.ctid IS NOT NULL
	AND NOT EXISTS (SELECT 1 FROM meter WHERE ctid = NEW.ctid AND until IS NULL)
BEGIN
	INSERT INTO meter (ctid, container, tenant, name, plan, since)
		VALUES (NEW.ctid, NEW.id, NEW.tenant, NEW.name, NEW.plan, unixepoch());
END;

CREATE TRIGGER meter_planned AFTER UPDATE OF plan ON container WHEN NEW.ctid IS NOT NULL AND NEW.plan IS NOT OLD.plan
BEGIN
	UPDATE meter SET until = unixepoch() WHERE ctid = NEW.ctid AND until IS NULL;
	INSERT INTO meter (ctid, container, tenant, name, plan, since)
		VALUES (NEW.ctid, NEW.id, NEW.tenant, NEW.name, NEW.plan, unixepoch());
END;

CREATE TRIGGER meter_ended BEFORE DELETE ON container
BEGIN
	UPDATE meter SET until = unixepoch() WHERE ctid = OLD.ctid AND until IS NULL;
END;

-- The last reading of each container's counters that is in the sums below, as the sampler gave it. It is written with them: what
-- is counted is counted once. What the traffic counters began anew with is another generation.
CREATE TABLE reading (
	ctid INTEGER PRIMARY KEY,
	generation TEXT NOT NULL,
	time INTEGER NOT NULL,
	sample TEXT NOT NULL
) STRICT;

-- Sums by period; start is its beginning. By time first: what is new comes at the end, what is old goes from the beginning.

CREATE TABLE usage_minute (
	start INTEGER NOT NULL,
	meter INTEGER NOT NULL,
	seconds INTEGER NOT NULL,
	running INTEGER NOT NULL,
	cpu_us INTEGER NOT NULL,
	memory_kib_s INTEGER NOT NULL,
	memory_peak INTEGER NOT NULL,
	disk_kib_s INTEGER NOT NULL,
	disk_peak INTEGER NOT NULL,
	pids_s INTEGER NOT NULL,
	pids_peak INTEGER NOT NULL,
	io_read INTEGER NOT NULL,
	io_write INTEGER NOT NULL,
	io_reads INTEGER NOT NULL,
	io_writes INTEGER NOT NULL,
	stall_cpu_us INTEGER NOT NULL,
	stall_memory_us INTEGER NOT NULL,
	stall_io_us INTEGER NOT NULL,
	out4_paid INTEGER NOT NULL,
	out4_paid_packets INTEGER NOT NULL,
	out4_free INTEGER NOT NULL,
	out4_free_packets INTEGER NOT NULL,
	out6_paid INTEGER NOT NULL,
	out6_paid_packets INTEGER NOT NULL,
	out6_free INTEGER NOT NULL,
	out6_free_packets INTEGER NOT NULL,
	in4_paid INTEGER NOT NULL,
	in4_paid_packets INTEGER NOT NULL,
	in4_free INTEGER NOT NULL,
	in4_free_packets INTEGER NOT NULL,
	in6_paid INTEGER NOT NULL,
	in6_paid_packets INTEGER NOT NULL,
	in6_free INTEGER NOT NULL,
	in6_free_packets INTEGER NOT NULL,
	PRIMARY KEY (start, meter)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_hour (
	start INTEGER NOT NULL,
	meter INTEGER NOT NULL,
	seconds INTEGER NOT NULL,
	running INTEGER NOT NULL,
	cpu_us INTEGER NOT NULL,
	memory_kib_s INTEGER NOT NULL,
	memory_peak INTEGER NOT NULL,
	disk_kib_s INTEGER NOT NULL,
	disk_peak INTEGER NOT NULL,
	pids_s INTEGER NOT NULL,
	pids_peak INTEGER NOT NULL,
	io_read INTEGER NOT NULL,
	io_write INTEGER NOT NULL,
	io_reads INTEGER NOT NULL,
	io_writes INTEGER NOT NULL,
	stall_cpu_us INTEGER NOT NULL,
	stall_memory_us INTEGER NOT NULL,
	stall_io_us INTEGER NOT NULL,
	out4_paid INTEGER NOT NULL,
	out4_paid_packets INTEGER NOT NULL,
	out4_free INTEGER NOT NULL,
	out4_free_packets INTEGER NOT NULL,
	out6_paid INTEGER NOT NULL,
	out6_paid_packets INTEGER NOT NULL,
	out6_free INTEGER NOT NULL,
	out6_free_packets INTEGER NOT NULL,
	in4_paid INTEGER NOT NULL,
	in4_paid_packets INTEGER NOT NULL,
	in4_free INTEGER NOT NULL,
	in4_free_packets INTEGER NOT NULL,
	in6_paid INTEGER NOT NULL,
	in6_paid_packets INTEGER NOT NULL,
	in6_free INTEGER NOT NULL,
	in6_free_packets INTEGER NOT NULL,
	PRIMARY KEY (start, meter)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_day (
	start INTEGER NOT NULL,
	meter INTEGER NOT NULL,
	seconds INTEGER NOT NULL,
	running INTEGER NOT NULL,
	cpu_us INTEGER NOT NULL,
	memory_kib_s INTEGER NOT NULL,
	memory_peak INTEGER NOT NULL,
	disk_kib_s INTEGER NOT NULL,
	disk_peak INTEGER NOT NULL,
	pids_s INTEGER NOT NULL,
	pids_peak INTEGER NOT NULL,
	io_read INTEGER NOT NULL,
	io_write INTEGER NOT NULL,
	io_reads INTEGER NOT NULL,
	io_writes INTEGER NOT NULL,
	stall_cpu_us INTEGER NOT NULL,
	stall_memory_us INTEGER NOT NULL,
	stall_io_us INTEGER NOT NULL,
	out4_paid INTEGER NOT NULL,
	out4_paid_packets INTEGER NOT NULL,
	out4_free INTEGER NOT NULL,
	out4_free_packets INTEGER NOT NULL,
	out6_paid INTEGER NOT NULL,
	out6_paid_packets INTEGER NOT NULL,
	out6_free INTEGER NOT NULL,
	out6_free_packets INTEGER NOT NULL,
	in4_paid INTEGER NOT NULL,
	in4_paid_packets INTEGER NOT NULL,
	in4_free INTEGER NOT NULL,
	in4_free_packets INTEGER NOT NULL,
	in6_paid INTEGER NOT NULL,
	in6_paid_packets INTEGER NOT NULL,
	in6_free INTEGER NOT NULL,
	in6_free_packets INTEGER NOT NULL,
	PRIMARY KEY (start, meter)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_month (
	start INTEGER NOT NULL,
	meter INTEGER NOT NULL,
	seconds INTEGER NOT NULL,
	running INTEGER NOT NULL,
	cpu_us INTEGER NOT NULL,
	memory_kib_s INTEGER NOT NULL,
	memory_peak INTEGER NOT NULL,
	disk_kib_s INTEGER NOT NULL,
	disk_peak INTEGER NOT NULL,
	pids_s INTEGER NOT NULL,
	pids_peak INTEGER NOT NULL,
	io_read INTEGER NOT NULL,
	io_write INTEGER NOT NULL,
	io_reads INTEGER NOT NULL,
	io_writes INTEGER NOT NULL,
	stall_cpu_us INTEGER NOT NULL,
	stall_memory_us INTEGER NOT NULL,
	stall_io_us INTEGER NOT NULL,
	out4_paid INTEGER NOT NULL,
	out4_paid_packets INTEGER NOT NULL,
	out4_free INTEGER NOT NULL,
	out4_free_packets INTEGER NOT NULL,
	out6_paid INTEGER NOT NULL,
	out6_paid_packets INTEGER NOT NULL,
	out6_free INTEGER NOT NULL,
	out6_free_packets INTEGER NOT NULL,
	in4_paid INTEGER NOT NULL,
	in4_paid_packets INTEGER NOT NULL,
	in4_free INTEGER NOT NULL,
	in4_free_packets INTEGER NOT NULL,
	in6_paid INTEGER NOT NULL,
	in6_paid_packets INTEGER NOT NULL,
	in6_free INTEGER NOT NULL,
	in6_free_packets INTEGER NOT NULL,
	PRIMARY KEY (start, meter)
) STRICT, WITHOUT ROWID;
