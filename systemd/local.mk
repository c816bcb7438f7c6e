# Units and what goes with them. The unit's paths are those of this build.
systemdsystemunit_DATA = systemd/berthd.service systemd/berthd.socket systemd/berthd-token.socket systemd/berth-containers.service
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
EXTRA_DIST += systemd/berthd.service.in systemd/berthd.socket systemd/berthd-token.socket systemd/berth-containers.service.in systemd/sysusers.conf systemd/tmpfiles.conf
CLEANFILES += systemd/berthd.service systemd/berth-containers.service

systemd/berthd.service: systemd/berthd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && sed 's|@sbindir[@]|$(sbindir)|' $(srcdir)/systemd/berthd.service.in >$@

systemd/berth-containers.service: systemd/berth-containers.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && sed 's|@bindir[@]|$(bindir)|' $(srcdir)/systemd/berth-containers.service.in >$@

install-data-local:
	$(MKDIR_P) $(DESTDIR)$(sysusersdir) $(DESTDIR)$(tmpfilesdir)
	$(INSTALL_DATA) $(srcdir)/systemd/sysusers.conf $(DESTDIR)$(sysusersdir)/berth.conf
	$(INSTALL_DATA) $(srcdir)/systemd/tmpfiles.conf $(DESTDIR)$(tmpfilesdir)/berth.conf

uninstall-local:
	rm -f $(DESTDIR)$(sysusersdir)/berth.conf $(DESTDIR)$(tmpfilesdir)/berth.conf
