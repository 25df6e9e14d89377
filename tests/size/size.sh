#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tests/size/size.sh O - print what the -Os build in O costs; exit 1 where a limit is passed.
set -u
out=$1
code_max=49152 vcpu_max=256 domain_max=512 cpu_max=2048 stack_max=1024

echo "Code and constants, bytes (-Os):"
find "$out/obj/sched" "$out/obj/affinity" "$out/obj/topology" -name '*.o' | sort | xargs size |
	awk -v out="$out/obj/" -v max=$code_max '
		NR > 1 {
			folder = $6; sub(out, "", folder); sub(/\/[^\/]*$/, "", folder)
			bytes[folder] += $1 + $2; total += $1 + $2
			if (!(folder in seen)) { seen[folder] = 1; order[++count] = folder }
		}
		END {
			for (i = 1; i <= count; i++)
				printf "  %-14s %7d\n", order[i], bytes[order[i]]
			printf "  %-14s %7d   limit %d%s\n", "total", total, max,
				(total > max ? "  EXCEEDED" : "")
			exit total > max
		}' || failed=1

echo "Memory, bytes:   instance     vCPU   domain      CPU"
{ "$out/bytes"; echo limit 0 $vcpu_max $domain_max $cpu_max; } | awk '
	{ printf "  %-14s %8s %8d %8d %8d\n", $1, $1 == "limit" ? "-" : $2, $3, $4, $5 }
	$1 != "limit" { for (i = 3; i <= 5; i++) if ($i > worst[i]) worst[i] = $i; lines++ }
	$1 == "limit" { for (i = 3; i <= 5; i++) if (worst[i] > $i) { print "  EXCEEDED"; bad = 1 } }
	END { exit bad || lines < 2 }' || failed=1

echo "Stack of one function, bytes (the five worst):"
find "$out/obj" -name '*.su' -exec cat {} + | sort -t "$(printf '\t')" -k 2 -n -r |
awk -F '\t' -v max=$stack_max '
	$3 !~ /static/ { print "  not bounded: " $1; bad = 1 }
	NR <= 5 {
		name = $1; sub(/.*:/, "", name)
		printf "  %-22s %7d%s\n", name, $2, (NR == 1 ? "   limit " max : "")
	}
	$2 > max { bad = 1 }
	END { exit bad }' || { echo "  EXCEEDED"; failed=1; }
exit ${failed:-0}
