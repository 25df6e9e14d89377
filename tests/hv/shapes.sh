#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shapes.sh - machines of 1 to 16 CPUs, and one of two sockets and two NUMA nodes: all CPUs
# come up and run guests, and the topology that is printed is the one that QEMU was told.
# Without the second threads, half of them run, and Linux has its eight vCPUs there.
. tests/lib/check.sh
. tests/lib/hv.sh

log=$tmp/log

# As many hogs as CPUs.
all_run() {
	hv_cpus=$1 left=${1%%,*}
	printf '#ration\nat=2s quit\n' >"$tmp/script"
	set -- "$log" "$tmp/script"
	while [ "$left" -gt 0 ]; do
		set -- "$@" "$guest/hog.elf name=hog$left mem=16"
		left=$((left - 1))
	done
	hv_run "$@" || return 1
	left=${hv_cpus%%,*}
	while [ "$left" -gt 0 ]; do
		left=$((left - 1))
		busy=$(ledger "$log" cpu=$left busy_ns)
		[ "${busy:-0}" -gt 1000000000 ] || { echo "CPU $left was busy for '$busy' ns"; return 1; }
	done
}
# Of each CPU that is told of: number, core, package, node.
told() {
	sed -n "s/^(hv) topology cpu=//p" "$log" | sed 's/apic=[0-9]*//; s/llc=[0-9]*//; s/online.*//
		s/[a-z]*=//g; s/  */ /g; s/ $//'
}

for count in 1 2 4 8 16; do
	check "$count CPUs run" all_run $count
	check "$count CPUs are told of" \
		said "$log" "^\(hv\) topology: $count CPUs, $count cores, .* 1 nodes?"
done

node="-object memory-backend-ram,size=512M,id"
hv_more="$node=m0 $node=m1 -numa node,nodeid=0,memdev=m0,cpus=0-3
	-numa node,nodeid=1,memdev=m1,cpus=4-7 -numa dist,src=0,dst=1,val=21"
check "2 sockets of 2 cores of 2 threads, 2 nodes" all_run 8,sockets=2,cores=2,threads=2
check "are told of" said "$log" '^\(hv\) topology: 8 CPUs, 4 cores, .*2 packages, 2 nodes'
for cpu in 0 1 2 3 4 5 6 7; do
	echo "$cpu $((cpu / 2)) $((cpu / 4)) $((cpu / 4))"
done >"$tmp/wanted"
told >"$tmp/told"
check "each CPU has its core, package and node" cmp "$tmp/told" "$tmp/wanted"
check "and the nodes their distances" \
	said "$log" 'node=0 distances=10,21$' 'node=1 distances=21,10$'

one_thread() {
	hv_cpus=8,sockets=2,cores=2,threads=2 hv_options="smt=0"
	hv_run "$log" "$linux name=dom0 vcpus=8 mem=256 $linux_line job=boot host=dom0" "$initrd"
}
check "Linux with 8 vCPUs, one thread of each core" one_thread
check "it sees 8, on 4 CPUs" said "$log" '^\[dom0\] boot .* nproc=8 ' \
	'topology cpu=0 .* online=1$' 'topology cpu=1 .* online=0$' 'topology cpu=6 .* online=1$'
for cpu in 0 1 2 3 4 5 6 7; do
	ran=$(ledger "$log" cpu=$cpu busy_ns)
	echo "CPU $cpu ran: $((${ran:-0} > 0)), expected $((1 - cpu % 2))"
done >"$tmp/ran"
check "and its vCPUs ran on those" awk '$4 + 0 != $6 { print; bad = 1 } END { exit bad }' "$tmp/ran"
