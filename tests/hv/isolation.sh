#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# isolation.sh - a guest that does its worst harms itself alone, and pays for it.
#
# On one CPU beside a hog of the same weight, for a second: whatever it does, the hog has
# half the CPU (all of it once the other has ended), and next to nothing of the second
# is idle or booked to nobody, since what the hypervisor does for a guest is the guest's.
. tests/lib/check.sh
. tests/lib/hv.sh

hv_cpus=1
hv_options=sched_credit_tslice_ms=5
script=$tmp/script
log=$tmp/log
second=1   # how many

share_kept() {
	all=$(($(ledger "$log" cpu=0 busy_ns) + $(ledger "$log" cpu=0 idle_ns) +
		$(ledger "$log" cpu=0 overhead_ns)))
	bad=$(ledger "$log" domain=bad running_ns)
	good=$(ledger "$log" domain=good running_ns)
	awk -v all="$all" -v good="$good" -v bad="$bad" -v least="$1" 'BEGIN {
		printf "of %d ns: good %d, bad %d, others %d\n", all, good, bad, all - good - bad
		exit !(all > 900000000 && good >= least * all && all - good - bad < 0.02 * all)
	}'
}

# beside SHARE LINE PATTERN... - the bad guest of LINE; the good one gets SHARE of the second.
beside() {
	least=$1 line=$2; shift 2
	printf '#ration\nat=%ds quit\n' $second >"$script"
	hv_run "$log" "$script" "$guest/hog.elf name=good" "$guest/$line" || return 1
	said "$log" "$@" && share_kept "$least"
}

check "reads and writes where it has no memory: ends" \
	beside 0.85 'bad_fault.elf name=bad -- after=200ms how=0' '^\[bad\] now' '^\(hv\) .*bad'
check "faults three times in one: ends" \
	beside 0.85 'bad_fault.elf name=bad on_reboot=destroy -- after=200ms how=1' '^\[bad\] now'
check "faults three times in one, and is begun anew" \
	beside 0.48 'bad_fault.elf name=bad -- after=200ms how=1' '^\[bad\] now'
check "loops with interrupts off" \
	beside 0.48 'bad_loop.elf name=bad vcpus=2' '^\[bad\] interrupts off'
check "writes over its memory and page tables" \
	beside 0.48 'bad_scribble.elf name=bad on_reboot=destroy' '^\[bad\] page tables written over'
second=3
check "tries all MSRs and ports, and the instructions of SVM" \
	beside 0.48 'bad_probe.elf name=bad' '^\[bad\] MSRs: [0-9]+ refused' '^\[bad\] ports: 0 ' \
	'^\[bad\] SVM: 6 refused of 6'
second=1
check "floods with exits" beside 0.48 'bad_flood.elf name=bad -- what=0' '^\[bad\] flood 0'
check "floods with IPIs" beside 0.48 'bad_flood.elf name=bad vcpus=3 -- what=1' '^\[bad\] flood 1'
check "floods with calls" beside 0.48 'bad_flood.elf name=bad vcpus=2 -- what=2' '^\[bad\] flood 2'
check "floods with timers" beside 0.48 'bad_flood.elf name=bad -- what=3' '^\[bad\] flood 3'
check "floods with faults of its own" \
	beside 0.48 'bad_flood.elf name=bad -- what=4' '^\[bad\] flood 4'
check "forges the arguments of calls" \
	beside 0.9 'bad_forge.elf name=bad' '^\[bad\] [0-9]+ calls forged, 0 accepted'
