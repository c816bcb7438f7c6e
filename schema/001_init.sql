-- The first schema. Columns of container, template and operation bear the names of the fields in the tables beside this
-- file; lists are JSON arrays, times are seconds since the epoch.

CREATE TABLE tenant (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	created_at INTEGER NOT NULL
) STRICT;

INSERT INTO tenant (number, name, created_at) VALUES (1, 'default', CAST(strftime('%s', 'now') AS INTEGER));

-- ref is NAME@VERSION, by which containers refer to it. One that the engine no longer has but a container uses is kept
-- with present = 0.
CREATE TABLE template (
	ref TEXT PRIMARY KEY,
	present INTEGER NOT NULL DEFAULT 1,
	deleting INTEGER NOT NULL DEFAULT 0,
	name TEXT NOT NULL,
	version TEXT NOT NULL,
	description TEXT,
	init TEXT,
	stop_signal TEXT,
	reboot_signal TEXT,
	os TEXT,
	size INTEGER,
	built_at INTEGER,
	UNIQUE (name, version)
) STRICT;

CREATE TABLE container (
	-- chosen
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	tenant TEXT NOT NULL REFERENCES tenant (name),
	template TEXT NOT NULL REFERENCES template (ref),
	hostname TEXT,
	memory INTEGER,
	swap INTEGER,
	cpus INTEGER,
	cpu_weight INTEGER,
	pids INTEGER,
	disk INTEGER,
	io_weight INTEGER,
	io_read INTEGER,
	io_write INTEGER,
	ip TEXT,
	dns TEXT,
	ssh_keys TEXT,
	onboot INTEGER,
	-- wanted
	desired TEXT NOT NULL,
	revision INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	-- observed
	ctid INTEGER UNIQUE,
	state TEXT NOT NULL,
	exit TEXT,
	exit_status INTEGER,
	exit_signal INTEGER,
	exited_at INTEGER,
	started_at INTEGER,
	restarts INTEGER,
	id_base INTEGER,
	pid INTEGER,
	storage TEXT,
	rescue TEXT,
	UNIQUE (tenant, name)
) STRICT;

CREATE INDEX container_template ON container (template);

-- The address in network byte order: 4 or 16 bytes. While a change is under way a container holds its old and its new ones.
CREATE TABLE address (
	address BLOB PRIMARY KEY,
	container TEXT NOT NULL REFERENCES container (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE INDEX address_container ON address (container);

CREATE TABLE operation (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE,
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	container TEXT,
	tenant TEXT,
	name TEXT,
	template TEXT,
	step TEXT,
	percent INTEGER,
	text TEXT,
	actor INTEGER,
	created_at INTEGER NOT NULL,
	started_at INTEGER,
	ended_at INTEGER,
	error_kind TEXT,
	error_code TEXT,
	error_message TEXT,
	error_params TEXT,
	result TEXT,
	undo TEXT,
	secret INTEGER
) STRICT;

CREATE INDEX operation_container ON operation (container, seq);

-- One job a container at a time.
CREATE UNIQUE INDEX operation_lock ON operation (container) WHERE state IN ('queued', 'running');

CREATE TABLE event (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	time INTEGER NOT NULL,
	type TEXT NOT NULL,
	container TEXT,
	tenant TEXT,
	name TEXT,
	operation TEXT,
	data TEXT
) STRICT;

CREATE INDEX event_container ON event (container, seq);
