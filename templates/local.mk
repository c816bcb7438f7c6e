# Recipes, installed where the daemon looks for them.
busybox_recipedir = $(pkgdatadir)/templates/busybox
dist_busybox_recipe_SCRIPTS = templates/busybox/build
dist_busybox_recipe_DATA = templates/busybox/inittab templates/busybox/profile templates/busybox/rc templates/busybox/rc.stop \
	templates/busybox/recipe
debian_12_recipedir = $(pkgdatadir)/templates/debian-12
dist_debian_12_recipe_SCRIPTS = templates/debian-12/build templates/debian-12/customize
dist_debian_12_recipe_DATA = templates/debian-12/debian.sources templates/debian-12/packages templates/debian-12/recipe \
	templates/debian-12/ssh-host-keys.service
