# SPDX-License-Identifier: BSD-2-Clause
# screen.awk - the terminal of `make hv-run`: above a live table, below it the consoles, and
# on the last line what is typed.  Reads what the hypervisor says, once a second a ledger too.
#
# -v rows=N: of the terminal; -v table=N: of them for the table.

function at(row) {
	return "\033[" row ";1H\033[K"
}
function percent(part, whole) {
	return whole > 0 ? sprintf("%8.1f", 100 * part / whole) : "       -"
}
# The value of KEY= on this line.
function value(key,   i) {
	for (i = 3; i <= NF; i++)
		if (index($i, key "=") == 1)
			return substr($i, length(key) + 2)
	return 0
}
# How much KEY of WHO has grown since the last table.
function grown(who, key,   now, was) {
	now = value(key)
	was = last[who, key]
	last[who, key] = now
	return now - was
}
function draw(   i) {
	printf "\0337" at(1) "\033[7m%-9s %5s %8s %8s %8s %8s %9s   %-38s\033[m",
		"domain", "vCPUs", "CPU %", "steal %", "blocked", "down", "exits/s", head
	for (i = 1; i < table - 1; i++)
		printf "%s%s", at(i + 1), i <= count ? line[i] : ""
	printf "%s%s\0338", at(table), cpus
	fflush()
}

BEGIN {
	printf "\033[2J\033[%d;%dr\033[%d;1H> ", table + 1, rows - 1, rows
	fflush()
}
/^\(hv\) ledger time_ns=/ {
	if (time) draw()
	span = value("time_ns") - time
	time += span
	head = sprintf("%s, %.1f s", value("policy"), time / 1e9)
	count = 0
	cpus = ""
	next
}
/^\(hv\) ledger domain=/ {
	who = value("domain")
	text = sprintf("%-9s %5d %s %s %s %s", who, value("vcpus"),
		percent(grown(who, "running_ns"), span), percent(grown(who, "waiting_ns"), span),
		percent(grown(who, "blocked_ns"), span), percent(grown(who, "down_ns"), span))
	exits = grown(who, "exits")
	if (value("gone") + 0 == 0)
		line[++count] = text sprintf(" %9d", span > 0 ? exits * 1e9 / span : 0)
	next
}
/^\(hv\) ledger cpu=/ {
	who = "CPU " value("cpu")
	cpus = cpus sprintf("%s %s%%  ", who, percent(grown(who, "busy_ns"), span))
	next
}
/^\(hv\) ledger/ { next }
{
	# The consoles: a name's colour stays the same.
	if (match($0, /^\[[^]]*\]/)) {
		name = substr($0, 1, RLENGTH)
		if (!(name in colour))
			colour[name] = 31 + (++names - 1) % 6
		$0 = "\033[" colour[name] "m" name "\033[m" substr($0, RLENGTH + 1)
	}
	printf "\0337\033[%d;1H\n%s\0338", rows - 1, $0
	fflush()
}
END { printf "\033[r\033[%d;1H\n", rows }
