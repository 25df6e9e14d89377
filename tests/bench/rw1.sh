#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# rw1.sh - RW-1 mode A, `ration` in turn with a program of the same model that
# is nothing but a std::priority_queue: events a second, the median of TURNS=5.
O=${O:-build}
cd "$(dirname "$0")/../.." || exit 1

rate() {
	sed -n 's/.*[ :] *\([0-9,]*\) events\/s.*/\1/p' | tr -d ,
}
for turn in $(seq "${TURNS:-5}"); do
	echo "$turn $("$O/bin/ration" run sim/scenarios/rw1a.yaml | rate) \
		$("$O/tests/bench/rw1_priority_queue" | rate)"
done | awk '
	function median(of, i, j, t) {
		for (i = 1; i <= turns; i++)
			for (j = i; j > 1 && of[j] < of[j - 1]; j--) {
				t = of[j]; of[j] = of[j - 1]; of[j - 1] = t
			}
		return of[int((turns + 1) / 2)]
	}
	NF == 3 { turns++; ration[turns] = $2 + 0; queue[turns] = $3 + 0 }
	END {
		if (!turns) { print "no figures"; exit 1 }
		printf "ration:              %10d events/s (aim: 5000000)\n", r = median(ration)
		printf "std::priority_queue: %10d events/s\n", q = median(queue)
		printf "ratio:               %10.2f (aim: 0.50)\n", r / q
	}'
