/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a log and its replay part: what either says, and how things stand. */
#include "replay_parts.h"

#include <inttypes.h>
#include <string.h>

#include "quantity.h"
#include "ration_policy.h"
#include "table.h"

#ifndef RATION_VERSION
#define RATION_VERSION "unknown"
#endif

#define ROWS_MAX 40u

static bool is_decision(const struct log_record *record)
{
	return record->verb == RECORD_IDLE || record->verb == RECORD_DECIDE;
}

/* The time since the log began, to the nanosecond. */
static void tell_time(const struct replay *r, ration_ns now_ns, FILE *out)
{
	ration_ns since_ns = now_ns - r->log->start_ns;

	fprintf(out, "%" PRIu64 ".%09" PRIu64 " s", (uint64_t)(since_ns / RATION_NS_PER_S),
	        (uint64_t)(since_ns % RATION_NS_PER_S));
}

/* ---- The two answers --------------------------------------------------- */

/* "decide of CPU 3", "wake of web1/v0 (from CPU 2)" */
static void tell_event(const struct replay *r, const struct log_record *record, FILE *out)
{
	char name[REPLAY_NAME_SIZE];

	fprintf(out, "%s", ration_record_verb_name(record->verb));
	if (is_decision(record) || record->verb == RECORD_SAVED ||
	    record->verb == RECORD_CPU_DOWN || record->verb == RECORD_CPU_UP) {
		fprintf(out, " of CPU %" PRIu32 "\n", record->cpu);
		return;
	}
	if (record->verb == RECORD_POLICY && record->slot < r->log->config.policy_count)
		fprintf(out, " to %s", ration_policy_name(r->log->config.policies[record->slot]));
	else if (record->verb == RECORD_ADMIT && r->answer.dom != NULL)
		fprintf(out, " of vCPU %" PRIu64 " of %s", record->arg[0],
		        replay_dom_name(r, r->answer.dom, name, sizeof(name)));
	else if (r->answer.vcpu != NULL)
		fprintf(out, " of %s", replay_vcpu_name(r, r->answer.vcpu, name));
	else if (r->answer.dom != NULL && record->verb != RECORD_DOM_ADMIT)
		fprintf(out, " of %s", replay_dom_name(r, r->answer.dom, name, sizeof(name)));
	if (record->cpu != RATION_CPU_NONE && record->verb != RECORD_NAME)
		fprintf(out, ", from CPU %" PRIu32, record->cpu);
	fputc('\n', out);
}

static void tell_effects(const struct replay *r, const struct log_record *record, FILE *out)
{
	const struct ration_effects *fx = &r->answer.fx;
	char list[RATION_CPULIST_SIZE];

	(void)ration_cpulist_format(fx->resched, list, sizeof(list));
	fprintf(out, "kicks %s%s, expires ", fx->resched != 0 ? "CPU " : "nobody",
	        fx->resched != 0 ? list : "");
	if (fx->expire_ns == RATION_NEVER)
		fputs("never", out);
	else if (fx->expire_ns <= record->now_ns)
		fputs("at once", out);
	else
		tell_time(r, fx->expire_ns, out);
	fputc('\n', out);
}

/* The vCPU that the log says was picked. */
static const char *logged_name(const struct replay *r, const struct log_record *record,
                               char name[REPLAY_NAME_SIZE])
{
	const struct ration_vcpu *v = NULL;

	if (record->verb == RECORD_IDLE)
		return "idle";
	if (record->slot < r->log->config.limits.vcpu_count)
		v = ration_vcpu_slot(r->instance, record->slot);
	return v != NULL ? replay_vcpu_name(r, v, name) : "a vCPU that is not there";
}

static void tell_decision(const struct replay *r, const struct log_record *record, FILE *out)
{
	const struct ration_decision *d = &r->answer.decision;
	char name[REPLAY_NAME_SIZE];
	uint32_t slot = d->vcpu != NULL ? ration_vcpu_slot_of(d->vcpu) : 0;
	bool same = record->verb == (d->vcpu != NULL ? RECORD_DECIDE : RECORD_IDLE) &&
	            (d->vcpu == NULL || record->slot == slot);

	fprintf(out, "  the log:    %s%s\n", logged_name(r, record, name),
	        same ? ", with another end of its slice, kick or timer (its digest differs)" : "");
	fprintf(out, "  the replay: %s until ", replay_vcpu_name(r, d->vcpu, name));
	if (d->until_ns == RATION_NEVER)
		fputs("anything happens", out);
	else
		tell_time(r, d->until_ns, out);
	fprintf(out, "%s, ", d->switched ? " (a switch)" : "");
	tell_effects(r, record, out);
}

static void tell_answer(const struct replay *r, const struct log_record *record, uint32_t word,
                        FILE *out)
{
	if (record->raw[word].offset != record->offset || record->verb == RECORD_NAME ||
	    record->verb == RECORD_END)
		fprintf(out, "  the log:    the word at byte %" PRIu64 " is not what a recorder "
		        "writes here\n", record->raw[word].offset);
	else
		fputs("  the log:    the digest of the answer (status, kicks, timer) differs\n", out);
	fprintf(out, "  the replay: %s, ", r->answer.status == RATION_OK ? "done" :
	        ration_status_text(r->answer.status));
	tell_effects(r, record, out);
}

/* ---- The state --------------------------------------------------------- */

