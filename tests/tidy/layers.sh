#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tests/tidy/layers.sh [ROOT] - who may include whom.
#
#   rank 0 sched/base   1 affinity   2 topology   3 sched/core   4 sched/<policy>
#   rank 4.5 hv-integration/port   4.7 hv-integration/control
#   rank 5 sim, topology/host, hv-integration     6 tests
#
# No include goes up.  ration*.h is public; any other header is private to its
# folder (sched/base: to ranks 0-4; of rank 5: to rank 5).  No policy includes
# another.  Ranks below 5 know four C headers.
cd "${1:-.}" || exit 2
find sched affinity topology sim hv-integration tests -name '*.[ch]' -o -name '*.cc' |
sort | xargs grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null |
awk '
function rank(folder) {
	if (folder == "sched/base") return 0
	if (folder == "affinity") return 1
	if (folder == "topology") return 2
	if (folder == "sched/core") return 3
	if (folder ~ /^sched\//) return 4
	if (folder == "hv-integration/port") return 4.5
	if (folder == "hv-integration/control") return 4.7
	if (folder ~ /^tests/) return 6
	return 5
}
function complain(text) { print place ": " text; bad = 1 }
function folder_of(path) { sub(/\/[^\/]*$/, "", path); return path }

# Where each header lives; two of one name could hide each other.
BEGIN {
	find = "find sched affinity topology sim hv-integration -name \"*.h\""
	while ((find | getline path) > 0) {
		name = path
		sub(/.*\//, "", name)
		place = path
		if (name in home) complain("has the name of " home[name] "/" name)
		home[name] = folder_of(path)
	}
}
{
	split($0, part, ":")
	place = part[1] ":" part[2]
	from = folder_of(part[1])
	below = rank(from) <= 4
	if (match($0, /<[^>]*>/)) {
		header = substr($0, RSTART + 1, RLENGTH - 2)
		if (rank(from) < 5 && header !~ /^std(int|def|bool)\.h$/ && header != "limits.h")
			complain("<" header "> in a freestanding folder")
		next
	}
	match($0, /"[^"]*"/)
	header = substr($0, RSTART + 1, RLENGTH - 2)
	sub(/.*\//, "", header)
	if (!(header in home)) {
		if (rank(from) < 6) complain("no header " header " in the tree")
		next
	}
	to = home[header]
	if (to == from || rank(from) == 6)
		next
	if (rank(to) > rank(from))
		complain(from " (rank " rank(from) ") includes " header " of " to " (rank " rank(to) ")")
	else if (rank(to) == 4 && rank(from) == 4)
		complain("policy " from " includes " header " of policy " to)
	else if (header !~ /^ration/ && !(below && to == "sched/base") && rank(to) != 5)
		complain("private header " header " of " to " in " from)
}
END { exit bad }'
