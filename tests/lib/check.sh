# SPDX-License-Identifier: BSD-2-Clause
# tests/lib/check.sh - sourced by the test scripts, which run in the project's root.
#
# A script prints `ok NAME`, `not ok NAME` or `skip NAME` for each thing it
# checks, and tests/run.sh counts those lines.
# shellcheck shell=sh disable=SC2034

O=${O:-build}
MAKE="${MAKE:-make} -s"
# The jobs of the make that runs us are not ours: checks run side by side already.
unset MAKEFLAGS MFLAGS
MAKELEVEL=1; export MAKELEVEL

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# check NAME COMMAND... - is the command's exit 0?  What it said is shown if not.
check() {
	check_name=$1; shift
	if "$@" >"$tmp/out" 2>&1 </dev/null; then
		echo "ok $check_name"
	else
		echo "not ok $check_name"
		tail -n 40 "$tmp/out"
		return 1
	fi
}

# refute NAME TEXT COMMAND... - does the command fail, and say TEXT?
refute() {
	check_name=$1; check_text=$2; shift 2
	if "$@" >"$tmp/out" 2>&1 </dev/null; then
		echo "not ok $check_name"
		echo "it did not fail: $*"
	elif grep -qF -e "$check_text" "$tmp/out"; then
		echo "ok $check_name"
		return 0
	else
		echo "not ok $check_name"
		echo "it failed as it should, but did not say: $check_text"
		tail -n 40 "$tmp/out"
	fi
	return 1
}
