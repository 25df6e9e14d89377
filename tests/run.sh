#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tests/run.sh FILTER CHECK... - run the checks whose name has FILTER, and sum up.
#
# A check is a GoogleTest program, or a script that prints `ok NAME`, `not ok
# NAME` or `skip NAME` for each thing that it checks.  As many run side by side
# as there are CPUs; what each one prints goes to $O/log.  One that ends with
# an error and no failed test of its own (it crashed, or ran too long) counts
# as one failed.  The last line is `N passed, N failed`.
set -u
O=${O:-build}
log=$O/log

# Runs one check; leaves NAME.log, and `passed failed skipped` in NAME.sum.
run_one() {
	name=$(echo "${1%.sh}" | sed "s,^$O/,,; s,^tests/,,; s,/,-,g")
	begin=$(date +%s)
	case $1 in
	*.sh) timeout --foreground --kill-after=30 "${LIMIT:-1200}" sh "$1" ;;
	*) timeout --foreground --kill-after=30 "${LIMIT:-1200}" "$1" --gtest_color=no ;;
	esac >"$log/$name.log" 2>&1 </dev/null
	status=$?
	awk -v status=$status -v name="$name" -v log_file="$log/$name.log" '
		/^ok / || /^\[       OK \]/ { passed++ }
		/^skip / || /^\[  SKIPPED \] .*\(/ { skipped++ }
		/^not ok / || /^\[  FAILED  \] .*\([0-9]+ ms\)$/ { failed++; print "  " $0 }
		END {
			if (!failed && (status || !(passed + skipped))) {
				failed++
				print "  " name ": exit " status
			}
			if (failed)
				print "  see " log_file
			print passed + 0, failed + 0, skipped + 0 >(log_file ".sum")
		}' "$log/$name.log" >"$log/$name.why"
	read -r passed failed skipped <"$log/$name.log.sum"
	[ "$failed" -eq 0 ] && verdict=ok || verdict=FAILED
	seconds=$(($(date +%s) - begin))
	printf '  %-7s%-28s %4d s %5d passed%s%s\n' $verdict "$name" $seconds "$passed" \
		"$([ "$failed" -gt 0 ] && printf ', %d failed' "$failed")" \
		"$([ "$skipped" -gt 0 ] && printf ', %d skipped' "$skipped")"
}

if [ "${1:-}" = --one ]; then
	run_one "$2"
	exit 0
fi

filter=$1; shift
rm -rf "$log" && mkdir -p "$log" || exit 1
for check in "$@"; do
	case $check in *"$filter"*) echo "$check" ;; esac
done | xargs -r -n 1 -P "$(nproc)" "$0" --one

set -- "$log"/*.why
[ -e "$1" ] && for why in "$@"; do
	[ -s "$why" ] || continue
	log_file=${why%.why}.log
	echo
	echo "$log_file (its end):"
	tail -n 30 "$log_file" | sed 's/^/    /'
	cat "$why"
done
echo
cat "$log"/*.sum 2>/dev/null | awk '
	{ passed += $1; failed += $2; skipped += $3 }
	END {
		printf "%d passed, %d failed%s\n", passed, failed,
			skipped ? ", " skipped " skipped" : ""
		exit failed > 0 || passed == 0
	}'
