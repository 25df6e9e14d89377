#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# valgrind.sh - the unit tests and a short simulation under Memcheck, the threads
# under Helgrind; both put their own malloc in jemalloc's place.
. tests/lib/check.sh
if [ -n "${RATION_PROVE:-}" ]; then stress=95s; else stress=6s; fi
all=${RATION_PROVE:-}
unset RATION_PROVE
memcheck="valgrind -q --suppressions=tests/build/valgrind.supp --error-exitcode=99
	--leak-check=full --errors-for-leak-kinds=definite"
# These take the same steps for simulated hours: minutes here, and nothing new.
GTEST_FILTER=-SedfExtreme.ShortestAndLongestPeriods:SedfLate.NoDriftOverAMillionPeriods
GTEST_FILTER=$GTEST_FILTER:credit_cap.the_refill_grid_does_not_drift
export GTEST_FILTER

# These simulate for long, which here takes up to two minutes each: ASan sees them in
# every run, Memcheck when all is proved.
is_long() {
	[ -z "$all" ] || return 1
	case $1 in
	entitle* | credit_* | sedf_* | sim | sim_* | core_switch | core_spy) ;;
	port_random | oracle | replay | log) ;;
	*) return 1 ;;
	esac
}

# half 0|1 - every other program, with a temporary folder of its own.
half() {
	tmp=$tmp/$1
	mkdir "$tmp"
	turn=0
	for program in "$O"/tests/unit/*; do
		turn=$((1 - turn))
		# shellcheck disable=SC2086
		[ $turn -ne "$1" ] || [ ! -x "$program" ] || is_long "${program##*/test_}" ||
			check "valgrind ${program##*/}" $memcheck "$program"
	done
}

# One process each: side by side, or these would be what everything waits for.
(half 0) >"$tmp/said" 2>&1 &
(half 1)
wait
cat "$tmp/said"
# shellcheck disable=SC2086
check "valgrind simulation" \
	$memcheck "$O/bin/ration" run sim/scenarios/server.yaml --time 200ms
check "helgrind stress of threads" valgrind -q --tool=helgrind --error-exitcode=99 \
	"$O/bin/ration-threads" --stress $stress
