#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# linux.sh - four Linux guests, nine vCPUs in all, on two CPUs: they boot, do a job and power
# off; twice the same for one seed; and what was decided is decided again on the desk.
# With RATION_PROVE=1 also twenty seeds.
. tests/lib/check.sh
. tests/lib/hv.sh

record=100000   # decisions, at least

# boot_all SEED LOG [JOB] - the job comes after `boot`, which each guest does first.  Slices
# are short while it does, so that much is decided.
boot_all() {
	hv_seed=$1 log=$2 jobs=boot${3:+$3}
	hv_options="sched_credit_tslice_ms=10 hv_record=8"
	printf '#ration\nat=19s ratelimit 100us\nat=19s tslice 100us\n' >"$tmp/script"
	hv_run "$log" "$tmp/script" \
		"$linux name=dom0 vcpus=2 mem=128 $linux_line job=$jobs host=dom0" \
		"$linux name=four vcpus=4 mem=128 $linux_line job=$jobs host=four" \
		"$linux name=two vcpus=2 mem=128 $linux_line job=$jobs host=two" \
		"$linux name=one vcpus=1 mem=128 $linux_line job=$jobs host=one" "$initrd"
}
all_did() {
	said "$1" '^\[dom0\] boot .* nproc=2 ' '^\[four\] boot .* nproc=4 ' \
		'^\[two\] boot .* nproc=2 ' '^\[one\] boot .* nproc=1 ' || return 1
	for name in dom0 four two one; do
		[ -z "${2:-}" ] || said "$1" "^\[$name\] busy vcpus=" || return 1
	done
}

# Two of one seed, side by side; a third of another seed goes no further than its boot.
twice() {
	boot_all 1 "$tmp/first" "+busy:7s:20s" >"$tmp/first.said" 2>&1 &
	boot_all 1 "$tmp/second" "+busy:7s:20s" && wait $! || {
		cat "$tmp/first.said"
		return 1
	}
}
# A minute of the desk's time, were the desk not busy with other tests.
in_time() {
	before=$(spent)
	boot_all "$1" "$tmp/other" && all_did "$tmp/other" &&
		near "seconds of CPU time" $(($(spent) - before)) 0 60
}
# CPU time of the processes that this shell waited for, in s.
spent() {
	times | awk -F '[ms ]+' 'NR == 2 { printf "%d", $1 * 60 + $2 + $3 * 60 + $4 }'
}
replayed() {
	"$O/bin/ration" replay --no-progress "$tmp/first.second" >"$tmp/replay" &&
		tail -n 1 "$tmp/replay" &&
		sed -n 's/,//g; s/.* events \([0-9]*\) decisions: all the same.*/\1/p' "$tmp/replay" |
		awk -v least=$record '{ good = $1 >= least } END { exit !good }'
}
# One bit of one byte in the middle; and a whole record, with its own check sum made right,
# is tests/cli's affair.
changed() {
	size=$(wc -c <"$tmp/first.second")
	{
		head -c $((size / 2)) "$tmp/first.second"
		tail -c +$((size / 2 + 1)) "$tmp/first.second" | head -c 1 | tr '\000-\377' '\001-\377\000'
		tail -c +$((size / 2 + 2)) "$tmp/first.second"
	} >"$tmp/changed"
	cmp -s "$tmp/changed" "$tmp/first.second" && return 0
	"$O/bin/ration" replay --no-progress "$tmp/changed"
}

check "two runs of four Linux guests" twice || exit 1
check "all were ready in time" sh -c "! grep 'busy late' '$tmp/first'"
check "all reach user space, see their vCPUs, burn and power off" all_did "$tmp/first" busy
check "one seed, the same text on the console" cmp "$tmp/first" "$tmp/second"
check "one seed, the same log" cmp "$tmp/first.second" "$tmp/second.second"
check "at least $record decisions, all the same on the desk" replayed
refute "a changed log is caught" "the log is damaged here" changed
check "boot within a minute, seed 2" in_time 2
check "another seed, another run" sh -c "! cmp -s '$tmp/first' '$tmp/other'"
if [ -n "${RATION_PROVE:-}" ]; then
	for seed in 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		check "boot within a minute, seed $seed" in_time $seed
	done
fi
