# Volumes, templates, provisioning and the host's set-up.
berth_job_SOURCES += daemon/engine/volume.c daemon/engine/volume.h daemon/engine/volume_backend.h daemon/engine/volume_btrfs.c daemon/engine/volume_dir.c daemon/engine/template.c daemon/engine/provision.c \
	daemon/engine/provision.h daemon/engine/create.c daemon/engine/delete.c daemon/engine/host.c daemon/engine/registry_file.c daemon/engine/registry_file.h
