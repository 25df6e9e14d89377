#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tests/tidy/symbols.sh ARCHIVE [NM] [BELOW] - what the archive needs, exports and keeps.
#
# It needs ration_panic and mem{cpy,move,set,cmp}, what the archive BELOW exports,
# and nothing else: not the helpers that a compiler calls for 128-bit division or
# population counts.
# What it exports begins with ration_.  It has no writable data.
nm=${2:-nm}
"$nm" "$1" >/dev/null || exit 2
{
	[ -z "${3:-}" ] || "$nm" -g --defined-only "$3" | awk 'NF == 3 { print "below", $3 }'
	"$nm" -g --defined-only "$1" | awk 'NF == 3 { print "defined", $3 }'
	"$nm" -u "$1" | awk '$1 == "U" { print "needed", $2 }'
	"$nm" "$1" | awk 'NF == 3 && $2 ~ /^[bBdDcCsSgG]$/ { print "writable", $3 }'
} | sort -u | awk '
	function complain(text) { print text ": " $2; bad = 1 }
	$1 == "below" || $1 == "defined" { defined[$2]++ }
	$1 == "defined" && defined[$2] > 1 { complain("exported by the archive below too") }
	$1 == "defined" && $2 !~ /^ration_/ { complain("exported without the prefix ration_") }
	$1 == "needed" && !($2 in defined) && $2 !~ /^(ration_panic|mem(cpy|move|set|cmp))$/ {
		complain("undefined, and no host supplies it")
	}
	$1 == "writable" { complain("writable data") }
	END { exit bad }'
