#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tests/tidy/freestanding.sh [ROOT] - what ranks 0-4, the port and control do without.
#
# Floating point, 128-bit integers, conditional code (but for include guards,
# extern "C", and the spinning of ration_lock.h, which is the processor's), and a
# policy table with an empty slot.
cd "${1:-.}" || exit 2
files=$(find sched affinity topology hv-integration/port hv-integration/control \
	-path topology/host -prune -o -name '*.[ch]' -print)
# shellcheck disable=SC2086
awk '
	function complain(text) { print FILENAME ":" FNR ": " text; bad = 1 }
	{ line = $0; gsub(/"([^"\\]|\\.)*"/, "\"\"", line) }
	inside { if (!sub(/.*\*\//, "", line)) next; inside = 0 }
	{ gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", line) }
	sub(/\/\*.*/, "", line) { inside = 1 }
	line ~ /(^|[^a-z_0-9])(float|double|__int128)([^a-z_0-9]|$)/ {
		complain("float, double or __int128")
	}
	line ~ /[0-9]\.[0-9]/ { complain("a floating constant") }
	FILENAME ~ /port\/ration_lock\.h$/ &&
		line ~ /^#(el)?if defined\(__(x86_64|aarch64)__\)$/ { next }
	line ~ /^[ \t]*#[ \t]*(if|elif)/ && line !~ /^#if(n?def [A-Z_]+_H|def __cplusplus)[ \t]*$/ {
		complain("conditional code")
	}
	END { exit bad }' $files || bad=1

slots=$(sed -n '/^struct ration_policy {/,/^};/s/.*(\*\([a-z_]*\))(.*/\1/p' \
	sched/core/ration_policy.h)
[ -n "$slots" ] || { echo "no slot found in ration_policy.h"; exit 2; }
for table in $(grep -l '^const struct ration_policy ration_' sched/*/*.c); do
	for slot in $slots; do
		grep -q "^[[:space:]]*\.$slot = [a-z]" "$table" ||
			{ echo "$table: slot $slot of the policy table is not set"; bad=1; }
	done
done
exit ${bad:-0}
