# Sourced, after lib.sh, by tests of AppArmor profiles; they are on the installed daemon.
# shellcheck shell=bash

[ "$(id -u)" = 0 ] || skip_all "needs root"
[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] || skip_all "the kernel has no AppArmor"
export BERTH_SOCKET=/run/berth/berth.sock
B() { berth "$@"; }

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
