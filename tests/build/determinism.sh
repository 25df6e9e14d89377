#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# determinism.sh - one seed gives one trace, byte for byte, from gcc and clang, -O0 and -O2.
. tests/lib/check.sh

for build in gcc-O0 clang-O0 clang-O2; do
	check "build ${build%-*} -${build#*-}" $MAKE O="$O/det/$build" CC=${build%-*} \
		OPT=-${build#*-} JEMALLOC=0 "$O/det/$build/bin/ration" || exit 1
done
# What is in $O is gcc's, with -O2.
mkdir -p "$O/det/gcc-O2/bin" && cp "$O/bin/ration" "$O/det/gcc-O2/bin/"

# trace BUILD SCENARIO SEED POLICY TO - leaves TO.trace and TO.hash.
trace() {
	"$O/det/$1/bin/ration" run "$2" --seed "$3" --policy "$4" --time 500ms \
		--trace "$5.trace" --json "$5.json" >/dev/null &&
		grep -o '"trace_hash": *[^,}]*' "$5.json" >"$5.hash"
}

same_everywhere() {
	trace gcc-O2 "$1" 7 "$2" "$tmp/first" || return 1
	[ -s "$tmp/first.hash" ] && [ -s "$tmp/first.trace" ] || return 1
	for build in gcc-O0 clang-O0 clang-O2; do
		trace $build "$1" 7 "$2" "$tmp/next" || return 1
		cmp "$tmp/first.trace" "$tmp/next.trace" || return 1
		cmp "$tmp/first.hash" "$tmp/next.hash" || return 1
	done
}

other_seed_differs() {
	trace gcc-O2 "$1" 7 credit "$tmp/first" && trace gcc-O2 "$1" 8 credit "$tmp/next" || return 1
	! cmp -s "$tmp/first.hash" "$tmp/next.hash" && ! cmp -s "$tmp/first.trace" "$tmp/next.trace"
}

for scenario in tests/build/mixed.yaml sim/scenarios/server.yaml; do
	name=$(basename "$scenario" .yaml)
	for policy in credit sedf rr; do
		check "same trace of $name under $policy" same_everywhere "$scenario" $policy
	done
	check "another seed, another trace of $name" other_seed_differs "$scenario"
done
