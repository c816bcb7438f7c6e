# AppArmor's profiles, with the paths of this build.
apparmordir = $(sysconfdir)/apparmor.d
apparmor_DATA = apparmor/berth-api apparmor/berth-container apparmor/berth-hook apparmor/berth-sampler
EXTRA_DIST += apparmor/berth-api.in apparmor/berth-container.in apparmor/berth-hook.in apparmor/berth-sampler.in
CLEANFILES += $(apparmor_DATA)

$(apparmor_DATA): %: %.in Makefile
	$(AM_V_GEN)$(MKDIR_P) apparmor && sed -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g' $(srcdir)/$@.in >$@
