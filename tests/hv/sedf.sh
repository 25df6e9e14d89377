#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# sedf.sh - a Linux guest with 2 ms in each 10 ms among six hogs on one CPU: no job of its
# periodic task is late; without the promise, many are.
. tests/lib/check.sh
. tests/lib/hv.sh

hv_cpus=1
log=$tmp/log
job=job=periodic:10ms:1500us:5s:20s

# run LOG UNTIL [EVENT] - the hogs begin when Linux has booted, before its task does; each
# job wants 1.5 ms.
run() {
	{
		echo '#ration'
		for i in 1 2 3 4 5 6; do echo "at=19s resume hog$i"; done
		echo "${3:-# nothing}"
		echo "at=$2 quit"
	} >"$tmp/script"
	set -- "$1" "$tmp/script" \
		"$linux name=task mem=128 period=10ms slice=2ms $linux_line $job" \
		"$initrd"
	hv_options="sched=sedf"
	for i in 1 2 3 4 5 6; do set -- "$@" "$guest/hog.elf name=hog$i paused=1"; done
	hv_run "$@"
}

check "a task among six hogs" run "$log" 26s
check "500 jobs, none late" said "$log" '^\[task\] periodic jobs=500 late=0 '
check "the hogs had the rest" near "hog1, ms" \
	"$(($(ledger "$log" domain=hog1 running_ns) / 1000000))" $((7000 * 83 / 100 / 6)) 100
# Its 500 jobs end a second late, or more with another kernel.
check "the same task without a slice" run "$log" 30s 'at=19s sedf task 10ms 0'
check "is late" said "$log" '^\[task\] periodic jobs=[0-9]+ late=[1-9]'
