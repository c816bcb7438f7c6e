# Volumes, templates, provisioning and the host's set-up.
storage_shared = daemon/engine/provision.c daemon/engine/provision.h daemon/engine/provision_file.c daemon/engine/provision_file.h \
	daemon/engine/project.c daemon/engine/project.h daemon/engine/provision_shadow.c daemon/engine/registry_file.c \
	daemon/engine/registry_file.h daemon/engine/volume.c daemon/engine/volume.h daemon/engine/volume_backend.h \
	daemon/engine/volume_btrfs.c daemon/engine/volume_dir.c daemon/engine/volume_prjquota.c
berth_job_SOURCES += $(storage_shared) daemon/engine/copy.c daemon/engine/copy.h daemon/engine/delete.c daemon/engine/recover.c daemon/engine/root_lock.c daemon/engine/root_lock.h daemon/engine/host.c daemon/engine/idrange.c \
	daemon/engine/idrange.h daemon/engine/loop.c daemon/engine/loop.h daemon/engine/pool.c daemon/engine/spawn.c \
	daemon/engine/spawn.h daemon/engine/template.c daemon/engine/template.h daemon/engine/template_recipe.c \
	daemon/engine/template_sandbox.c
berth_job_LDADD += $(INIH_LIBS)
berth_job_CFLAGS += $(INIH_CFLAGS)

# Loading the libraries of everything else would take a fifth of a create's time.
pkglibexec_PROGRAMS += berth-create
berth_create_SOURCES = $(storage_shared) daemon/engine/create.c daemon/engine/create_main.c daemon/engine/inside.c daemon/engine/listener.c daemon/engine/listener.h daemon/engine/net_look_up.c \
	daemon/engine/job.h daemon/engine/job_frame.c daemon/engine/session.c daemon/engine/session.h daemon/engine/kernel.h daemon/engine/rootfs.c daemon/engine/rootfs.h
berth_create_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
berth_create_LDADD = libberth.a $(JSON_LIBS) $(CRYPT_LIBS) $(BTRFSUTIL_LIBS)
