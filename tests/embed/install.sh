#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# install.sh - a program outside of the tree builds against what `make install` installs.
. tests/lib/check.sh
dest=$tmp/dest
root=$dest/opt/ration

check "install" $MAKE install DESTDIR="$dest" PREFIX=/opt/ration || exit 1
for file in lib/libration.a lib/libration-port.a lib/pkgconfig/ration.pc \
	include/libration/ration.h include/libration/ration_policy.h \
	include/libration/ration_port.h include/libration/ration_record.h \
	include/libration/ration_lock.h include/libration/ration_control.h \
	bin/ration share/man/man1/ration.1 bin/hvctl share/man/man1/hvctl.1 \
	share/bash-completion/completions/ration share/doc/libration/LICENSE; do
	check "installed $file" test -s "$root/$file"
done
check "the installed archive is the built one" cmp "$O/libration.a" "$root/lib/libration.a"
check "the installed port is the built one" \
	cmp "$O/libration-port.a" "$root/lib/libration-port.a"
for header in core.h record.h control.h; do
	check "no private header $header" test ! -e "$root/include/libration/$header"
done
for page in "$root"/share/man/man*/*; do
	check "manual page ${page##*/}" mandoc -T lint -W warning "$page"
done

export PKG_CONFIG_PATH="$root/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$dest"
mkdir "$tmp/outside"
cp tests/embed/outside.c tests/embed/outside_port.c "$tmp/outside/"
build() {
	(cd "$tmp/outside" && ${1} -Wall -Wextra -Werror ${2} $(pkg-config --cflags ration) \
		$(pkg-config --libs ration) -o outside)
}
check "pkg-config knows it" pkg-config --exists ration
for source in outside.c outside_port.c; do
	for compiler in gcc clang; do
		check "$source, with $compiler" build $compiler "-std=c11 $source" &&
			check "$source, $compiler's runs" "$tmp/outside/outside"
	done
	check "$source, as C++" build g++ "-std=c++17 -x c++ $source -x none" &&
		check "$source, the C++ runs" "$tmp/outside/outside"
done

for header in "$root"/include/libration/*.h; do
	name=${header##*/}
	check "$name alone, C" gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -ffreestanding \
		-fsyntax-only -x c "$header"
	check "$name alone, C++" g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
		-x c++ "$header"
done

check "uninstall" $MAKE uninstall DESTDIR="$dest" PREFIX=/opt/ration
check "uninstall leaves no file" test -z "$(find "$dest" -type f)"
