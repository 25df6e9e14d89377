# SPDX-License-Identifier: BSD-2-Clause
# shares.gp - got against entitled, every domain of the random machines.
# DIR/shares.dat: entitled and got in CPUs, 1: pinned.  `make charts` calls it.
set terminal svg size 640,480 noenhanced font "sans-serif,13" background "white"
set output out
set title "1,000 random machines with hogs, 10 s, tslice 1 ms, ratelimit 0.1 ms" font ",15"
set xlabel "entitled: what linear programming says each domain is owed, CPUs"
set ylabel "got, CPUs"
set logscale xy
set xrange [0.0001:20]
set yrange [0.0001:20]
set format xy "%g"
set key left top Left reverse
set grid lc rgb "#dddddd"
set border 3
set tics nomirror
plot x with lines lc rgb "#999999" title "ideal", \
     dir."/shares.dat" using ($3 == 0 ? $1 : NaN):2 with points pt 7 ps 0.3 lc rgb "#2166ac" title "unpinned", \
     dir."/shares.dat" using ($3 == 1 ? $1 : NaN):2 with points pt 7 ps 0.3 lc rgb "#d6604d" title "pinned"
