# SPDX-License-Identifier: BSD-2-Clause
# screen.awk - the terminal of `make hv-run`: above a live table, below it the consoles, and
# on the last line what is typed.
#
# Reads what the hypervisor says, and among it, each second, lines of `hvctl list` behind
# "(list)", of `hvctl ledger` behind "(books)", and "(draw)".
# -v rows=N: of the terminal; -v table=N: of them for the table.

function at(row) {
	return "\033[" row ";1H\033[K"
}
function percent(part, whole) {
	return whole > 0 ? sprintf("%8.1f", 100 * part / whole) : sprintf("%8s", "-")
}
# A domain's books: what has grown since the last time; its span is that of all its vCPUs.
function books(name, running, waiting, all,   span) {
	span = all - last[name, "all"]
	if (span > 0 && vcpus[name] > 0) {
		cpu[name] = percent(vcpus[name] * (running - last[name, "running"]), span)
		steal[name] = percent(vcpus[name] * (waiting - last[name, "waiting"]), span)
	}
	last[name, "all"] = all
	last[name, "running"] = running
	last[name, "waiting"] = waiting
}
function draw(   i, name) {
	printf "\0337%s\033[7m%-12s %5s %8s %8s %8s %8s %9s \033[m", at(1), "domain", "vCPUs",
		"CPU %", "steal %", "weight", "cap %", "state"
	for (i = 1; i < table - 1; i++) {
		name = order[i]
		printf "%s", at(i + 1)
		if (i <= count)
			printf "%-12s %5d %8s %8s %8s %8s %9s", name, vcpus[name], cpu[name], steal[name],
				weight[name], cap[name], state[name]
	}
	printf "%s%s\0338", at(table), help
	fflush()
}

BEGIN {
	help = "\033[2mhvctl's commands (help, pin web1 all 0, cap web1 50, ...); NAME: TEXT types" \
		" on a console; quit\033[m"
	printf "\033[2J\033[%d;%dr\033[%d;1H> ", table + 1, rows - 1, rows
	fflush()
}
/^\(list\) Name/ { count = 0; next }
/^\(list\) / {
	order[++count] = $2
	vcpus[$2] = $5
	state[$2] = $6
	weight[$2] = $9
	cap[$2] = $10
	next
}
/^\(books\) Name/ { next }
/^\(books\) / {
	waiting = all = 0
	for (i = 3; i <= NF; i++) all += $i
	for (i = 4; i <= 11; i++) waiting += $i
	books($2, $3, waiting, all)
	next
}
/^\(draw\)/ { draw(); next }
{
	# A name's colour stays the same.
	if (match($0, /^\[[^]]*\]/)) {
		name = substr($0, 1, RLENGTH)
		if (!(name in colour))
			colour[name] = 31 + names++ % 6
		$0 = "\033[" colour[name] "m" name "\033[m" substr($0, RLENGTH + 1)
	}
	printf "\0337\033[%d;1H\n%s\0338", rows - 1, $0
	fflush()
}
END { printf "\033[r\033[%d;1H\n", rows }
