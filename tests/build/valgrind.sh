#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# valgrind.sh - the unit tests and a short simulation under Memcheck, without jemalloc.
. tests/lib/check.sh
plain=$O/plain
unset RATION_PROVE
memcheck="valgrind -q --suppressions=tests/build/valgrind.supp --error-exitcode=99
	--leak-check=full --errors-for-leak-kinds=definite"

check "valgrind build" $MAKE O="$plain" JEMALLOC=0 all || exit 1
# shellcheck disable=SC2086
for program in "$O"/tests/unit/*; do
	[ -x "$program" ] && check "valgrind ${program##*/}" $memcheck "$program"
done
# shellcheck disable=SC2086
check "valgrind simulation" \
	$memcheck "$plain/bin/ration" run sim/scenarios/server.yaml --time 200ms
