#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# verbs.sh - what each verb costs in instructions, by policy and size, exactly and the
# same on every run; and what the recorder adds.  verbs.cc tells how.
O=${O:-build}
verbs=$O/tests/bench/verbs
command -v valgrind >/dev/null || { echo "no valgrind: nothing measured"; exit 0; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# measure FILE "FUNCTION..." LOAD CPUS VCPUS DECISIONS [off|on] - Callgrind collects inside of
# the functions, and nowhere else.
measure() {
	file=$tmp/$1
	toggles=$(for name in $2; do echo "--toggle-collect=$name"; done)
	shift 2
	valgrind --tool=callgrind --callgrind-out-file="$file" --log-file="$file.log" \
		--instr-atstart=no --combine-dumps=yes --dump-line=no $toggles \
		"$verbs" run "$@" || { cat "$file.log" >&2; exit 1; }
}

direct='ration_decide ration_cpu_saved ration_vcpu_wake ration_vcpu_block ration_vcpu_yield
	ration_expire'
recorded='ration_record_decide ration_record_saved ration_record_wake ration_record_block
	ration_record_yield ration_record_expire'
engine='ration_entitle_begin ration_entitle_dom ration_entitle_vcpu ration_entitle_step'

# machine CPUS VCPUS... - everything about a machine of so many CPUs.
machine() {
	cpus=$1
	shift
	for vcpus in "$@"; do
		for policy in credit sedf rr; do
			name=$policy.$cpus.$vcpus
			load="$policy $cpus $vcpus ${DECISIONS:-3000}"
			measure "$name" "$direct" $load
			measure "$name.off" "$recorded" $load off >"$tmp/again.$cpus"
			measure "$name.on" "$recorded" $load on >"$tmp/again.$cpus"
			measure "$name.drain" ration_record_drain $load on >"$tmp/again.$cpus"
		done
		for load in credit-caps credit-pins; do
			measure "$load.$cpus.$vcpus" "$direct" $load $cpus $vcpus 2000
		done
		for load in entitle entitle-pins; do
			measure "$load.$cpus.$vcpus" "$engine" $load $cpus $vcpus 20
		done
	done
}

# Side by side: instructions do not mind.
machine 4 16 256 2048 >"$tmp/small" &
machine 64 128 512 2048 >"$tmp/large"
large=$?
wait $!
small=$?
cat "$tmp/small" "$tmp/large"
[ $small -eq 0 ] && [ $large -eq 0 ] || exit 1
echo
"$verbs" table "$tmp" && verbs_ok=1
"$verbs" record "$tmp" && [ -n "$verbs_ok" ]
