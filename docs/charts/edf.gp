# SPDX-License-Identifier: BSD-2-Clause
# edf.gp - how many random sets of deadlines can be promised, by how full they are.
# DIR/edf20.dat, edf40.dat, edf75.dat: load in %, then sedf, partitioned, global in %.
# `make charts` calls it.
set terminal svg size 640,440 noenhanced font "sans-serif,13" background "white"
set output out
set title "300 random sets a point, 8 CPUs, periods of 10 to 100 ms" font ",15"
set xlabel "sum of slice / period, % of the machine"
set ylabel "sets without a missed deadline, %"
set xrange [50:100]
set yrange [0:105]
set key outside below maxrows 3 Left reverse
set grid lc rgb "#dddddd"
set border 3
set tics nomirror
dash(m) = m eq "20" ? 3 : m eq "40" ? 2 : 1
file(m) = dir."/edf".m.".dat"
plot for [m in "20 40 75"] file(m) using 1:2 with lines lw 2.5 dt dash(m) lc rgb "#2166ac" \
         title "sedf, mean 0.".m, \
     for [m in "20 40 75"] file(m) using 1:3 with lines lw 1.5 dt dash(m) lc rgb "#d6604d" \
         title "partitioned, mean 0.".m, \
     for [m in "20 40 75"] file(m) using 1:4 with lines lw 1.5 dt dash(m) lc rgb "#777777" \
         title "global EDF, mean 0.".m
