#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# threads.sh - the thread world under ThreadSanitizer, and what it records, replayed.
# (Its stress test under ASan is in asan.sh, under Helgrind in valgrind.sh.)
. tests/lib/check.sh
tsan=$O/tsan
threads=$O/bin/ration-threads
if [ -n "${RATION_PROVE:-}" ]; then stress=110s run=60s; else stress=8s run=1s; fi

# replayed LOG DECISIONS - is it followed to the end, and does it have as many?
replayed() {
	"$O/bin/ration" replay --no-progress "$1" >"$tmp/table" || return 1
	tail -n 1 "$tmp/table"
	awk -v least="$2" '
		/ decisions: all the same/ {
			sub(/ decisions.*/, ""); sub(/.*events, /, ""); gsub(/,/, "")
			found = $0 + 0 >= least
		}
		END { exit !found }' "$tmp/table"
}

# under_tsan COMMAND... - where the kernel spreads addresses wider than TSan expects, it
# has to be told not to.
under_tsan() {
	if setarch -R true 2>"$tmp/setarch"; then setarch -R "$@"; else "$@"; fi
}

check "threads build for TSan" $MAKE O="$tsan" OPT=-O1 SAN=thread threads || exit 1
# A warning is an exit of 66 at the end.
check "threads TSan stress" under_tsan "$tsan/bin/ration-threads" --stress $stress \
	--record "$tmp/tsan.log"
check "threads TSan stress replays" replayed "$tmp/tsan.log" 1
check "threads TSan locks" under_tsan "$tsan/bin/ration-threads" sim/scenarios/locks.yaml \
	--time 1s --cpus 3 --record "$tmp/tsan.log"
check "threads TSan every kind" under_tsan "$tsan/bin/ration-threads" tests/build/mixed.yaml \
	--record "$tmp/tsan.log"
rm -f "$tmp/tsan.log"

check "threads records" "$threads" sim/scenarios/yields.yaml --time $run --record "$tmp/log"
if [ -n "${RATION_PROVE:-}" ]; then
	check "threads replays 10 million decisions" replayed "$tmp/log" 10000000
else
	check "threads replays a sample" replayed "$tmp/log" 1
fi
