#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# iso.sh - GRUB boots the hypervisor and a guest from a CD.
. tests/lib/check.sh
. tests/lib/hv.sh

boot() {
	timeout --foreground "$hv_limit" qemu-system-x86_64 -nodefaults -no-reboot -display none \
		-cpu max -m 512 -smp 2 -icount shift=3,sleep=off -seed 1 -cdrom "$tmp/hv.iso" \
		-device isa-debug-exit,iobase=0xf4,iosize=4 -serial "file:$tmp/log" </dev/null
	[ $? -eq 33 ] || { tail -n 30 "$tmp/log"; return 1; }
}

check "a CD" hv-integration/bare/guest/iso.sh "$tmp/hv.iso" "$hv_image" sched=sedf \
	"$guest/hello.elf name=hello"
check "boots" boot
check "with its options" said "$tmp/log" '^\(hv\) libration-hv: 2 CPUs, .* policy sedf'
check "and its guest" said "$tmp/log" '^\[hello\] hello from domain 0'
