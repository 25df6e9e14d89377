#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tests/tidy/recursion.sh [ROOT] - no function of ranks 0-4, the port and control reaches itself.
#
# From the call graphs that gcc writes.  Calls through the policy table are not
# in them: a policy calls the core through ration_policy.h, which calls no policy.
cd "${1:-.}" || exit 2
out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT
folders='sched affinity topology hv-integration/port hv-integration/control'
# shellcheck disable=SC2086
include=$(find $folders -name '*.h' -exec dirname {} + | sort -u | sed 's/^/-I/')
# shellcheck disable=SC2086
find $folders -path topology/host -prune -o -name '*.c' -print |
while read -r file; do
	# -O0: an inlined call would not be seen.  shellcheck disable=SC2086
	gcc -std=c11 -O0 -ffreestanding -fcallgraph-info $include -c "$file" \
		-o "$out/$(echo "$file" | tr / -).o" || exit 2
done || exit 2
edges=$(cat "$out"/*.ci | awk -F'"' '/^edge:/ && $4 != "__indirect_call" { print $2, $4 }')
[ -n "$edges" ] || { echo "no call found"; exit 2; }
if echo "$edges" | awk '$1 == $2 { print "recursion: " $1 }' | sort -u | grep .; then exit 1; fi
if echo "$edges" | tsort 2>&1 >/dev/null | sed 's/^tsort: [^ ]*/recursion:/' | grep .; then
	exit 1
fi
