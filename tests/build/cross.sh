#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# cross.sh - the library for aarch64 and riscv64: it compiles, and needs nothing there either.
. tests/lib/check.sh

for arch in aarch64 riscv64; do
	check "cross $arch" $MAKE O="$O/cross/$arch" ARCH=$arch CC=$arch-linux-gnu-gcc \
		AR=$arch-linux-gnu-ar lib &&
		check "cross $arch symbols" \
			tests/tidy/symbols.sh "$O/cross/$arch/libration.a" $arch-linux-gnu-nm &&
		check "cross $arch symbols of the port" \
			tests/tidy/symbols.sh "$O/cross/$arch/libration-port.a" $arch-linux-gnu-nm \
				"$O/cross/$arch/libration.a"
done
