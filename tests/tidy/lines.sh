#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tests/tidy/lines.sh [ROOT] - the form of every source file.
#
# Lines of at most 100 columns (a tab counts 4), without blanks at the end, indented by tabs;
# files of at most 600 lines, with a licence line, headers with a guard; no
# path that exists on one machine only; no drawer named utils or common.
cd "${1:-.}" || exit 2
files=$({
	find sched affinity topology sim hv-integration tests docs .ci -type f
	ls Makefile README.md CONTRIBUTING.md ration.pc.in 2>/dev/null
} | grep -E '\.(c|h|cc|S|ld|sh|md|in|yaml|cfg|1|5)$|^Makefile$|^\.ci/' | sort |
	grep -vE '^(tests/data|tests/fuzz/corpus)/')
{
	# Names have no blanks.
	# shellcheck disable=SC2086
	LC_ALL=C awk '
		function complain(text) { print FILENAME ":" FNR ": " text }
		function columns(line,    part, n, i, width) {
			# Without the second and further bytes of a character: a column is a character.
			gsub(/[\200-\277]/, "", line)
			n = split(line, part, "\t")
			for (i = 1; i < n; i++) {
				width += length(part[i])
				width += 4 - width % 4
			}
			return width + length(part[n])
		}
		# The file that was read last, of `lines` lines.
		function finish() {
			if (name == "") return
			if (code && !licensed) print name ": no licence line at the top"
			if (code && lines > 600) print name ": more than 600 lines"
			if (name ~ /\.h$/ && (!opened || !defined)) print name ": no guard " guard
		}
		function begin() {
			name = FILENAME
			base = name
			sub(/.*\//, "", base)
			if (base ~ /utils|common|misc|helpers/) print name ": what is this file about?"
			code = name !~ /\.(md|in|yaml|cfg|1|5)$/
			c = name ~ /\.(c|h|cc)$/
			guard = toupper(base)
			gsub(/[.-]/, "_", guard)
			licensed = opened = defined = raw = 0
			last = ""
		}
		FNR == 1 { finish(); begin() }
		{ lines = FNR }
		/[ \t\r]$/ { complain("blank at the end of the line") }
		# In a test a long string stays in one piece.
		code && length($0) > 25 && !(name ~ /\.cc$/ && /"/) && columns($0) > 100 {
			complain("longer than 100 columns")
		}
		match($0, /(^|[ "\047=(<`,:])\/(home|root|work|Users)\/[A-Za-z0-9_]/) {
			path = substr($0, RSTART)
			sub(/^[^\/]*/, "", path)
			complain("path of one machine: " path)
		}
		FNR <= 2 && /SPDX-License-Identifier: BSD-2-Clause/ { licensed = 1 }
		/^#ifndef / && $0 ~ guard "$" { opened = 1 }
		/^#define / && $0 ~ guard "$" { defined = 1 }
		c && / \t/ { complain("blank before a tab") }
		# Blanks may align the rest of a statement or a comment, not begin one.
		c && /R"/ { raw = 1 }
		c && !raw && /^ +[^ *]/ && last ~ /[;{}]$/ { complain("indented by blanks") }
		c && !raw { last = $0 }
		raw && /\)"/ { raw = 0 }
		END { finish() }' $files
	# Most often all end with one, and this is all there is to do.
	if [ "$(tail -q -c 1 $files | tr -d '\n' | wc -c)" -ne 0 ]; then
		for file in $files; do
			[ -z "$(tail -c 1 "$file")" ] || echo "$file: no newline at the end"
		done | grep -E '\.(c|h|cc):'
	fi
} | if grep .; then exit 1; fi
