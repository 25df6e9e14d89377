#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh BUILD - the hypervisor with dom0 and two Linux guests on this terminal.
#
# A terminal shows screen.awk's table and takes commands; elsewhere the consoles are printed,
# and commands are read from standard input.  Real time: the machine's clock is the desk's.
set -u
build=$1
work=$(mktemp -d) || exit 1
HVCTL_SOCKET=$work/control
export HVCTL_SOCKET
hvctl=$build/bin/hvctl
line="initrd=initramfs -- rdinit=/init nokaslr mitigations=off panic=-1 cryptomgr.notests=1 quiet"

mkfifo "$work/said" || exit 1
exec 3<>"$work/said"
children=
cleanup() {
	trap '' EXIT INT TERM
	# shellcheck disable=SC2086
	kill $children 2>/dev/null
	wait
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

size=$(stty size 2>/dev/null || echo 24 80)
show() {
	if [ -t 1 ]; then
		exec "$build/guest/busybox" awk -v rows="${size% *}" -v table=6 \
			-f "$(dirname "$0")/screen.awk"
	fi
	exec grep --line-buffered -v -e '^(list)' -e '^(books)' -e '^(draw)'
}
# Each second the table; a piece of text goes into the pipe in one piece.
poll() {
	while sleep 1; do
		{
			"$hvctl" list | sed 's/^/(list) /'
			"$hvctl" ledger | sed 's/^/(books) /'
			echo "(draw)"
		} >"$work/poll" 2>/dev/null
		cat "$work/poll" >&3
	done
}
# shellcheck disable=SC2094
obey() {
	case $1 in
	'') ;;
	quit) "$hvctl" shutdown >&3 2>&1 ;;
	help) "$hvctl" --help >&3 2>&1 ;;
	*:*) "$hvctl" write "${1%%:*}" "$(echo "${1#*:}" | sed 's/^ //')" >&3 2>&1 ;;
	# Words, as they were typed.  shellcheck disable=SC2086
	*) "$hvctl" $1 >&3 2>&1 ;;
	esac
}

show <&3 &
children="$children $!"
qemu-system-x86_64 -nodefaults -no-reboot -display none -cpu max -m 1024 -smp 2 \
	-accel tcg,thread=single -device isa-debug-exit,iobase=0xf4,iosize=4 \
	-chardev "socket,id=control,path=$HVCTL_SOCKET,server=on,wait=off" \
	-serial "file:$work/said" -serial chardev:control \
	-kernel "$build/libration-hv.elf" -append "hv_control=1 sched_credit_tslice_ms=10" \
	-initrd "$build/guest/vmlinuz name=dom0 vcpus=2 weight=512 $line host=dom0 job=shell,$(
	)$build/guest/vmlinuz name=web1 vcpus=2 weight=512 $line host=web1 job=boot+burn,$(
	)$build/guest/vmlinuz name=web2 vcpus=1 weight=256 $line host=web2 job=boot+burn,$(
	)$build/guest/initramfs" </dev/null 2>"$work/error" &
machine=$!
children="$children $machine"
poll &
children="$children $!"
while kill -0 $machine 2>/dev/null && read -r typed; do
	obey "$typed"
	[ ! -t 1 ] || printf '\r\033[K> '
done
wait $machine
status=$?
sleep 1
cat "$work/error" >&2
[ $status -eq 33 ]
