#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_tidy.sh - the tree is tidy; and each check finds what is planted in a copy.
. tests/lib/check.sh

for name in layers functions lines freestanding documented recursion; do
	check "tidy $name" "tests/tidy/$name.sh" .
done
check "tidy symbols" tests/tidy/symbols.sh "$O/libration.a"
check "tidy symbols of the port" tests/tidy/symbols.sh "$O/libration-port.a" nm "$O/libration.a"

mkdir "$tmp/tree"
cp -r Makefile README.md sched affinity topology sim docs tests .ci "$tmp/tree/"
[ ! -d hv-integration ] || cp -r hv-integration "$tmp/tree/"
victim=affinity/ration_affinity.h
port=hv-integration/port
control=hv-integration/control

# plant CHECK FILE TEXT COMPLAINT - CHECK must complain of TEXT at FILE's end.
plant() {
	cp "$tmp/tree/$2" "$tmp/kept" 2>/dev/null || : >"$tmp/kept"
	printf '%s\n' "$3" >>"$tmp/tree/$2"
	refute "$1 finds: $4" "$4" "tests/tidy/$1.sh" "$tmp/tree"
	cp "$tmp/kept" "$tmp/tree/$2"
	[ -s "$tmp/kept" ] || rm "$tmp/tree/$2"
}

# drop CHECK FILE PATTERN COMPLAINT - CHECK must complain when the lines go.
drop() {
	cp "$tmp/tree/$2" "$tmp/kept"
	grep -v -e "$3" "$tmp/kept" >"$tmp/tree/$2"
	refute "$1 finds: $4" "$4" "tests/tidy/$1.sh" "$tmp/tree"
	cp "$tmp/kept" "$tmp/tree/$2"
}

tab=$(printf '\t')
plant layers $victim '#include "ration.h"' \
	"affinity (rank 1) includes ration.h of sched/core (rank 3)"
plant layers sched/core/class.c '# include "ration_rr.h"' \
	"includes ration_rr.h of sched/rr (rank 4)"
plant layers sched/rr/rr.c '#include "ration_credit.h"' "policy sched/rr includes ration_credit.h"
plant layers sched/rr/rr.c '#include "core.h"' "private header core.h of sched/core in sched/rr"
plant layers sim/sim.h '#include "list.h"' "private header list.h of sched/base in sim"
plant layers sched/rr/rr.c '#include <string.h>' "<string.h> in a freestanding folder"
plant layers sched/rr/rr.c '#include "gone.h"' "no header gone.h in the tree"
plant layers $port/port.c '#include <string.h>' "<string.h> in a freestanding folder"
plant layers $port/port.c '#include "sim.h"' \
	"hv-integration/port (rank 4.5) includes sim.h of sim (rank 5)"
plant layers $port/port.c '#include "core.h"' "private header core.h of sched/core in $port"
plant layers $port/port.c '#include "list.h"' "private header list.h of sched/base in $port"
plant layers sched/rr/rr.c '#include "ration_port.h"' \
	"includes ration_port.h of $port (rank 4.5)"
plant layers $control/wire.c '#include <string.h>' "<string.h> in a freestanding folder"
plant layers $control/wire.c '#include "sim.h"' \
	"$control (rank 4.7) includes sim.h of sim (rank 5)"
plant layers $port/port.c '#include "ration_control.h"' \
	"$port (rank 4.5) includes ration_control.h of $control (rank 4.7)"
plant layers sim/sim.h '#include "control.h"' "private header control.h of $control in sim"
plant layers sim/sim.h '#include "record.h"' "private header record.h of $port in sim"
plant layers hv-integration/thread/odd.c '#include "record.h"' "private header record.h of $port"
plant layers sim/list.h '/* again */' "has the name of"

long_function=$(printf 'static int long_one(void)\n{\n%s\n\treturn 0;\n}' \
	"$(awk 'BEGIN { for (i = 0; i < 68; i++) print "\t(void)0;" }')")
plant functions sched/rr/rr.c "$long_function" "long_one has 72 lines, more than 70"

