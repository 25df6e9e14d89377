#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# readme.sh - the README's example compiles, runs, and prints what the README says.
. tests/lib/check.sh

# The first block of each kind: ```c is the program, ```text what it prints.
block() {
	awk -v fence="\`\`\`$1" '
		inside && /^```/ { exit }
		inside
		$0 == fence { inside = 1 }' README.md
}
block c >"$tmp/example.c"
block text >"$tmp/expected"
include=$(find sched/base sched/core sched/credit affinity topology -maxdepth 0 | sed 's/^/-I/')

build() {
	# shellcheck disable=SC2086
	"$@" -Wall -Wextra -Wpedantic -Werror $include "$tmp/example.c" "$O/libration.a" -no-pie \
		-o "$tmp/example"
}
prints_what_readme_says() {
	"$tmp/example" >"$tmp/printed" && diff "$tmp/expected" "$tmp/printed"
}

check "the README has an example" test -s "$tmp/example.c"
check "it has at most 50 lines" test "$(wc -l <"$tmp/example.c")" -le 50
for compiler in gcc clang; do
	check "it compiles with $compiler" build $compiler -std=c11 &&
		check "$compiler's prints what the README says" prints_what_readme_says
done

# What docs/policy.md quotes is what sched/rr/rr.c says: each ```c block, line for line.
quotes_are_verbatim() {
	awk '
		FNR == 1 { file++ }
		file == 1 { source = source $0 "\n"; next }
		/^```/ && inside {
			if (index(source, quote) == 0) { print "not in rr.c:\n" quote; bad = 1 }
			inside = 0
			blocks++
			next
		}
		/^```c$/ { inside = 1; quote = ""; next }
		inside { quote = quote $0 "\n" }
		END { exit bad || blocks < 3 }' sched/rr/rr.c docs/policy.md
}
check "docs/policy.md quotes rr.c" quotes_are_verbatim
