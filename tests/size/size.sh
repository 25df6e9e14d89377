#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tests/size/size.sh O - print what the -Os build in O costs; exit 1 where a limit is passed.
set -u
out=$1
code_max=53248 vcpu_max=256 domain_max=512 cpu_max=2048 stack_max=1024

# The limit, 52 KiB, is on code: sections .text*.  Constants (messages of assertions and
# checks, most of them) stand beside it.
echo "Bytes (-Os):              code  constants"
find "$out/obj/sched" "$out/obj/affinity" "$out/obj/topology" "$out/obj/hv-integration/port" \
	-name '*.o' | sort | xargs size -A |
	awk -v out="$out/obj/" -v max=$code_max '
		/:$/ {
			folder = $1; sub(out, "", folder); sub(/\/[^\/]*$/, "", folder)
			if (!(folder in seen)) { seen[folder] = 1; order[++count] = folder }
		}
		/^\.text/ { code[folder] += $2 }
		/^\.(rodata|data)/ { constants[folder] += $2 }
		function line(name, c, k) { printf "  %-20s %7d %10d", name, c, k }
		# The core and the policies have a limit; what stands beside them has none.
		END {
			for (i = 1; i <= count; i++)
				if (order[i] ~ /^sched\//) {
					line(order[i], code[order[i]], constants[order[i]]); print ""
					total += code[order[i]]; rest += constants[order[i]]
				}
			line("all of sched", total, rest)
			printf "   limit of code %d%s\n", max, (total > max ? "  EXCEEDED" : "")
			for (i = 1; i <= count; i++)
				if (order[i] !~ /^sched\//) {
					line(order[i], code[order[i]], constants[order[i]]); print ""
				}
			exit total > max || total == 0
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
	$3 !~ /static|bounded/ { print "  not bounded: " $1; bad = 1 }
	NR <= 5 {
		name = $1; sub(/.*:/, "", name)
		printf "  %-22s %7d%s\n", name, $2, (NR == 1 ? "   limit " max : "")
	}
	$2 > max { bad = 1 }
	END { exit bad }' || { echo "  EXCEEDED"; failed=1; }
exit ${failed:-0}
