# SPDX-License-Identifier: BSD-2-Clause
# cap.gp - the worst error of a cap in any 1 s window, caps of 1 to 100 %.
# DIR/cap.dat and DIR/cap-contended.dat: cap in %, error in points.  `make charts` calls it.
set terminal svg size 640,440 noenhanced font "sans-serif,13" background "white"
set output out
set title "A hog under a cap: error in windows of 1 s" font ",15"
set xlabel "cap, % of a CPU"
set ylabel "error, points"
set logscale y
set xrange [0:100]
set yrange [0.0005:5]
set format y "%g"
set key outside below maxrows 3 Left reverse
set grid lc rgb "#dddddd"
set border 3
set tics nomirror
least(e) = e < 0.001 ? 0.001 : e    # an error of 0 has no logarithm
# A model of Xen's credit: ticks of 10 ms, parked every 30 ms; the mean error of 180 windows.
$xen << END
1 1.34
2 1.33
3 0.02
4 1.34
5 1.33
6 0.02
7 1.34
8 1.33
9 0.02
10 1.34
15 0.02
20 1.33
25 1.34
30 1.33
40 2.00
50 1.33
60 2.00
70 0.001
80 1.33
90 2.00
END
plot $xen using 1:2 with points pt 2 ps 0.6 lc rgb "#777777" title "model of Xen's credit, mean", \
     0.6 with lines dt 3 lc rgb "#d6604d" title "promised, contended", \
     0.1 with lines dt 3 lc rgb "#2166ac" title "promised, alone", \
     dir."/cap-contended.dat" using 1:(least($2)) with points pt 7 ps 0.35 lc rgb "#d6604d" \
         title "here, contended, the worst", \
     dir."/cap.dat" using 1:(least($2)) with points pt 7 ps 0.2 lc rgb "#2166ac" \
         title "here, alone, the worst (0.001: or less)"
