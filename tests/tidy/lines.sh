#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tests/tidy/lines.sh [ROOT] - the form of every source file.
#
# Lines of at most 100 columns (a tab counts 4), without blanks at the end, indented by tabs;
# files of at most 600 lines, with a licence line, headers with a guard; no
# path that exists on one machine only; no drawer named utils or common.
cd "${1:-.}" || exit 2
{
	find sched affinity topology sim hv-integration tests docs .ci -type f
	ls Makefile README.md CONTRIBUTING.md ration.pc.in 2>/dev/null
} | grep -E '\.(c|h|cc|S|ld|sh|md|in|yaml|cfg|1|5)$|^Makefile$|^\.ci/' | sort |
grep -vE '^(tests/data|tests/fuzz/corpus)/' | while read -r file; do
	case ${file##*/} in
	*utils*|*common*|*misc*|*helpers*) echo "$file: what is this file about?" ;;
	esac
	case $file in
	*.md|*.in|*.yaml|*.cfg|*.1|*.5) code= ;;
	*) code=1 ;;
	esac
	# Without the second and further bytes of a character: a column is a character.
	expand -t 4 "$file" | LC_ALL=C tr -d '\200-\277' | awk -v file="$file" -v code="$code" '
		function complain(text) { print file ":" NR ": " text }
		/[ \t\r]$/ { complain("blank at the end of the line") }
		# In a test a long string stays in one piece.
		code && length($0) > 100 && !(file ~ /\.cc$/ && /"/) { complain("longer than 100 columns") }
		match($0, /(^|[ "\047=(<`,:])\/(home|root|work|Users)\/[A-Za-z0-9_]/) {
			path = substr($0, RSTART)
			sub(/^[^\/]*/, "", path)
			complain("path of one machine: " path)
		}
		code && NR <= 2 && /SPDX-License-Identifier: BSD-2-Clause/ { licensed = 1 }
		END {
			if (code && !licensed) complain("no licence line at the top")
			if (code && NR > 600) complain("more than 600 lines")
		}'
	case $file in
	*.c|*.h|*.cc)
		# Blanks may align the rest of a statement or a comment, not begin one.
		awk -v file="$file" '
			/R"/ { raw = 1 }
			raw { if (/\)"/) raw = 0; next }
			/^ +[^ *]/ && last ~ /[;{}]$/ { print file ":" NR ": indented by blanks" }
			{ last = $0 }' "$file"
		grep -n "$(printf ' \t')" "$file" |
			sed "s,^\([0-9]*\):.*,$file:\1: blank before a tab,"
		[ -z "$(tail -c 1 "$file")" ] || echo "$file: no newline at the end" ;;
	esac
	case $file in
	*.h)
		guard=$(basename "$file" .h | tr 'a-z.-' 'A-Z__')_H
		grep -q "^#ifndef .*$guard\$" "$file" && grep -q "^#define .*$guard\$" "$file" ||
			echo "$file: no guard $guard" ;;
	esac
done | if grep .; then exit 1; fi
