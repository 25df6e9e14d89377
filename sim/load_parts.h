/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_parts.h - the inside of a load: what load.c (what the vCPUs did),
 * load_event.c (what happened to them) and load_scenario.c (both as a scenario)
 * share.  Times count from the start of the log.
 */
#ifndef LOAD_PARTS_H
#define LOAD_PARTS_H

#include "load.h"

struct load_domain;

struct load_vcpu {
	struct load_domain *domain;
	uint32_t idx;                    /* in the log */
	uint32_t place;                  /* in domain->vcpu: its number in the scenario */
	struct ration_affinity affinity; /* as it came */
	struct scenario_burst *burst;
	uint64_t count;
	ration_ns mark_ns;               /* of its ledger, where the last burst ended */
	ration_ns first_ns;              /* wanted to run for the first time, or RATION_NEVER */
	ration_ns since_ns;              /* where it does not want to */
	ration_ns leave_ns;              /* of the last time that it left, or 0 */
	uint32_t pause_count;
	bool blocked, online, left;
	bool wants;                      /* to run, for all that is said of itself */
	bool left_wanting;
};

struct load_domain {
	char *name;
	uint32_t place;                  /* in load->domain */
	uint32_t id;
	struct ration_attr attr, attr_now;
	ration_ns start_ns;              /* in the scenario */
	ration_ns come_ns;
	ration_ns gone_ns;               /* or RATION_NEVER */
	struct load_vcpu **vcpu;
	uint32_t vcpu_count;
};

struct load {
	const struct log *log;
	struct load_domain **domain;     /* that ever were, in the order in which they came */
	uint32_t domain_count;
	uint32_t *place;                 /* of each domain of the scenario, in `domain` */
	struct load_domain **dom;        /* by slot, of those that are */
	struct load_vcpu **vcpu;
	struct scenario_event *event;    /* `domain` is a place in load->domain */
	uint32_t event_count;
	struct ration_params params_now;
	bool has_woken;                  /* some vCPU, ever */
	ration_ns end_ns;                /* 0: the end was not seen */
};

/* ---- load_event.c ------------------------------------------------------ */

/* An event of a domain, or (NULL) of none, to be filled in. */
struct scenario_event *load_event(struct load *load, enum scenario_event_kind kind,
                                  ration_ns at_ns, const struct load_domain *d);
void load_event_pin(struct load *load, const struct load_vcpu *v, struct ration_affinity affinity,
                    ration_ns at_ns);
/* What differs from what is in force, if anything does. */
void load_event_set(struct load *load, struct load_domain *d, struct ration_attr attr,
                    ration_ns at_ns);
/* CPU_DOWN, CPU_UP, PARAMS and POLICY, where they were not refused. */
void load_event_machine(struct load *load, const struct replay *r,
                        const struct log_record *record, ration_ns at_ns);

#endif
