#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# bench.sh - how fast is the simulator, with the real library and all its books,
# beside a std::priority_queue program of the same model?  The two run in turn,
# so that a busy machine disturbs both; the best of each counts.
O=${O:-build}
scenario=sim/scenarios/rw1a.yaml
ration=$O/bin/ration
queue=$O/tests/bench/rw1_priority_queue

# number KEY - the value of a key in the JSON on standard input
number() {
	tr ',{}' '\n\n\n' | sed -n "s/^ *\"$1\": *\([0-9.e+]*\).*/\1/p" | head -n 1
}

best_ration=0; best_queue=0
for i in 1 2 3 4 5; do
	a=$("$ration" run "$scenario" --json - | number events_per_s)
	b=$("$queue" -q)
	[ -n "$a" ] && [ -n "$b" ] || exit 1
	printf 'turn %d: %5.1f M events/s with libration, %5.1f M with std::priority_queue\n' \
		"$i" "$(echo "$a" | awk '{print $1 / 1e6}')" "$(echo "$b" | awk '{print $1 / 1e6}')"
	best_ration=$(echo "$best_ration $a" | awk '{print ($2 > $1 ? $2 : $1)}')
	best_queue=$(echo "$best_queue $b" | awk '{print ($2 > $1 ? $2 : $1)}')
done
echo "$best_ration $best_queue" |
	awk '{printf "RW-1 A: %.1f M events/s, %.2f of std::priority_queue\n", $1 / 1e6, $1 / $2}'

# Instructions of an event: the difference of two lengths, so that setting up
# does not count; and what recording every call adds.
command -v valgrind >/dev/null || exit 0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
for record in "" "--record $tmp/rw1a.log"; do
	for seconds in 2 4; do
		# shellcheck disable=SC2086
		valgrind --tool=callgrind --toggle-collect=sim_run --callgrind-out-file="$tmp/out" \
			--log-file="$tmp/log" "$ration" run "$scenario" --time ${seconds}s --json - \
			$record >"$tmp/json" || exit 1
		sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$tmp/log"
		number events <"$tmp/json"
	done | tr '\n' ' ' | awk -v what="${record:+, recorded}" \
		'{printf "RW-1 A: %.0f instructions an event%s\n", ($3 - $1) / ($4 - $2), what}'
done

# How fast a recording is replayed.
"$ration" run "$scenario" --record "$tmp/rw1a.log" >/dev/null && "$ration" replay "$tmp/rw1a.log" |
	sed -n 's/^\(.* events\), .*(in \(.*\) s)$/RW-1 A: \1 replayed in \2 s/p'
