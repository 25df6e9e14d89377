/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * what_if.h - ration replay --policy, --set, --topology: what would have been.
 *
 * The log is replayed as it is first, with what_if_observe() listening; only
 * what replays the same is run again as a load (load.h) under something else.
 */
#ifndef WHAT_IF_H
#define WHAT_IF_H

#include "command.h"
#include "load.h"
#include "load_cost.h"
#include "output.h"
#include "replay_table.h"
#include "report.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WHAT_IF_SET_MAX 256u

struct what_if {
	/* options */
	struct command_policies policies;
	struct scenario_options machine;         /* only its topology */
	const char *set[WHAT_IF_SET_MAX];
	uint32_t set_count;
	bool check, progress;
	FILE *trace;                             /* for one policy, or NULL */
	ration_ns trace_from_ns, trace_to_ns;    /* 0: to the end */

	/* gathered from the log, and made of it */
	struct load *load;
	struct load_cost cost;
	struct scenario scenario;
	struct sim_result recorded;              /* its domains as in scenario */
	struct sim_result *result;               /* one for each policy */
	uint32_t result_count;
};

/* An option's value; false: reported. */
bool what_if_set(struct what_if *w, const char *text);
bool what_if_topology(struct what_if *w, const char *spec);

/* Is anything to be otherwise? */
bool what_if_wanted(const struct what_if *w);

/* Before the replay of an open log. */
void what_if_observe(struct what_if *w, struct replay *r);

/* After a replay that was the same: `table` is what it came to.  Returns an
 * enum command_exit; what went wrong is said. */
int what_if_run(struct what_if *w, const char *path, const struct replay_table *table);

/* After that: in words, and as {"schema": 1, "recorded": ..., "what_if": ...}. */
void what_if_report(const struct what_if *w, const struct page *page, const struct log *log);
json_t *what_if_json(const struct what_if *w, const struct replay_table *table);

void what_if_free(struct what_if *w);

#ifdef __cplusplus
}
#endif
#endif
