/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scenario_read.h - scenario files: YAML, as docs/scenario.md describes it.
 */
#ifndef SCENARIO_READ_H
#define SCENARIO_READ_H

#include "diagnostics.h"
#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What stands above the file: the command line. */
struct scenario_options {
	/* The machine, in place of host: topology; NULL: the file's. */
	const struct ration_topology *topology;
	const char *topology_name;
	const struct ration_policy *policy;    /* NULL: the file's */
	ration_ns time_ns;                     /* 0: the file's */
	bool seed_given;
	uint64_t seed;
};

/*
 * Read a scenario ("-": standard input) with all that it names: topology, Xen
 * configurations, arrivals.  True and *s filled, for scenario_free(); false
 * when anything is wrong: it was reported, and nothing is left to free.
 */
bool scenario_read(const char *path, const struct scenario_options *options,
                   struct scenario *s, struct diagnostics *errors);

/* The same of a text; `name` stands for the file in messages and gives the
 * folder that paths are relative to. */
bool scenario_read_text(const char *name, const char *text, size_t length,
                        const struct scenario_options *options, struct scenario *s,
                        struct diagnostics *errors);

#ifdef __cplusplus
}
#endif
#endif
