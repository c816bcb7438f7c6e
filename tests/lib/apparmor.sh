# Sourced, after lib.sh, by tests of the AppArmor profiles of the daemon's helpers.
# shellcheck shell=bash

# under PROFILE STATEMENT…: a program that has entered it, as root and without the helper's own filter; how each statement ends.
under() {
	python3 - "$@" <<-'END'
		import os, socket, sys
		with open("/proc/self/attr/current", "w") as f: f.write("changeprofile " + sys.argv[1])
		for statement in sys.argv[2:]:
		    try: eval(statement)
		    except OSError as e: print(e.errno, end=" ")
		    else: print("works", end=" ")
	END
}
# denials PROFILE: what the kernel has refused to it since the boot.
denials() { journalctl -k --no-pager | grep "apparmor=\"DENIED\".*profile=\"$1\""; }
