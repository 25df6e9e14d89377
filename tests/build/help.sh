#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# help.sh - `make help` lists the targets, and `make size` keeps its limits.
. tests/lib/check.sh

$MAKE help >"$tmp/help"
for target in all lib hv hv-test hv-run guests iso run test prove bench size tidy asan fuzz cross \
	cover format install uninstall clean help; do
	check "help lists $target" grep -q "^  make $target  *[A-Z]" "$tmp/help"
done
check "size is within its limits" $MAKE size
