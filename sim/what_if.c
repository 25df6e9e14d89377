/* SPDX-License-Identifier: BSD-2-Clause */
#include "what_if.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "entitled.h"
#include "load_set.h"
#include "quantity.h"

/* What is owed is computed anew at each event, which takes milliseconds: where a
 * log has more of them, it is left out. */
#define ENTITLED_EVENTS_MAX 256u

bool what_if_set(struct what_if *w, const char *text)
{
	if (w->set_count == WHAT_IF_SET_MAX) {
		(void)command_wrong("replay", "--set '%.60s' is one too many, expected at most %u", text,
		                    WHAT_IF_SET_MAX);
		return false;
	}
	w->set[w->set_count++] = text;
	return true;
}

bool what_if_topology(struct what_if *w, const char *spec)
{
	if (!command_topology("replay", spec, &w->machine))
		return false;
	if (w->machine.topology->cpu_count <= RATION_CPU_MAX)
		return true;
	(void)command_wrong("replay", "--topology: the machine \"%.200s\" has %" PRIu32 " CPUs, "
	                    "expected at most %u", spec, w->machine.topology->cpu_count,
	                    RATION_CPU_MAX);
	return false;
}

bool what_if_wanted(const struct what_if *w)
{
	return w->policies.count != 0 || w->set_count != 0 || w->machine.topology != NULL;
}

void what_if_observe(struct what_if *w, struct replay *r)
{
	w->load = load_new(r->log);
	load_cost_init(&w->cost);
	replay_observe(r, load_observer(w->load));
	replay_observe(r, load_cost_observer(&w->cost));
}

/* ---- Running ----------------------------------------------------------- */

static void what_if_entitled(const struct what_if *w, struct sim_result *result)
{
	if (w->scenario.event_count <= ENTITLED_EVENTS_MAX)
		entitled_over_run(&w->scenario, result);
}

/* What was recorded, with the domains that the load has. */
static void what_if_recorded(struct what_if *w, const struct sim_result *from)
{
	struct scenario *s = &w->scenario;

	w->recorded = *from;
	w->recorded.label = "recorded";
	w->recorded.refusal = NULL;
	w->recorded.refusal_count = 0;
	w->recorded.domain_count = s->domain_count;
	w->recorded.domain = allocate(s->domain_count, sizeof(*w->recorded.domain));
	for (uint32_t i = 0; i < s->domain_count; i++)
		w->recorded.domain[i] = from->domain[load_place(w->load, i)];
	what_if_entitled(w, &w->recorded);
}

static int what_if_policy(struct what_if *w, const struct ration_policy *policy)
{
	struct sim_result *result = &w->result[w->result_count++];
	struct sim_options options = { 0 };
	int status;

	options.check = w->check;
	options.trace = w->trace;
	options.trace_from_ns = w->trace_from_ns;
	options.trace_to_ns = w->trace_to_ns != 0 ? w->trace_to_ns : w->scenario.time_ns;
	status = command_simulate("replay", &w->scenario, policy, &options, w->progress, result);
	if (status != COMMAND_BAD_INPUT)
		what_if_entitled(w, result);
	return status;
}

/* The changes that were asked for; false: reported. */
static bool what_if_change(struct what_if *w)
{
	struct diagnostics errors = { stderr, 0 };
	struct scenario *s = &w->scenario;

	if (w->machine.topology != NULL)
		load_set_topology(s, w->machine.topology, w->machine.topology_name);
	if (w->policies.count != 0)
		load_set_policy(s);
	else
		w->policies.policy[w->policies.count++] = s->policy;
	return load_set(s, w->set, w->set_count, "ration replay: --set", &errors);
}

int what_if_run(struct what_if *w, const char *path, const struct replay_table *table)
{
	char message[LOAD_MESSAGE_SIZE];
	int status = COMMAND_OK;

	if (!load_scenario(w->load, path, &w->scenario, message)) {
		(void)command_wrong("replay", "%s: %s", path, message);
		return COMMAND_BAD_INPUT;
	}
	load_cost_get(&w->cost, &w->scenario.costs);
	what_if_recorded(w, &table->result);
	if (!what_if_change(w))
		return COMMAND_BAD_INPUT;
	w->result = allocate(w->policies.count, sizeof(*w->result));
	for (uint32_t k = 0; k < w->policies.count && status != COMMAND_BAD_INPUT; k++) {
		int one = what_if_policy(w, w->policies.policy[k]);

		status = one > status ? one : status;
	}
	if (w->policies.count == 1)
		w->result[0].label = "what if";
	return status;
}

