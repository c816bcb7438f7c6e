/* A container's registry entry, volume and first files. */
#include "daemon/engine/job.h"
#include "daemon/engine/listener.h"
#include "daemon/engine/provision.h"
#include "daemon/engine/registry_file.h"
#include "daemon/engine/volume.h"
#include "daemon/util/log.h"

static int
create_up_registry(struct job *job, struct err *e)
{
	return registry_file_write(&job->spec.settings, &job->spec.place, e);
}

static void
create_down_registry(struct job *job)
{
	struct err e = { 0 };

	if (registry_file_remove(&job->spec.settings, job->spec.place.id, &e) < 0)
		log_err(&e, "undo");
}

static int
create_up_forwards(struct job *job, struct err *e)
{
	return listener_check_forwards(NULL, &job->spec.place, e);
}

static int
create_up_volume(struct job *job, struct err *e)
{
	return volume_create(&job->spec, e);
}

static void
create_down_volume(struct job *job)
{
	struct err e = { 0 };

	if (volume_delete(&job->spec, &e) < 0)
		log_err(&e, "undo");
}

static int
create_up_manifest(struct job *job, struct err *e)
{
	return volume_write_manifest(&job->spec, false, e);
}

static int
create_up_files(struct job *job, struct err *e)
{
	unsigned int parts = PROVISION_HOSTNAME | PROVISION_DNS | PROVISION_MACHINE_ID;

	if (job->request.config.password)
		parts |= PROVISION_PASSWORD;
	if (job->spec.config.ssh_keys.n > 0)
		parts |= PROVISION_SSH_KEYS;
	return provision_run(&job->spec, parts, job->request.config.password, 0, e);
}

/* Once for everything: the kernel has synced the pool just now, when the tree was unmounted. */
static int
create_up_sync(struct job *job, struct err *e)
{
	return volume_sync(&job->spec, e);
}

int
create_run(struct job *job, struct err *e)
{
	/* The entry first: whatever is cut short later, the engine knows what to take away. What has a manifest is whole. */
	static const struct step steps[] = {
		{ "registry", create_up_registry, create_down_registry },
		{ "forwards", create_up_forwards, NULL },
		{ "volume", create_up_volume, create_down_volume },
		{ "first files", create_up_files, NULL },
		{ "manifest", create_up_manifest, NULL },
		{ "sync", create_up_sync, NULL },
	};

	return job_run_steps(job, steps, sizeof steps / sizeof *steps, e);
}
