/* SPDX-License-Identifier: BSD-2-Clause */
/* The writing half of quantity.h. */
#include "quantity.h"

#include <inttypes.h>
#include <stdio.h>

struct unit {
	const char *name;
	uint64_t ns;
};

static const struct unit units[] = {
	{ "h", 3600 * RATION_NS_PER_S },
	{ "min", 60 * RATION_NS_PER_S },
	{ "s", RATION_NS_PER_S },
	{ "ms", RATION_NS_PER_MS },
	{ "us", RATION_NS_PER_US },
	{ "ns", 1 },
};

/* "whole.part", the part being `digits` digits without its trailing zeros. */
static int decimal_format(uint64_t whole, uint64_t part, int digits, char buffer[QUANTITY_SIZE])
{
	while (digits > 0 && part % 10 == 0) {
		part /= 10;
		digits--;
	}
	if (digits == 0)
		return snprintf(buffer, QUANTITY_SIZE, "%" PRIu64, whole);
	return snprintf(buffer, QUANTITY_SIZE, "%" PRIu64 ".%0*" PRIu64, whole, digits, part);
}

char *quantity_time_format(ration_ns ns, char buffer[QUANTITY_SIZE])
{
	const struct unit *unit = units;
	int length;

	if (ns == 0) {
		(void)snprintf(buffer, QUANTITY_SIZE, "0");
		return buffer;
	}
	/* minutes and hours only where they are whole, and ten of them; ns always fits */
	while (ns < unit->ns || ns % (unit->ns >= 1000 ? unit->ns / 1000 : 1) != 0 ||
	       (unit->ns > RATION_NS_PER_S && (ns % unit->ns != 0 || ns / unit->ns < 10)))
		unit++;
	length = decimal_format(ns / unit->ns,
	                        unit->ns >= 1000 ? ns % unit->ns / (unit->ns / 1000) : 0,
	                        unit->ns >= 1000 ? 3 : 0, buffer);
	(void)snprintf(buffer + length, QUANTITY_SIZE - (size_t)length, " %s", unit->name);
	return buffer;
}

char *quantity_time_round(ration_ns ns, char buffer[QUANTITY_SIZE])
{
	const struct unit *unit = &units[2];
	uint64_t hundredths;

	while (ns < unit->ns)
		if ((++unit)->ns == 1)
			break;
	if (unit->ns == 1) {
		(void)snprintf(buffer, QUANTITY_SIZE, ns == 0 ? "0" : "%" PRIu64 " ns", ns);
		return buffer;
	}
	hundredths = ns / (unit->ns / 100);
	if (hundredths < 1000)
		(void)snprintf(buffer, QUANTITY_SIZE, "%" PRIu64 ".%02" PRIu64 " %s",
		               hundredths / 100, hundredths % 100, unit->name);
	else if (hundredths < 10000)
		(void)snprintf(buffer, QUANTITY_SIZE, "%" PRIu64 ".%" PRIu64 " %s",
		               hundredths / 100, hundredths / 10 % 10, unit->name);
	else
		(void)snprintf(buffer, QUANTITY_SIZE, "%" PRIu64 " %s", hundredths / 100,
		               unit->name);
	return buffer;
}

char *quantity_percent_format(uint64_t ppm, char buffer[QUANTITY_SIZE])
{
	(void)decimal_format(ppm / 10000, ppm % 10000, 4, buffer);
	return buffer;
}

char *quantity_dist_format(const struct scenario_dist *dist, char buffer[QUANTITY_DIST_SIZE])
{
	char a[QUANTITY_SIZE], b[QUANTITY_SIZE];

	(void)quantity_time_format(dist->a_ns, a);
	(void)quantity_time_format(dist->b_ns, b);
	switch (dist->kind) {
	case DIST_CONST:
		(void)snprintf(buffer, QUANTITY_DIST_SIZE, "%s", a);
		break;
	case DIST_UNIFORM:
		(void)snprintf(buffer, QUANTITY_DIST_SIZE, "uniform(%s..%s)", a, b);
		break;
	case DIST_EXP:
		(void)snprintf(buffer, QUANTITY_DIST_SIZE, "exp(%s)", a);
		break;
	case DIST_LOGNORMAL:
		(void)decimal_format(dist->sigma_ppm / RATION_PPM, dist->sigma_ppm % RATION_PPM, 6,
		                     b);
		(void)snprintf(buffer, QUANTITY_DIST_SIZE, "lognormal(%s, %s)", a, b);
		break;
	}
	return buffer;
}
