#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# fetch.sh DIR - Debian's cloud kernel and static busybox, unpacked into DIR.
#
# Leaves DIR/vmlinuz, DIR/busybox and DIR/versions.  Nothing is installed: the
# packages are downloaded by apt-get and opened beside it.  What is there stays.
set -eu

die() {
	echo "fetch.sh: $*" >&2
	exit 1
}

dir=$1
[ ! -s "$dir/versions" ] || exit 0
command -v apt-get >/dev/null || die "needs Debian's apt-get, to download a kernel and busybox"
mkdir -p "$dir/deb"
# apt-get's downloads are unpacked by whoever calls; `_apt` need not see the folder.
fetch() {
	(cd "$dir/deb" && apt-get download -q -o APT::Sandbox::User=root "$@") >"$dir/log" 2>&1
}
# The package of the newest kernel: the metapackage depends on it.
kernel() {
	apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/.*Depends: \(linux-image-[0-9].*-cloud-amd64\)$/\1/p' | head -n 1
}
update() {
	sudo=
	[ "$(id -u)" -eq 0 ] || sudo=sudo
	$sudo apt-get update -q >"$dir/log" 2>&1
}

echo "fetch.sh: downloading Debian's cloud kernel and busybox into $dir"
[ -n "$(kernel)" ] && fetch "$(kernel)" busybox-static || {
	# The lists of packages are missing or out of date.
	update && [ -n "$(kernel)" ] && fetch "$(kernel)" busybox-static
} || {
	tail -n 20 "$dir/log" >&2
	die "apt-get could not download linux-image-cloud-amd64 and busybox-static"
}
for deb in "$dir"/deb/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" |
		tar -x -C "$dir/deb" --wildcards './boot/vmlinuz-*' './bin/busybox' 2>/dev/null || true
done
mv "$dir"/deb/boot/vmlinuz-* "$dir/vmlinuz"
mv "$dir/deb/bin/busybox" "$dir/busybox"
(cd "$dir/deb" && ls ./*.deb) >"$dir/versions.new"
rm -rf "$dir/deb" "$dir/log"
mv "$dir/versions.new" "$dir/versions"