void what_if_free(struct what_if *w)
{
	for (uint32_t k = 0; k < w->result_count; k++)
		sim_result_free(&w->result[k]);
	free(w->result);
	free(w->recorded.domain);
	if (w->load != NULL)
		load_free(w->load);
	scenario_free(&w->scenario);
	command_topology_free(&w->machine);
}

/* ---- Telling ----------------------------------------------------------- */

static void what_if_costs(const struct what_if *w, const struct page *page)
{
	const struct scenario_costs *c = &w->scenario.costs;
	char a[QUANTITY_SIZE], b[QUANTITY_SIZE], t[QUANTITY_SIZE], count[REPORT_COUNT_SIZE];

	fprintf(page->out, "costs as measured: switch %s (mean of %s), IPI %s, timer %s\n",
	        quantity_time_round(c->switch_ns, a), report_count(w->cost.switches, count),
	        quantity_time_round(c->ipi_ns, b), quantity_time_round(c->timer_ns, t));
}

/* What was, and what is otherwise. */
static void what_if_head(const struct what_if *w, const struct page *page, const struct log *log)
{
	struct scenario recorded = w->scenario;
	ration_ns length_ns = recorded.time_ns;
	char time[QUANTITY_SIZE];

	recorded.params = log->config.params;
	recorded.margins = log->config.margins;
	fputs("recorded  ", page->out);
	report_policy(page, &recorded, w->recorded.policy);
	fprintf(page->out, "; %s by %s\nwhat if   ", length_ns % RATION_NS_PER_US == 0 ?
	        quantity_time_format(length_ns, time) : quantity_time_round(length_ns, time),
	        log->writer);
	for (uint32_t k = 0; k < w->result_count; k++) {
		fputs(k == 0 ? "" : " | ", page->out);
		report_policy(page, &w->scenario, w->result[k].policy);
	}
	for (uint32_t i = 0; i < w->set_count; i++)
		fprintf(page->out, "%s%s", i == 0 ? "; " : ", ", w->set[i]);
	fputc('\n', page->out);
	report_machine(page, &w->scenario);
	if (w->machine.topology != NULL)
		fprintf(page->out, " (recorded: %s)", log->machine);
	fputs("\n", page->out);
	what_if_costs(w, page);
	fputc('\n', page->out);
}

void what_if_report(const struct what_if *w, const struct page *page, const struct log *log)
{
	struct sim_result *run = allocate(w->result_count + 1, sizeof(*run));
	double sim_s = 0.0, wall_s = 0.0;
	uint64_t events = 0;

	run[0] = w->recorded;
	for (uint32_t k = 0; k < w->result_count; k++) {
		run[k + 1] = w->result[k];
		events += w->result[k].events;
		sim_s += (double)w->result[k].sim_ns / (double)RATION_NS_PER_S;
		wall_s += w->result[k].wall_s;
	}
	what_if_head(w, page, log);
	report_compare_tables(page, &w->scenario, run, w->result_count + 1);
	report_speed(page, events, sim_s, wall_s);
	free(run);
}

json_t *what_if_json(const struct what_if *w, const struct replay_table *table)
{
	const struct scenario_costs *c = &w->scenario.costs;
	json_t *document = json_object(), *changes = json_array(), *costs = json_object();

	for (uint32_t i = 0; i < w->set_count; i++)
		(void)json_array_append_new(changes, json_string(w->set[i]));
	(void)json_object_set_new(costs, "switch_ns", json_integer((json_int_t)c->switch_ns));
	(void)json_object_set_new(costs, "ipi_ns", json_integer((json_int_t)c->ipi_ns));
	(void)json_object_set_new(costs, "timer_ns", json_integer((json_int_t)c->timer_ns));
	(void)json_object_set_new(document, "schema", json_integer(1));
	(void)json_object_set_new(document, "set", changes);
	(void)json_object_set_new(document, "costs", costs);
	(void)json_object_set_new(document, "recorded",
	                          report_json(&table->scenario, &table->result));
	(void)json_object_set_new(document, "what_if",
	                          report_json_runs(&w->scenario, w->result, w->result_count));
	return document;
}
