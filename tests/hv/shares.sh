#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shares.sh - busy Linux guests under weights, caps, pins and a floor for dom0, 5 s each: what
# they get is what theory owes them (`ration ideal`) and what the simulator foretells
# (`ration run`), within 2 % of a CPU; and the guests see it themselves.  Then they burn on,
# and what is changed is in force 100 ms later.
. tests/lib/check.sh
. tests/lib/hv.sh

log=$tmp/log
first=26   # when all have booted, in s of the hypervisor's time; a phase takes 6 s
within=2   # % of one CPU

# Between two phases the guests sleep, and a script changes what they are owed.
script() {
	echo '#ration'
	at=$((first + 6))
	for changes in "weight one 1024;cap four 50;cap one 25" \
		"cap four 0;cap one 0;weight one 256;pin four 0;pin two 0" \
		"pin four all;pin two all;weight dom0 16;floor dom0 25"; do
		echo "$changes" | tr ';' '\n' | sed "s/^/at=${at}s /"
		at=$((at + 6))
	done
	at=$((at + 2))
	for changes in "pin four 0;pin two 0;pin one 0" "pin four all;pin two all;pin one all" \
		"weight one 4096" "cap one 10" "policy sedf" "policy credit" "cpu 1 off" "cpu 1 on"; do
		echo "$changes" | tr ';' '\n' | sed "s/^/at=${at}s /"
		echo "at=${at}100ms ledger"
		echo "at=${at}600ms ledger"
		at=$((at + 1))
	done
	echo "at=${at}s quit"
}
guest() {
	echo "$linux name=$1 vcpus=$2 weight=$3 mem=128 $linux_line host=$1" \
		"job=busy:5s:${first}s+busy:5s:$((first + 6))s+busy:5s:$((first + 12))s$(
		)+busy:5s:$((first + 18))s+burn"
}
run() {
	script >"$tmp/script"
	hv_options="sched_credit_tslice_ms=10"
	hv_run "$log" "$tmp/script" "$(guest dom0 2 256)" "$(guest four 4 1024)" "$(guest two 2 512)" \
		"$(guest one 1 256)" "$initrd"
}

# phase NTH NAME KEY - of the NTH `busy` of guest NAME.
phase() {
	grep "^\[$2\] busy vcpus=" "$log" | sed -n "$1s/.*\<$3=\([0-9]*\).*/\1/p"
}
# percent NTH NAME KEY - the same, in % of one CPU.
percent() {
	awk -v part="$(phase "$@")" -v wall="$(phase "$1" "$2" wall_ms)" \
		'BEGIN { if (wall > 0) printf "%.2f", 100 * part / wall }'
}
# column FILE NAME COLUMN - of the table that ration prints.
column() {
	awk -v name="$2" -v column="$3" '
		$1 == "domain" { gsub(/ %/, "%"); for (i = 1; i <= NF; i++) if ($i == column) at = i }
		$1 == name && at { print $at; exit }' "$1"
}
each_near() {
	bad=0
	for name in dom0 four two one; do
		near "$name, % of a CPU" "$(percent "$1" $name running_ms)" \
			"$(column "$2" $name "$3")" $within || bad=1
	done
	return $bad
}
# What `top` shows as %st is the ledger's waiting; what is neither stolen nor idle, its
# running.  (User time says less: the kernel samples it at its ticks, 4 ms apart, and of each
# time on a CPU loses the first one.)  A vCPU sees a wait when it has ended: of those that
# are under way where the 5 s begin and end, up to a round of slices, 50 ms or 1 %, is not in
# its count yet; so much is allowed for each vCPU but the first.
inside() {
	bad=0
	for name in dom0 four two one; do
		near_enough=$((within + $(phase "$1" $name vcpus) - 1))
		near "$name steal, % of a CPU" "$(percent "$1" $name steal_ms)" \
			"$(percent "$1" $name waiting_ms)" $near_enough || bad=1
		echo "$(phase "$1" $name vcpus) $(percent "$1" $name steal_ms) $(
			percent "$1" $name idle_ms)" | awk '{ print 100 * $1 - $2 - $3 }' >"$tmp/got"
		near "$name neither stolen nor idle, % of a CPU" "$(cat "$tmp/got")" \
			"$(percent "$1" $name running_ms)" $near_enough || bad=1
		echo "$name user, % of a CPU: $(percent "$1" $name user_ms)"
	done
	return $bad
}

# after NTH WHO KEY - how much it grew from 100 to 600 ms after the NTH change, in % of a CPU.
after() {
	from=$(ledger "$log" "$2" "$3" $((2 * $1 - 1)))
	echo "$(($(ledger "$log" "$2" "$3" $((2 * $1))) - from)) $(
		ledger "$log" time_ns= time_ns $((2 * $1 - 1))) $(
		ledger "$log" time_ns= time_ns $((2 * $1)))" | awk '{ printf "%.2f", 100 * $1 / ($3 - $2) }'
}
# changed NTH WHO KEY WANTED [WITHIN] - half a second has 50 slices: one more or less is 2 %,
# and of four vCPUs each may be ahead by one.
changed() {
	near "$2 $3, % of a CPU" "$(after "$1" "$2" "$3")" "$4" "${5:-5}"
}
policy_changed() {
	[ "$(ledger "$log" time_ns= policy $((2 * $1)))" = "$2" ]
}

check "four phases" run || exit 1
check "all were ready in time" sh -c "! grep 'busy late' '$log'"
nth=0
for scenario in weights caps pins floor; do
	nth=$((nth + 1))
	"$O/bin/ration" ideal tests/hv/$scenario.yaml >"$tmp/ideal"
	"$O/bin/ration" run --no-progress tests/hv/$scenario.yaml >"$tmp/run"
	check "$scenario: as owed" each_near $nth "$tmp/ideal" entitled
	check "$scenario: as foretold" each_near $nth "$tmp/run" CPU%
	check "$scenario: inside as outside" inside $nth
done

# dom0 alone on CPU 1; then 4096 of 5648, which is more than a CPU.
check "pins act while all burn" changed 1 domain=dom0 running_ns 100
check "and their end" changed 2 domain=four running_ns 100 8
check "a weight acts" changed 3 domain=one running_ns 100
check "a cap acts" changed 4 domain=one running_ns 10
check "another policy acts" policy_changed 5 sedf
check "which knows no caps" changed 5 domain=one running_ns 100
check "the first policy again" policy_changed 6 credit
check "and the cap with it" changed 6 domain=one running_ns 10
check "a CPU off line" changed 7 cpu=1 busy_ns 0
check "leaves the other one busy" changed 7 cpu=0 busy_ns 100
check "on line again" changed 8 cpu=1 busy_ns 100
