/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quantile.c - prints sim/quantile_table.h.  Run by hand, on one machine, once:
 *
 *     cc -O1 sim/tables/quantile.c -lm -o /tmp/quantile && /tmp/quantile > sim/quantile_table.h
 *
 * It is no part of the build: what it computes with libm is committed, so that
 * every build of the simulator has the same integers.
 */
#include <math.h>
#include <stdio.h>

/* z with a standard normal's tail above z equal to p: bisection, then no doubt. */
static long double normal_tail(long double p)
{
	long double low = 0, high = 40;

	for (int i = 0; i < 200; i++) {
		long double z = (low + high) / 2;

		if (0.5L * erfcl(z / sqrtl(2)) > p)
			low = z;
		else
			high = z;
	}
	return low;
}

static void row(int i, int last, long double value)
{
	printf("%s%lluu%s", i % 6 == 0 ? "\t" : "", (unsigned long long)llroundl(value),
	       i == last ? "\n" : i % 6 == 5 ? ",\n" : ", ");
}

int main(void)
{
	puts("/* SPDX-License-Identifier: BSD-2-Clause */\n"
	     "/* quantile_table.h - made by sim/tables/quantile.c; see distribution.c. */\n"
	     "#ifndef QUANTILE_TABLE_H\n#define QUANTILE_TABLE_H\n\n#include <stdint.h>\n");

	puts("/* -ln(0.5 + i / 256) * 2^26 */\nstatic const uint32_t quantile_ln[129] = {");
	for (int i = 0; i <= 128; i++)
		row(i, 128, -logl(0.5L + i / 256.0L) * (1 << 26));

	puts("};\n\n/* 2^(i / 128) * 2^30 */\nstatic const uint32_t quantile_exp2[129] = {");
	for (int i = 0; i <= 128; i++)
		row(i, 128, exp2l(i / 128.0L) * (1 << 30));

	puts("};\n\n/* z * 2^24 with a tail above z of 2^-(2 + i / 32) * (2 - i % 32 / 32) */\n"
	     "static const uint32_t quantile_normal[1025] = {");
	for (int i = 0; i <= 1024; i++)
		row(i, 1024, normal_tail(ldexpl(2 - i % 32 / 32.0L, -(2 + i / 32))) * (1 << 24));
	puts("};\n\n#endif");
	return 0;
}
