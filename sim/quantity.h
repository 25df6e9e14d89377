/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quantity.h - amounts as people write them, read exactly: integers only, so
 * 1.9ms is 1,900,000 ns and nothing near it.
 *
 *   length of time  10ms 1.5s 250us 0      units ns us ms s min h; a bare 0 is allowed
 *   percentage      25 12.5 12.5%          100 is one CPU; down to 0.0001
 *   fraction        0.674                  down to 0.000001
 *   rate            200/s 1.5/ms 30/min    becomes the mean time between two
 *   distribution    10ms                   always that
 *                   uniform(1ms..2ms)      both ends included, to the ns
 *                   exp(2ms)               mean
 *                   lognormal(2ms, 0.5)    median, sigma of the logarithm
 *
 * A reader of text takes `length` bytes.  It returns true; or false with
 * *error filled and the result unchanged.
 */
#ifndef QUANTITY_H
#define QUANTITY_H

#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The longest time that a file may name: 366 days.  Sums of a few stay far
 * below RATION_TIME_MAX. */
#define QUANTITY_TIME_MAX ((ration_ns)366 * 24 * 3600 * RATION_NS_PER_S)
/* The longest mean, median or bound of a distribution, whose draws go far beyond. */
#define QUANTITY_DIST_MAX ((ration_ns)24 * 3600 * RATION_NS_PER_S)
#define QUANTITY_SIGMA_MAX_PPM 3000000u

struct quantity_error {
	size_t offset;       /* of the byte where it goes wrong */
	const char *what;    /* static text: "has no unit, expected ..." */
};

bool quantity_time(const char *text, size_t length, ration_ns *ns, struct quantity_error *error);
/* Up to 4,294 CPUs. */
bool quantity_percent(const char *text, size_t length, uint32_t *ppm,
                      struct quantity_error *error);
/* 0.000001 .. 1. */
bool quantity_fraction(const char *text, size_t length, uint32_t *ppm,
                       struct quantity_error *error);
bool quantity_integer(const char *text, size_t length, uint64_t *value,
                      struct quantity_error *error);
/* 0, 1, false, true, no, yes, off, on */
bool quantity_bool(const char *text, size_t length, bool *value, struct quantity_error *error);
bool quantity_rate(const char *text, size_t length, ration_ns *gap_ns,
                   struct quantity_error *error);
bool quantity_dist(const char *text, size_t length, struct scenario_dist *dist,
                   struct quantity_error *error);

/* What stands between the brackets of `name(...)`, blanks around it cut off.
 * False, with *error untouched, if the text is not that form at all. */
bool quantity_call(const char *text, size_t length, const char *name, const char **inside,
                   size_t *inside_length);

#define QUANTITY_SIZE 32u
#define QUANTITY_DIST_SIZE 80u

/* Write exactly, in the largest unit that needs at most three decimals:
 * "30 ms", "1.9 ms", "0".  Returns buffer. */
char *quantity_time_format(ration_ns ns, char buffer[QUANTITY_SIZE]);

/* Write with three significant digits: "1.23 ms".  Returns buffer. */
char *quantity_time_round(ration_ns ns, char buffer[QUANTITY_SIZE]);

/* "25", "12.5".  Returns buffer. */
char *quantity_percent_format(uint64_t ppm, char buffer[QUANTITY_SIZE]);

char *quantity_dist_format(const struct scenario_dist *dist, char buffer[QUANTITY_DIST_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
