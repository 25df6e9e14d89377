#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# initramfs.sh - what the Linux guests are made of, without a hypervisor.
. tests/lib/check.sh
. tests/lib/hv.sh

unpack() {
	mkdir "$tmp/root" && (cd "$tmp/root" && "$busybox" cpio -i -d) <"$initrd"
}
is_static() {
	! readelf -lW "$1" | grep -q INTERP
}
links_work() {
	find "$tmp/root" -type l | while read -r link; do
		[ "$("$busybox" readlink "$link")" = busybox ] &&
			"$busybox" --list | grep -qx "${link##*/}" || { echo "$link"; exit 1; }
	done
}
jobs_count() {
	"$tmp/root/bin/duty" periodic 10ms 1ms 200ms >"$tmp/said"
	cat "$tmp/said"
	grep -q '^periodic jobs=20 ' "$tmp/said"
}
burners_end() {
	"$tmp/root/bin/duty" busy 100ms | grep -q "^busy vcpus=$(nproc) wall_ms=[0-9]" &&
		! pgrep -f "$tmp/root/bin/duty"
}

busybox=$(realpath "$guest/busybox")
check "the kernel is one that can be booted" grep -aq HdrS "$linux"
check "the initramfs unpacks" unpack
check "init is a shell script without mistakes" "$busybox" sh -n "$tmp/root/init"
check "init needs only what is there" links_work
for program in busybox duty; do
	check "$program is static" is_static "$tmp/root/bin/$program"
done
refute "duty tells how it is used" "usage:" "$tmp/root/bin/duty"
refute "duty refuses a time without a unit" "expected a length of time" \
	"$tmp/root/bin/duty" busy 10
if [ "$(id -u)" -eq 0 ]; then
	check "duty does so many jobs" jobs_count
	check "duty burns, and ends what burned" burners_end
else
	echo "skip duty does its jobs: only root may go before others"
fi
