#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# iso.sh OUT IMAGE OPTIONS MODULE... - a CD that boots the hypervisor by GRUB.
#
# Each MODULE is the path of a file and what stands on its line, as with QEMU's -initrd:
# "build/guest/vmlinuz name=dom0 vcpus=2 initrd=initramfs -- job=boot".  A file that
# several of them name is on the CD once.
set -eu
out=$1 image=$2 options=$3
shift 3
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/cd/boot/grub"
gzip -9 -c "$image" >"$tree/cd/boot/hv.gz"
{
	echo "set timeout=0"
	echo "menuentry 'libration' {"
	echo "	multiboot /boot/hv.gz $options"
	for module in "$@"; do
		file=${module%% *}
		cp "$file" "$tree/cd/boot/"
		# The first word of the line is the file's name: GRUB does not put it there.
		echo "	module /boot/${file##*/} ${file##*/} ${module#"$file"}"
	done
	echo "}"
} >"$tree/cd/boot/grub/grub.cfg"
grub-mkrescue -d /usr/lib/grub/i386-pc -o "$out.new" "$tree/cd" >"$tree/log" 2>&1 || {
	cat "$tree/log" >&2
	exit 1
}
mv "$out.new" "$out"
