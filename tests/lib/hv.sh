# SPDX-License-Identifier: BSD-2-Clause
# tests/lib/hv.sh - boots the bare hypervisor under QEMU; sourced after check.sh.
#
# The machine is emulated instruction by instruction (-icount): its time is a count of
# them, so that one seed gives one run, however busy the desk is.  A run is done well
# only with exit 33, the hypervisor's own word: a reset gives 0, no end 124.
# shellcheck shell=sh disable=SC2034

hv_image=$O/libration-hv.elf
guest=$O/guest

# Of the next run; hv_reset gives them back their values.
hv_reset() {
	hv_seed=1       # of the machine's random numbers
	hv_cpus=2       # or all that -smp takes
	hv_mib=1024     # of memory
	hv_options=     # of the hypervisor, beside those that every run has
	hv_shift=3      # an instruction takes 2^this ns
	hv_more=        # options of QEMU
	hv_limit=900    # seconds of the desk's time
}
hv_reset

# The kernel and its initramfs, a tiny guest: the files of modules.
linux=$guest/vmlinuz
initrd=$guest/initramfs
# What a Linux guest's command line begins with.
linux_line="initrd=initramfs -- rdinit=/init nokaslr mitigations=off panic=-1"
linux_line="$linux_line cryptomgr.notests=1 quiet"

# hv_run LOG MODULE... - one run; LOG has what the first serial port said, LOG.second what
# the second one did.
# Each module is the path of a file and what stands on its line; a comma is a comma.
hv_run() {
	hv_log=$1; shift
	hv_modules=$(for module in "$@"; do echo "$module"; done |
		sed 's/,/,,/g' | awk '{ printf "%s%s", (NR > 1 ? "," : ""), $0 }')
	# The options are lists of words.  shellcheck disable=SC2086
	timeout --foreground "$hv_limit" qemu-system-x86_64 -nodefaults -no-reboot -display none \
		-cpu max -m "$hv_mib" -smp "$hv_cpus" -icount shift="$hv_shift",sleep=off \
		-seed "$hv_seed" -device isa-debug-exit,iobase=0xf4,iosize=4 $hv_more \
		-serial "file:$hv_log" -serial "file:$hv_log.second" \
		-kernel "$hv_image" -append "$hv_options" ${hv_modules:+-initrd "$hv_modules"} </dev/null
	hv_status=$?
	[ $hv_status -eq 33 ] || {
		echo "QEMU's exit is $hv_status, not 33; the end of $hv_log:"
		tail -n 30 "$hv_log"
		return 1
	}
}

# said LOG PATTERN... - does each stand in LOG (grep -E)?  The first that does not is told.
said() {
	hv_log=$1; shift
	for pattern in "$@"; do
		grep -qE -e "$pattern" "$hv_log" || {
			echo "$hv_log does not say: $pattern"
			tail -n 30 "$hv_log"
			return 1
		}
	done
}

# number LOG NAME KEY - the value of `KEY=` in the last line of guest NAME that has it.
number() {
	sed -n "s/^\[$2\] .*\<$3=\([0-9]*\).*/\1/p" "$1" | tail -n 1
}

# ledger LOG WHO KEY [NTH] - of the table's line for WHO (domain=NAME, vcpu=NAME.N, cpu=N,
# time_ns=): the value of KEY, in the NTH table of the log or the last one.
ledger() {
	awk -v who="$2" -v key="$3" -v nth="${4:-0}" '
		/^\(hv\) ledger time_ns=/ { if (nth && tables == nth) exit; tables++ }
		/^\(hv\) ledger / && index($3, who) == 1 && (who ~ /=$/ || $3 == who) {
			for (i = 3; i <= NF; i++)
				if (index($i, key "=") == 1) value = substr($i, length(key) + 2)
		}
		END { print value }' "$1"
}

# near WHAT GOT WANTED WITHIN - all in one unit.
near() {
	awk -v what="$1" -v got="$2" -v wanted="$3" -v within="$4" 'BEGIN {
		off = got - wanted
		printf "%s: %s, wanted %s within %s\n", what, got, wanted, within
		exit !(got != "" && off <= within && -off <= within)
	}'
}
