/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay_table.h - what `ration run` prints, made of a log: the domains as they
 * were admitted, and what became of them.
 *
 * Every domain that was ever there has a row, in the order in which they came.
 * What a log does not know stays 0: jobs, spinning, help that was not charged.
 * A domain none of whose vCPUs ever blocked counts as a hog.
 */
#ifndef REPLAY_TABLE_H
#define REPLAY_TABLE_H

#include "replay.h"
#include "sim.h"
#include "trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct replay_table {
	struct scenario scenario;
	struct sim_result result;

	/* the rest is the table's own */
	const struct replay *replay;
	struct trace *trace;
	struct replay_vcpu *vcpu;            /* by slot */
	uint32_t *row;                       /* by a domain's slot */
	uint32_t *present;                   /* by row: vCPUs there are */
	ration_ns start_ns;
	ration_ns until_ns[RATION_CPU_MAX];  /* of the last decisions */
	struct { bool continues, slice_ends; } decide;   /* between before and after */
};

/* Hang a table onto a replay that was opened.  `options`: trace and log only,
 * times since the start of the log. */
void replay_table_init(struct replay_table *t, struct replay *r, const struct sim_options *options);

/* The log is at its end, or as far as it goes: the accounts. */
void replay_table_end(struct replay_table *t);

void replay_table_fini(struct replay_table *t);

#ifdef __cplusplus
}
#endif
#endif
