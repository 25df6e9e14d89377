#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# control.sh - the hypervisor is looked at and changed while Linux guests run: by hvctl
# over the second serial port, and by the calls of dom0.
. tests/lib/check.sh
. tests/lib/hv.sh

# ---- By calls ------------------------------------------------------------------

log=$tmp/calls
check "dom0 manages by calls, a domU does not" hv_run "$log" "$guest/manage.elf name=dom0" \
	"$guest/hog.elf name=web vcpus=2 -- for=100ms" "$guest/manage.elf name=other weight=100"
check "dom0 sees all, and changes one" said "$log" '^\[dom0\] domain 0 is dom0, weight 256' \
	'^\[dom0\] domain 1 is web, weight 256, vCPUs 2' '^\[dom0\] domain 2 is other, weight 100' \
	'^\[dom0\] domain 2 is other, weight 512' '^\[dom0\] done'
check "the calls of a domU are refused" said "$log" '^\[other\] refused'

# ---- Over the serial port ---------------------------------------------------------

export HVCTL_SOCKET="$tmp/line"
ctl() {
	"$O/bin/hvctl" --timeout 60s "$@"
}

# Its console goes to $tmp/one.
timeout --foreground 250 qemu-system-x86_64 -nodefaults -no-reboot -display none -cpu max -m 1024 \
	-smp 2 -icount shift=3,sleep=off -seed 1 -device isa-debug-exit,iobase=0xf4,iosize=4 \
	-serial "file:$tmp/one" -chardev "socket,id=c2,path=$tmp/line,server=on,wait=off" \
	-serial chardev:c2 -kernel "$hv_image" \
	-append "hv_control=1 hv_record=16 sched_credit_tslice_ms=5" \
	-initrd "$linux name=dom0 vcpus=1 mem=128 $linux_line job=boot+idle:100000 host=dom0,$linux \
name=web vcpus=2 mem=128 $linux_line job=boot+burn host=web,$guest/hog.elf,$initrd" \
	</dev/null >"$tmp/qemu" 2>&1 &
qemu=$!
trap 'kill $qemu 2>/dev/null; rm -rf "$tmp"' EXIT

# Tries COMMAND until it succeeds, for at most three minutes.
until_true() {
	for _ in $(seq 360); do
		"$@" >"$tmp/tried" 2>&1 && return 0
		sleep 0.5
	done
	cat "$tmp/tried" "$tmp/one" "$tmp/qemu"
	return 1
}
boots() {
	said "$tmp/one" '^\[web\] boot .* nproc=2 ' '^\[dom0\] boot .* nproc=1 '
}
# books WHO - its running time and all of its time so far, in ms.
books() {
	ctl ledger "$1" >"$tmp/books" || return 1
	awk '/^running/ { ran = $2 } /^in all/ { print 1000 * ran, 1000 * $3 }' "$tmp/books"
}
# share WHO VCPUS LENGTH WANTED - per mille of a CPU that it gets over so many ms, from 200 ms
# on, within 20.
share() {
	# shellcheck disable=SC2046
	set -- "$@" $(books "$1")
	until_true later "$1" $(($6 + 200 * $2))
	# shellcheck disable=SC2046
	set -- "$1" "$2" "$3" "$4" $(books "$1")
	until_true later "$1" $(($6 + $3 * $2))
	# shellcheck disable=SC2046
	set -- "$@" $(books "$1")
	near "$1, per mille of a CPU" $((1000 * ($7 - $5) * $2 / ($8 - $6))) "$4" 20
}
later() {
	# shellcheck disable=SC2046
	set -- "$2" $(books "$1")
	[ "$3" -ge "$1" ]
}
shows() {
	pattern=$1; shift
	ctl "$@" >"$tmp/shown" && said "$tmp/shown" "$pattern"
}

until_true ctl info
check "the machine says what it is" shows '^Hypervisor   libration-hv [0-9.]+$' info
check "Linux guests reach user space" until_true boots || exit 1
check "list" shows '^web +1 +128 +2 +(running|-) .* 256 +- +- +- +-$' list
check "vcpus" shows '^web +1 +[01] .* all +all$' vcpus web
check "topology" shows '^ +1 +1 +0 +0 +0 +on line ' topology
check "console" shows '^boot linux=.* host=web ' console web
check "pin" ctl pin web all 0
check "create" ctl create name=hog image=hog.elf cpus=0
check "equal weights: half each" share hog 1 1000 500
check "weight" ctl weight hog 512
check "twice the weight: two thirds" share hog 1 1000 667
check "cap" ctl cap hog 25
check "a cap of 25 %" share hog 1 1000 250
check "no cap" ctl cap hog 0
check "policy" ctl policy rr
check "round robin over three vCPUs, whatever they weigh" share hog 1 1000 333
check "policy, back" ctl policy credit
check "CPU off line" ctl cpu 0 off
check "what is pinned there gets nothing" share hog 1 500 0
check "and waits for that" shows '^offline +(0\.[5-9]|[1-9])' ledger hog
check "dom0 runs elsewhere" shows '^dom0 +0 +1 ' vcpus dom0
check "CPU on line" ctl cpu 0 on
check "as before" share hog 1 1000 667
check "pause" ctl pause hog
check "nothing while paused" share hog 1 300 0
check "unpause" ctl unpause hog
refute "a floor that does not fit is refused in words" "CPU 0 lacks 50.0 % of a CPU, at most" \
	ctl floor web 150
check "create, with a floor" ctl create name=extra image=hog.elf vcpus=1 cpus=1 floor=10
check "it has the other CPU" share extra 1 500 1000
refute "create what does not fit" "held by more, extra" \
	ctl create name=more image=hog.elf cpus=1 floor=95
check "destroy" ctl destroy extra
check "the log" ctl log "$tmp/hv.log"
check "shutdown" ctl shutdown
wait $qemu
check "the hypervisor ends well" test $? -eq 33
check "every decision is the same on the desk" \
	sh -c "'$O/bin/ration' replay --no-progress '$tmp/hv.log' | grep 'decisions: all the same'"
