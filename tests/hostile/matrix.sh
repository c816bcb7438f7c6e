#!/bin/bash
# Authorisation: every operation of the reference by every role, on objects of one's own, of others and on none.
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF='addresses = 203.0.113.0/24' t_begin
python3 -B "$TOP/tests/hostile/matrix.py" "$BERTH_SOCKET" >"$T/matrix" 2>&1
grep -v '^FAIL' "$T/matrix"
grep '^FAIL' "$T/matrix" | head -n 40 >&2
like "nobody may more than the reference tells, and nobody else's object shows" '^[0-9]+ operations, .* 0 failures' "$(cat "$T/matrix")"
ok "the daemon is alive" B version
