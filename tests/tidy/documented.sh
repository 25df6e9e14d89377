#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tests/tidy/documented.sh [ROOT] - each public function has a comment.
#
# A comment stands above the function, or above the first of a group that no
# empty line divides.
cd "${1:-.}" || exit 2
find sched affinity topology hv-integration/port hv-integration/control -name 'ration*.h' |
sort | xargs awk '
	FNR == 1 || /^$/ { commented = 0 }
	/\*\/[ \t]*$/ { commented = 1 }
	/^[a-z][a-z_0-9 ]* \**ration_[a-z_0-9]+\(/ && !/^static/ && !commented {
		name = $0
		sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
		print FILENAME ":" FNR ": " name " has no comment"
		bad = 1
	}
	END { exit bad }'
