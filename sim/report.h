/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - what a run came to: as tables for people, as JSON for programs.
 * Shares are in % of one CPU over the simulated time.
 */
#ifndef REPORT_H
#define REPORT_H

#include <jansson.h>

#include "oracle.h"
#include "sim.h"
#include "table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One run: domains, CPUs, refusals, and a line about the run itself. */
void report_run(const struct page *page, const struct scenario *s, const struct sim_result *r);

/* The jobs of each periodic vCPU; nothing where there is none. */
void report_jobs(const struct page *page, const struct scenario *s, const struct sim_result *r);

/* A log that was replayed: the same tables, of what it says. */
struct report_log {
	const char *writer;              /* who recorded it */
	uint64_t decisions;
};
void report_replay(const struct page *page, const struct scenario *s, const struct sim_result *r,
                   const struct report_log *log);

/* The same of a run in real time (ration-threads). */
void report_threads(const struct page *page, const struct scenario *s,
                    const struct sim_result *r);

/* Several policies side by side.  run[i] is what policy[i] made of it. */
void report_compare(const struct page *page, const struct scenario *s,
                    const struct sim_result *run, uint32_t run_count);

/* Its tables alone, and what was refused. */
void report_compare_tables(const struct page *page, const struct scenario *s,
                           const struct sim_result *run, uint32_t run_count);

/* What would run: machine, domains, events; for `ration check`. */
void report_check(const struct page *page, const struct scenario *s);

/* What the domains are owed; for `ration ideal`. */
struct report_owed {
	const struct ration_policy *policy;
	bool all;                        /* also domains that come later */
	const struct oracle_result *result;
	const double *demand;            /* of each domain, in CPUs */
};
void report_ideal(const struct page *page, const struct scenario *s,
                  const struct report_owed *x);
json_t *report_json_ideal(const struct scenario *s, const struct report_owed *x);
/* Is domain i part of it? */
bool report_ideal_has(const struct scenario *s, const struct report_owed *x, uint32_t i);

/* What sim_admission() answered; for `ration admit`. */
void report_admission(const struct page *page, const struct scenario *s,
                      const struct sim_result *r, bool admitted);
json_t *report_json_admission(const struct scenario *s, const struct sim_result *r,
                              bool admitted);

/* The document of one run; of several, {"schema": 1, "runs": [...]}. */
json_t *report_json(const struct scenario *s, const struct sim_result *r);
json_t *report_json_runs(const struct scenario *s, const struct sim_result *run,
                         uint32_t run_count);
/* False: not written (see errno). */
bool report_json_write(json_t *document, FILE *out);

/* The attributes of a domain that were written down and that `policy` does not
 * honour, as a set of RATION_ATTR_x. */
uint32_t report_unheard(const struct scenario_domain *d, const struct ration_policy *policy);

/* Say on `out` which attributes the policy does not honour, and whose; nothing
 * if there are none. */
void report_warn(FILE *out, const struct scenario *s, const struct ration_policy *policy);

/* Pieces that the reports share. */
#define REPORT_COUNT_SIZE 40u
/* "12,345,678" */
char *report_count(uint64_t value, char buffer[REPORT_COUNT_SIZE]);
/* A length of time, or "-" where there is not any. */
void report_time_cell(struct table *t, ration_ns ns, bool any);
/* Id of a domain as `xm list` would number it: dom0 is 0. */
uint32_t report_domain_id(const struct scenario *s, uint32_t index);
/* "credit, tslice 30 ms, ratelimit 1 ms", with what the policy honours. */
void report_policy(const struct page *page, const struct scenario *s,
                   const struct ration_policy *policy);
/* The machine in one line. */
void report_machine(const struct page *page, const struct scenario *s);
/* The last line of any report: how fast the simulation was. */
void report_speed(const struct page *page, uint64_t events, double sim_s, double wall_s);
/* The requests that were refused in mid-run, a line each. */
void report_refusals(const struct page *page, const struct sim_result *r);
/* Columns and cells of the attributes of a domain; `policy` NULL: no marks. */
struct report_attr {
	bool slice;              /* some domain has one */
	bool burst;
};
struct report_attr report_attr_columns(struct table *t, const struct scenario *s);
void report_attr_cells(struct table *t, const struct scenario_domain *d, struct report_attr shown,
                       const struct ration_policy *policy);
/* Below such a table: what the marks mean that are in it. */
void report_attr_notes(const struct page *page, const struct scenario *s,
                       const struct ration_policy *policy);

#ifdef __cplusplus
}
#endif
#endif
