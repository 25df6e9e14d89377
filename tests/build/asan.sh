#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# asan.sh - the test programs and a simulation under ASan and UBSan, without jemalloc.
# What is tested is instrumented; the tests are the objects of the plain build.
. tests/lib/check.sh
san=$O/asan
if [ -n "${RATION_PROVE:-}" ]; then stress=95s; else stress=6s; fi
# `make prove` draws its many machines without sanitizers.
unset RATION_PROVE
# Without sanitizers: those that run threads in real time, and hundreds of linear programs.
GTEST_FILTER="-Threads.*:entitle.floors_lack_what_the_oracle_cuts"; export GTEST_FILTER
SEEDS=100; export SEEDS
export ASAN_OPTIONS=abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=tests/build/lsan.supp:print_suppressions=0

check "asan tests" $MAKE tests || exit 1
check "asan build" $MAKE O="$san" TEST_O="$O" OPT=-O1 SAN=address,undefined tests all || exit 1
for program in "$san"/tests/*/*; do
	# Thousands of machines: without sanitizers.
	case $program in */prop/test_credit_*) continue ;; esac
	[ -f "$program" ] && [ -x "$program" ] && check "asan ${program#"$san"/tests/}" "$program"
done
check "asan stress of threads" "$san/bin/ration-threads" --stress $stress --record "$tmp/log"
check "asan stress replays" "$san/bin/ration" replay "$tmp/log"
check "asan simulation" "$san/bin/ration" run sim/scenarios/server.yaml --time 1s
check "asan other policies" "$san/bin/ration" run sim/scenarios/server.yaml --time 1s \
	--policy sedf --policy rr
