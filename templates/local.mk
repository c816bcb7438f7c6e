# Recipes, installed where the daemon looks for them.
busybox_recipedir = $(pkgdatadir)/templates/busybox
dist_busybox_recipe_SCRIPTS = templates/busybox/build
dist_busybox_recipe_DATA = templates/busybox/inittab templates/busybox/profile templates/busybox/rc templates/busybox/rc.stop \
	templates/busybox/recipe
