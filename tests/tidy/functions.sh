#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tests/tidy/functions.sh [ROOT] - no function is longer than 70 lines.
cd "${1:-.}" || exit 2
find sched affinity topology sim hv-integration tests -name '*.[ch]' -o -name '*.cc' |
ctags -L - --c-kinds=f --c++-kinds=f --languages=C,C++ --langmap=C:.c.h -x \
	--_xformat='%F:%n:%{end}:%N' |
awk -F: '
	$3 - $2 + 1 > 70 {
		print $1 ":" $2 ": " $4 " has " $3 - $2 + 1 " lines, more than 70"
		bad = 1
	}
	END {
		if (NR == 0) { print "ctags found no function"; bad = 1 }
		exit bad
	}'
