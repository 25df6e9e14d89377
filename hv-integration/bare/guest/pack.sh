#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# pack.sh BUSYBOX DUTY OUT - the initramfs of the Linux guests, uncompressed.
set -eu
here=$(dirname "$0")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir "$tree/bin" "$tree/dev" "$tree/proc" "$tree/sys"
busybox=$(realpath "$1")
cp "$busybox" "$tree/bin/busybox"
cp "$2" "$tree/bin/duty"
# What init calls; a shell's user gets the rest from `busybox --install`.
for applet in sh mount mkdir sed grep cat hostname nproc sleep poweroff reboot uname; do
	ln -s busybox "$tree/bin/$applet"
done
cp "$here/linux/init" "$tree/init"
chmod 755 "$tree/init" "$tree/bin/busybox" "$tree/bin/duty"
find "$tree" -exec touch -h -d @0 {} +
(cd "$tree" && find . | LC_ALL=C sort | "$busybox" cpio -o -H newc -R 0:0 \
	--renumber-inodes --ignore-devno 2>/dev/null) >"$3.new"
mv "$3.new" "$3"
