#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# runner.sh - tests/run.sh counts what passes, fails, crashes and does nothing.
. tests/lib/check.sh

fake() {
	printf '#!/bin/sh\n%s\n' "$2" >"$tmp/$1"
	chmod +x "$tmp/$1"
}
fake two.sh 'echo "ok a"; echo "ok b"; echo "skip c"'
fake bad.sh 'echo "ok a"; echo "not ok b"'
fake silent.sh 'exit 0'
fake crash.sh 'echo "ok a"; kill -SEGV $$'
fake both.sh 'echo "not ok b"; exit 1'
fake program 'cat <<END
[ RUN      ] x.a
[       OK ] x.a (0 ms)
[ RUN      ] x.b
x.cc:1: Failure
[  FAILED  ] x.b, where GetParam() = 1 (3 ms)
[  SKIPPED ] x.c (0 ms)
[  PASSED  ] 1 test.
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] x.c
[  FAILED  ] 1 test, listed below:
[  FAILED  ] x.b, where GetParam() = 1
END
exit 1'

# says LINE CHECK... - run.sh ends with LINE.
says() {
	line=$1; shift
	O="$tmp/o" tests/run.sh "" "$@" >"$tmp/said" 2>&1
	status=$?
	cat "$tmp/said"
	[ "$(tail -n 1 "$tmp/said")" = "$line" ] || return 1
	case $line in *", 0 failed"*) [ $status -eq 0 ] ;; *) [ $status -ne 0 ] ;; esac
}
check "all pass" says "2 passed, 0 failed, 1 skipped" "$tmp/two.sh"
check "one fails" says "3 passed, 1 failed, 1 skipped" "$tmp/two.sh" "$tmp/bad.sh"
check "a crash is a failure" says "1 passed, 1 failed" "$tmp/crash.sh"
check "a check that says nothing is a failure" says "0 passed, 1 failed" "$tmp/silent.sh"
check "a failure is counted once" says "0 passed, 1 failed" "$tmp/both.sh"
check "GoogleTest is counted" says "1 passed, 1 failed, 1 skipped" "$tmp/program"
check "the filter is obeyed" test "$(O="$tmp/o" tests/run.sh two "$tmp/two.sh" "$tmp/bad.sh" |
	tail -n 1)" = "2 passed, 0 failed, 1 skipped"
refute "no test at all is a failure" "0 passed, 0 failed" \
	env O="$tmp/o" tests/run.sh none "$tmp/two.sh"
