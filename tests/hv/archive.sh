#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# archive.sh - simulator, threads and hypervisor are linked with one libration.a, whole
# and unchanged; and the hypervisor beside it is small.
. tests/lib/check.sh

LIMIT_LINES=8000
worlds="$O/bin/ration $O/bin/ration-threads $O/libration-hv.elf"

# The archive that the command linking WORLD names, by its SHA-256.
digest_for() {
	# As if the archive were new: the commands, without running them.
	$MAKE -n V=1 O="$O" -W "$O/libration.a" "$1" | tr ' ' '\n' | grep '/libration\.a$' |
		sort -u | xargs sha256sum | cut -d ' ' -f 1
}
one_archive() {
	for world in $worlds; do
		digest=$(digest_for "$world")
		echo "$digest $world"
		[ "$digest" = "$(sha256sum <"$O/libration.a" | cut -d ' ' -f 1)" ] || return 1
	done
}

# Name and size of each function of the archive that FILE has.
functions() {
	nm -S --defined-only "$1" | awk '$3 ~ /^[Tt]$/ && $4 ~ /^ration_/ { print $4, $2 }' | sort -u
}
same_functions() {
	functions "$O/libration.a" >"$tmp/archive"
	for world in $worlds; do
		functions "$world" >"$tmp/world"
		# A program has no function of that name from elsewhere, or of another size.
		join "$tmp/archive" "$tmp/world" | awk -v world="$world" '
			{ count++ }
			$2 != $3 { print world ": " $1 " has another size"; bad = 1 }
			END { print world ": " count " functions"; exit bad || count < 100 }' || return 1
	done
}
few_lines() {
	count=$(cat hv-integration/bare/*.[chS] hv-integration/bare/*.ld | wc -l)
	echo "$count lines; the limit is $LIMIT_LINES"
	[ "$count" -lt $LIMIT_LINES ]
}

check "one archive in three worlds" one_archive
check "and its functions as they are" same_functions
check "under $LIMIT_LINES lines" few_lines