static void tell_cpus(const struct replay *r, const struct log_record *record,
                      const struct page *page)
{
	struct table t = { NULL, 0, NULL, 0 };
	char name[REPLAY_NAME_SIZE];
	uint32_t c;

	table_add_column(&t, NULL, "CPU", TABLE_RIGHT);
	table_add_column(&t, NULL, "by the log", TABLE_LEFT);
	table_add_column(&t, NULL, "by the replay", TABLE_LEFT);
	table_add_column(&t, NULL, "state", TABLE_LEFT);
	for (c = 0; c < r->log->config.limits.cpu_count; c++) {
		const struct ration_cpu_state *cpu = ration_cpu_get(r->instance, c);
		bool here = is_decision(record) && record->cpu == c;
		bool online = ration_cpuset_has(ration_cpu_online(r->instance), c);

		table_add_cell(&t, STYLE_PLAIN, "%" PRIu32, c);
		table_add_cell(&t, here ? STYLE_BAD : STYLE_PLAIN, "%s",
		               here ? logged_name(r, record, name) :
		               replay_vcpu_name(r, cpu->current, name));
		table_add_cell(&t, here ? STYLE_BAD : STYLE_PLAIN, "%s",
		               replay_vcpu_name(r, cpu->current, name));
		table_add_cell(&t, STYLE_DIM, "%s", !online ? "off line" :
		               cpu->switching ? "switching" : "-");
	}
	table_print(&t, page);
	table_free(&t);
}

static void waiting_columns(struct table *t)
{
	table_add_column(t, NULL, "vCPU", TABLE_LEFT);
	table_add_column(t, NULL, "waits for", TABLE_LEFT);
	table_add_column(t, NULL, "may run on", TABLE_LEFT);
	table_add_column(t, NULL, "lag", TABLE_RIGHT);
	table_add_column(t, NULL, "ran", TABLE_RIGHT);
	table_add_column(t, NULL, "waited", TABLE_RIGHT);
	table_add_column(t, NULL, "blocked", TABLE_RIGHT);
}

static void waiting_cells(struct table *t, const struct replay *r, const struct ration_vcpu *v,
                          const struct ration_vcpu_info *info, ration_ns now_ns)
{
	char text[RATION_CPULIST_SIZE], name[REPLAY_NAME_SIZE], time[QUANTITY_SIZE];
	struct ration_ledger ledger;
	ration_ns waited_ns = 0, lag_ns;
	uint32_t w;

	ration_vcpu_ledger_get(r->instance, v, now_ns, &ledger);
	for (w = 0; w < RATION_WAIT_COUNT; w++)
		waited_ns += ledger.wait_ns[w];
	lag_ns = (ration_ns)(info->lag_ns < 0 ? -info->lag_ns : info->lag_ns);
	(void)ration_cpulist_format(info->affinity.hard, text, sizeof(text));
	table_add_cell(t, STYLE_HEAD, "%s", replay_vcpu_name(r, v, name));
	table_add_cell(t, STYLE_PLAIN, "%s", ration_wait_name(info->cause));
	table_add_cell(t, STYLE_PLAIN, "%.40s%s", text, strlen(text) > 40 ? "..." : "");
	table_add_cell(t, STYLE_PLAIN, "%s%s", info->lag_ns < 0 ? "-" : "",
	               quantity_time_round(lag_ns, time));
	table_add_cell(t, STYLE_PLAIN, "%s", quantity_time_round(ledger.running_ns, time));
	table_add_cell(t, STYLE_PLAIN, "%s", quantity_time_round(waited_ns, time));
	table_add_cell(t, STYLE_PLAIN, "%s", quantity_time_round(ledger.blocked_ns, time));
}

/* Who waits, in the replay: before this event it was the log's state too. */
static void tell_waiting(const struct replay *r, const struct log_record *record,
                         const struct page *page)
{
	struct table t = { NULL, 0, NULL, 0 };
	ration_ns now_ns = ration_now(r->instance);
	uint32_t slot, count = 0;

	waiting_columns(&t);
	for (slot = 0; slot < r->log->config.limits.vcpu_count; slot++) {
		const struct ration_vcpu *v = ration_vcpu_slot(r->instance, slot);
		struct ration_vcpu_info info;

		if (v == NULL)
			continue;
		ration_vcpu_info_get(v, &info);
		if (info.state != RATION_STATE_WAITING &&
		    !(record->verb == RECORD_DECIDE && record->slot == slot))
			continue;
		if (count++ < ROWS_MAX)
			waiting_cells(&t, r, v, &info, now_ns);
	}
	if (count != 0)
		table_print(&t, page);
	else
		fputs("No vCPU waits.\n", page->out);
	if (count > ROWS_MAX)
		fprintf(page->out, "and %" PRIu32 " more that wait\n", count - ROWS_MAX);
	table_free(&t);
}

void replay_tell(const struct replay *r, const struct log_record *record, const char *forbids,
                 uint32_t word, FILE *out)
{
	struct page page = page_of(out);

	fprintf(out, "%s, at ", r->log->message);
	tell_time(r, record->now_ns, out);
	fputs(":\n  the event:  ", out);
	tell_event(r, record, out);
	if (forbids != NULL)
		fprintf(out, "  the replay: this cannot be: %s\n", forbids);
	else if (is_decision(record))
		tell_decision(r, record, out);
	else
		tell_answer(r, record, word, out);
	if (strstr(r->log->writer, RATION_VERSION) == NULL)
		fprintf(out, "The log was written by %s; this is ration " RATION_VERSION ".\n",
		        r->log->writer[0] != '\0' ? r->log->writer : "nobody that says so");
	fputs("\nWhat runs:\n", out);
	tell_cpus(r, record, &page);
	fputs("\nWhat waits:\n", out);
	tell_waiting(r, record, &page);
}
