#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tiny.sh - our own small guests, side by side: what Linux needs of the hypervisor, alone.
. tests/lib/check.sh
. tests/lib/hv.sh

log=$tmp/log
all_end() {
	hv_run "$log" "$guest/hello.elf name=hello" \
		"$guest/smp.elf name=smp vcpus=4 -- rounds=50" \
		"$guest/sleeper.elf name=sleeper -- period=5ms times=40" \
		"$guest/hog.elf name=hog vcpus=2 -- for=300ms" \
		"$guest/spinner.elf name=spinner vcpus=3 -- for=200ms"
}
# Without yields each of the 30 ms slices would see a turn or two.
spinners_took_turns() {
	turns=$(sed -n 's/^\[spinner\] 3 vCPUs took the lock \([0-9]*\) times.*/\1/p' "$log")
	echo "$turns turns"
	[ "$turns" -gt 100 ]
}
hog_burned() {
	near "the hog's running time, in us" \
		"$(sed -n 's/^\[hog\] hog ran \([0-9]*\) us.*/\1/p' "$log")" \
		$(($(ledger "$log" domain=hog running_ns) / 1000)) 1000
}

check "five guests end, and then the hypervisor" all_end || exit 1
check "a guest knows who it is" said "$log" '^\[hello\] hello from domain 0, vCPU 0 of 1$'
check "vCPUs start by INIT and SIPI, and IPIs wake them" \
	said "$log" '^\[smp\] 4 vCPUs started, (197|198|199|200) IPIs came$'
check "the TSC's deadline ends a HLT, never early" \
	said "$log" '^\[sleeper\] slept 40 times, 0 early, worst [0-9]+ us late$'
check "PAUSE loops let the holder of the lock run" spinners_took_turns
check "a hog sees the ledger's own numbers" hog_burned

# A step is an instruction.  One that sleeps for ever is still there at hv_time.
deadlines=$tmp/deadlines
deadlines_come() {
	hv_reset
	hv_options="hv_time=2s"
	hv_run "$deadlines" \
		"$guest/sleeper.elf name=asleep -- period=0us step=8 times=4000" \
		"$guest/sleeper.elf name=awake -- period=0us step=8 times=4000 awake=1"
}
soon() {
	late=$(sed -n "s/^\[$1\] slept 4000 times, 0 early, worst \([0-9]*\) us late$/\1/p" \
		"$deadlines")
	echo "worst: $late us"
	[ -n "$late" ] && [ "$late" -lt 1000 ]
}
check "deadlines at each instruction on the way into a sleep" deadlines_come
check "none is lost between STI and HLT" soon asleep
check "none waits long behind another STI" soon awake

# Two halves of a CPU and more: they cannot both be promised on CPU 0.
pin_refused() {
	hv_reset
	hv_options="sched=sedf"
	printf '#ration\nat=1s pin two 0\nat=1s pin two.1 0\nat=1s say done\nat=2s quit\n' \
		>"$tmp/script"
	hv_run "$log" "$tmp/script" "$guest/hog.elf name=two vcpus=2 period=10ms slice=6ms"
}
check "a domain with 1.2 CPUs is pinned to one" pin_refused
check "that is refused" said "$log" '^\(hv\) .*two: .*CPU 0 lacks'
check "for all of its vCPUs: one of them can be pinned there now" \
	sh -c "[ \$(grep -c 'CPU 0 lacks' '$log') -eq 1 ] && grep -q '(hv) done' '$log'"