plant lines $victim "/* $(printf '%0100d' 0) */" "longer than 100 columns"
plant lines $victim "int x; " "blank at the end of the line"
plant lines $victim "int f(void) {
  return 1; }" "indented by blanks"
plant lines $victim "int$tab x; $tab/* */" "blank before a tab"
plant lines README.md 'See /home/''me/notes.' "path of one machine: /home/""me"
plant lines sim/plain.c 'int x;' "no licence line at the top"
plant lines sim/plain.h '/* SPDX-License-Identifier: BSD-2-Clause */' "no guard PLAIN_H"
plant lines sim/sim_utils.c 'int x;' "what is this file about?"
plant lines sim/plain.c \
	"$(awk 'BEGIN { for (i = 0; i < 601; i++) print "/**/" }')" "more than 600 lines"

plant freestanding sched/rr/rr.c 'static const double d = 1;' "float, double or __int128"
plant freestanding sched/rr/rr.c 'static const int d = (int)1.5;' "a floating constant"
plant freestanding sched/rr/rr.c '#ifdef DEBUG' "conditional code"
plant freestanding $port/port.c 'static const double d = 1;' "float, double or __int128"
plant freestanding $port/port.c '#if defined(__x86_64__)' "conditional code"
plant freestanding $control/wire.c 'static const double d = 1;' "float, double or __int128"
plant freestanding $port/ration_lock.h '#if defined(__SSE2__)' "conditional code"
for slot in admit ready decide expire check shadow; do
	drop freestanding sched/rr/rr.c "\.$slot = " "slot $slot of the policy table is not set"
done
plant documented $victim '
int ration_affinity_guess(int x);' "ration_affinity_guess has no comment"
plant documented $port/ration_port.h '
int ration_port_guess(int x);' "ration_port_guess has no comment"
plant documented $control/ration_control.h '
int ration_control_guess(int x);' "ration_control_guess has no comment"
# What follows compiles all that is there: what is planted will do.
find "$tmp/tree" -name '*.c' -delete
plant recursion $port/odd.c 'int a(int x); int a(int x) { return x ? a(x - 1) + 1 : 0; }' \
	"recursion: "
plant recursion affinity/odd.c 'int a(int x); int b(int x);
int a(int x) { return b(x) + 1; } int b(int x) { return a(x) + 1; }' "recursion: "
plant recursion $control/odd.c 'int a(int x); int a(int x) { return x ? a(x - 1) + 1 : 0; }' \
	"recursion: "
plant recursion affinity/odd.c 'int a(int x); int a(int x) { return x ? a(x - 1) + 1 : 0; }' \
	"recursion: "

below=
# symbols.sh LINE COMPLAINT - compile a line, and see what symbols.sh says of it.
symbols() {
	printf '%s\n' "$1" >"$tmp/odd.c"
	rm -f "$tmp/odd.a"
	gcc -std=gnu11 -O2 -ffreestanding -c "$tmp/odd.c" -o "$tmp/odd.o" &&
		ar rc "$tmp/odd.a" "$tmp/odd.o"
	refute "symbols finds: $2" "$2" tests/tidy/symbols.sh "$tmp/odd.a" nm "$below"
}
symbols 'void puts(const char *); void ration_x(void); void ration_x(void) { puts(""); }' \
	"undefined, and no host supplies it: puts"
symbols 'void ration_gone(void); void ration_x(void) { ration_gone(); }' \
	"undefined, and no host supplies it: ration_gone"
symbols 'unsigned long ration_d(unsigned long a, unsigned long b);
unsigned long ration_d(unsigned long a, unsigned long b)
{ return (unsigned long)((unsigned __int128)a * a / b); }' \
	"undefined, and no host supplies it: __udivti3"
below=$O/libration.a
symbols 'void ration_gone(void); void ration_x(void) { ration_gone(); }' \
	"undefined, and no host supplies it: ration_gone"
symbols 'void ration_decide(void) { }' "exported by the archive below too: ration_decide"
below=
symbols 'void init(void) { }' "exported without the prefix ration_: init"
symbols 'int *ration_c(void) { static int calls; calls++; return &calls; }' "writable data: calls"
