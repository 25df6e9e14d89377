#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# contention.sh - the calls of the port in ns, on two real CPUs that want the lock at
# once; and what a lock that is held so long would do to 64 CPUs.
O=${O:-build}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
"$O/tests/bench/contention" >"$tmp/out" || exit 1
cat "$tmp/out"
echo
"$O/tests/bench/lock_model" $(sed -n 's/^mean hold ns at 64 CPUs: //p' "$tmp/out")
