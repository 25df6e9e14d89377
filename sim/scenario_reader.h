/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scenario_reader.h - what the files of the reader share: scenario_read.c
 * (the file, the host, the policy), scenario_domain.c, scenario_config.c (Xen's
 * files), scenario_pins.c, scenario_workload.c, scenario_arrivals.c and
 * scenario_event.c.
 *
 * A function named _read reports what is wrong, leaves a sound value, and
 * returns; whether anything was wrong is read off errors->count at the end.
 */
#ifndef SCENARIO_READER_H
#define SCENARIO_READER_H

#include "scenario_read.h"
#include "tree.h"

struct reader {
	struct tree tree;
	struct scenario *s;
	const struct scenario_options *options;
	struct diagnostics *errors;
	uint64_t vcpu_total;
};

/* Hand memory from allocate() to the scenario, which frees it; returns it. */
void *reader_keep(struct reader *r, void *memory);

/* ---- Attributes: of a domain, and in an event ------------------------- */

#define READER_ATTR_COUNT 9u     /* RATION_ATTR_WEIGHT .. RATION_ATTR_SHADOW, by bit */

/* The YAML keys of the attributes, in the order of their bits. */
#define READER_ATTR_KEYS \
	"weight", "cap", "floor", "burst", "period", "slice", "latency", "extratime", \
	"shadow"

struct reader_attr {
	struct ration_attr value;
	uint32_t given;
	struct scenario_mark mark[READER_ATTR_COUNT];   /* of those given */
};

/* field[0..READER_ATTR_COUNT-1], those given, into *a. */
void reader_attr_read(struct reader *r, const struct tree_field *field, struct reader_attr *a);

/* Ranges, that cap and floor fit `vcpus`, and that a shadow has a cap; reported at the
 * attribute's mark, or at `fallback` where it was not given. */
bool reader_attr_check(struct reader *r, const struct reader_attr *a, uint32_t vcpus,
                       struct scenario_mark fallback);

/* ---- Pins ------------------------------------------------------------- */

/* CPU lists as written: one for all vCPUs, or one for each. */
struct reader_pins {
	const char *name;                /* of the key; NULL: not given */
	struct scenario_mark mark;
	bool list;
	size_t count;
	struct tree_text *item;
};

void reader_pins_read(struct reader *r, const struct tree_field *f, struct reader_pins *pins);

/*
 * Resolve into set[0..vcpus-1] (untouched where nothing is given): a list must
 * have as many items as the domain has vCPUs; an empty item means all CPUs.
 * `hard`: an item that leaves no CPU is an error.
 */
bool reader_pins_resolve(struct reader *r, const struct reader_pins *pins, uint32_t vcpus,
                         bool hard, ration_cpuset *set);

/* ---- Domains ---------------------------------------------------------- */

/* A domain on its way from text. */
struct reader_domain {
	const char *name;
	struct scenario_mark name_mark;
	uint32_t vcpus;
	struct reader_attr attr;
	struct reader_pins hard, soft;
	char *pool;
	char *ignored;                   /* keys of a Xen file that mean nothing here */
};

/* dom0 and domains; value NULL: not given. */
void reader_domains_read(struct reader *r, const struct tree_field *dom0,
                         const struct tree_field *domains);

/* Is this a name that a domain can have?  As Xen has it. */
bool reader_name_ok(const char *name, size_t length);

/* What a Xen domain configuration says, into *d. */
void reader_config_read(struct reader *r, const struct tree_field *f, struct reader_domain *d);

/* `w` is the workload of a domain of `vcpus` vCPUs. */
void reader_workload_read(struct reader *r, const struct tree_field *f, uint32_t vcpus,
                          struct scenario_workload *w);

/* The arrivals recorded in the file of the name `text`. */
void reader_arrivals_read(struct reader *r, const struct tree_text *at, const char *name,
                          size_t length, struct scenario_workload *w);

/* ---- The rest --------------------------------------------------------- */

/* policy: a name, or {name, tslice, ratelimit, reserve}.  Fills only what is given. */
struct reader_policy {
	const struct ration_policy *policy;
	struct ration_params params;
	uint32_t given;                  /* RATION_ATTR_TSLICE, _RATELIMIT */
	uint32_t reserve_ppm;
	bool reserve_given;
	struct scenario_mark mark;
};
void reader_policy_read(struct reader *r, const struct tree_field *f, struct reader_policy *p);

void reader_events_read(struct reader *r, const struct tree_field *events);

#endif
