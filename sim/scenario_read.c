/* SPDX-License-Identifier: BSD-2-Clause */
/* The file as a whole: the machine, the policy, time and seed. */
#define _POSIX_C_SOURCE 200809L
#include "scenario_read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "allocate.h"
#include "input.h"
#include "scenario_reader.h"
#include "topology_host.h"

#define TIME_DEFAULT_NS (10 * RATION_NS_PER_S)
#define TIME_MIN_NS     RATION_NS_PER_US
#define SEED_DEFAULT    1u

/* What a server of today costs: a switch of guest contexts and an IPI take
 * about a microsecond or two each; a vCPU that moves reads back its working set
 * from the nearest level that still holds it; two busy hyperthreads run at
 * 0.674 of a core each. */
static const struct scenario_costs costs_typical = {
	.switch_ns = 2 * RATION_NS_PER_US,
	.ipi_ns = RATION_NS_PER_US,
	.timer_ns = RATION_NS_PER_US,
	.migrate_ns = {
		[RATION_SAME_CORE] = RATION_NS_PER_US,
		[RATION_SAME_LLC] = 10 * RATION_NS_PER_US,
		[RATION_SAME_PACKAGE] = 50 * RATION_NS_PER_US,
		[RATION_SAME_NODE] = 100 * RATION_NS_PER_US,
		[RATION_REMOTE] = 200 * RATION_NS_PER_US,
	},
	.smt_ppm = 674000,
};

void *reader_keep(struct reader *r, void *memory)
{
	struct scenario *s = r->s;

	if (memory == NULL)
		return NULL;
	s->owned = allocate_room(s->owned, s->owned_count, sizeof(*s->owned));
	s->owned[s->owned_count++] = memory;
	return memory;
}

/* ---- The machine ------------------------------------------------------ */

/* A file beside the scenario goes before a synthetic string of that name. */
static char *topology_spec(struct reader *r, const char *spec)
{
	char *beside = input_path_beside(r->tree.file, spec);
	struct stat status;

	if (strcmp(spec, "this") == 0 ||
	    (strchr(spec, ':') != NULL && stat(beside, &status) != 0)) {
		free(beside);
		return allocate_text(spec, strlen(spec));
	}
	return beside;
}

static void topology_check_size(struct reader *r, struct scenario_mark mark)
{
	struct scenario *s = r->s;

	if (s->topology.cpu_count <= RATION_CPU_MAX)
		return;
	diagnostics_error(r->errors, mark, "the machine \"%.200s\" has %u CPUs, expected at most "
	                  "%u: one instance of the scheduler holds that many (ration topology "
	                  "draws any)", s->topology_name, s->topology.cpu_count, RATION_CPU_MAX);
	/* to go on reading with */
	ration_topology_flat(&s->topology, RATION_CPU_MAX);
}

static void topology_load(struct reader *r, const char *name, struct scenario_mark mark)
{
	struct scenario *s = r->s;
	struct topology_host *host = allocate(1, sizeof(*host));
	char message[TOPOLOGY_HOST_MESSAGE_SIZE];
	char *spec = topology_spec(r, name);

	if (topology_host_load(spec, host, message, sizeof(message))) {
		s->topology = host->model;
		topology_host_fini(host);
		topology_check_size(r, mark);
	} else {
		diagnostics_error(r->errors, mark, "topology: %s", message);
	}
	free(spec);
	free(host);
}

static void topology_read(struct reader *r, const struct tree_field *f)
{
	struct scenario *s = r->s;
	struct tree_text text = { "this", 4, mark_file(r->tree.file), false };

	ration_topology_flat(&s->topology, RATION_CPU_MAX);
	if (!tree_scalar(&r->tree, f, "expected \"pack:2 core:8 pu:2\", a file of lstopo, or this",
	                 &text))
		return;
	s->topology_mark = tree_text_mark(&text, 0);
	if (r->options->topology != NULL) {
		s->topology = *r->options->topology;
		s->topology_name = reader_keep(r, allocate_text(r->options->topology_name,
		                                                strlen(r->options->topology_name)));
		s->topology_mark = mark_file("--topology");
		topology_check_size(r, s->topology_mark);
		return;
	}
	s->topology_name = reader_keep(r, allocate_text(text.text, text.length));
	topology_load(r, s->topology_name, s->topology_mark);
}

static void migrate_read(struct reader *r, const struct tree_field *f)
{
	static const char *const names[] = { "core", "llc", "package", "node", "remote" };
	static const enum ration_distance distance[] = {
		RATION_SAME_CORE, RATION_SAME_LLC, RATION_SAME_PACKAGE, RATION_SAME_NODE,
		RATION_REMOTE
	};
	struct tree_field field[5];

	if (f->value == NULL || !tree_fields(&r->tree, f->value, "migrate", names, 5, field))
		return;
	for (size_t i = 0; i < 5; i++)
		(void)tree_time_within(&r->tree, &field[i], 0, RATION_NS_PER_S,
		                       &r->s->costs.migrate_ns[distance[i]]);
}

static void costs_read(struct reader *r, const struct tree_field *f)
{
	static const char *const names[] = { "switch", "ipi", "timer", "smt", "migrate" };
	struct scenario_costs *costs = &r->s->costs;
	struct tree_field field[5];

	costs->smt_ppm = RATION_PPM;
	if (f->value == NULL)
		return;
	if (tree_is_scalar(f) && strcmp((const char *)f->value->data.scalar.value, "typical") == 0) {
		*costs = costs_typical;
		return;
	}
	if (tree_is_scalar(f)) {
		diagnostics_error(r->errors, tree_mark(&r->tree, f->value), "costs is one word, "
		                  "expected typical, or {switch: 2us, ipi: 1us, timer: 1us, "
		                  "smt: 0.674, migrate: {...}}");
		return;
	}
	if (!tree_fields(&r->tree, f->value, "costs", names, 5, field))
		return;
	(void)tree_time_within(&r->tree, &field[0], 0, RATION_NS_PER_S, &costs->switch_ns);
	(void)tree_time_within(&r->tree, &field[1], 0, RATION_NS_PER_S, &costs->ipi_ns);
	(void)tree_time_within(&r->tree, &field[2], 0, RATION_NS_PER_S, &costs->timer_ns);
	(void)tree_fraction(&r->tree, &field[3], &costs->smt_ppm);
	migrate_read(r, &field[4]);
}

static void host_read(struct reader *r, const struct tree_field *f)
{
	static const char *const names[] = { "topology", "costs" };
	struct tree_field field[2] = { { "topology", NULL, NULL }, { "costs", NULL, NULL } };

	if (f->value != NULL)
		(void)tree_fields(&r->tree, f->value, "host", names, 2, field);
	topology_read(r, &field[0]);
	costs_read(r, &field[1]);
}

/* ---- The policy ------------------------------------------------------- */

static void policy_name_read(struct reader *r, const struct tree_field *f,
                             struct reader_policy *p)
{
	const char *names[8];
	const char *near;
	struct tree_text text;
	uint32_t i;

	if (f->value == NULL || !tree_scalar(&r->tree, f, "expected the name of a policy", &text))
		return;
	p->policy = scenario_policy_find(text.text);
	if (p->policy != NULL)
		return;
	for (i = 0; i < scenario_policy_count && i < 8; i++)
		names[i] = ration_policy_name(scenario_policies[i]);
	near = suggest(text.text, names, i);
	diagnostics_error(r->errors, tree_text_mark(&text, 0), "there is no policy '%.40s', "
	                  "expected credit, sedf or rr%s%s%s", text.text,
	                  near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
	                  near != NULL ? "'?)" : "");
}

void reader_policy_read(struct reader *r, const struct tree_field *f, struct reader_policy *p)
{
	static const char *const names[] = { "name", "tslice", "ratelimit", "reserve" };
	struct tree_field field[4];

	if (f->value == NULL)
		return;
	p->mark = tree_mark(&r->tree, f->value);
	if (tree_is_scalar(f)) {
		policy_name_read(r, f, p);
		return;
	}
	if (!tree_fields(&r->tree, f->value, "policy", names, 4, field))
		return;
	policy_name_read(r, &field[0], p);
	if (field[1].value != NULL &&
	    tree_time_within(&r->tree, &field[1], 100 * RATION_NS_PER_US, RATION_NS_PER_S,
	                     &p->params.tslice_ns))
		p->given |= RATION_ATTR_TSLICE;
	if (field[2].value != NULL &&
	    tree_time_within(&r->tree, &field[2], 0, 500 * RATION_NS_PER_MS,
	                     &p->params.ratelimit_ns))
		p->given |= RATION_ATTR_RATELIMIT;
	p->reserve_given = field[3].value != NULL;
	if (p->reserve_given && tree_percent(&r->tree, &field[3], &p->reserve_ppm) &&
	    p->reserve_ppm > RATION_RESERVE_MAX_PPM)
		diagnostics_error(r->errors, tree_mark(&r->tree, field[3].value), "reserve is above "
		                  "90 %%, expected 0 to 90 %% of each CPU");
}

/* What a job costs the modelled machine beside its slice. */
static ration_ns policy_overhead(const struct scenario_costs *costs)
{
	ration_ns switch_ns = costs->switch_ns + costs->timer_ns;

	if (switch_ns >= RATION_OVERHEAD_MAX_NS / 2 || costs->ipi_ns >= RATION_OVERHEAD_MAX_NS)
		return RATION_OVERHEAD_MAX_NS;
	switch_ns = 2 * switch_ns + costs->ipi_ns;
	return switch_ns < RATION_OVERHEAD_MAX_NS ? switch_ns : RATION_OVERHEAD_MAX_NS;
}

static void policy_read(struct reader *r, const struct tree_field *f)
{
	struct scenario *s = r->s;
	struct reader_policy p;

	memset(&p, 0, sizeof(p));
	p.policy = scenario_policies[0];
	p.params.tslice_ns = RATION_TSLICE_DEFAULT_NS;
	p.params.ratelimit_ns = RATION_RATELIMIT_DEFAULT_NS;
	reader_policy_read(r, f, &p);
	if ((p.given & RATION_ATTR_RATELIMIT) == 0 && p.params.ratelimit_ns > p.params.tslice_ns)
		p.params.ratelimit_ns = p.params.tslice_ns;
	if (p.params.ratelimit_ns > p.params.tslice_ns)
		diagnostics_error(r->errors, p.mark, "ratelimit is above tslice, expected at most "
		                  "that");
	s->policy = r->options->policy != NULL ? r->options->policy : p.policy;
	s->params = p.params;
	s->margins.overhead_ns = policy_overhead(&s->costs);
	s->margins.reserve_ppm = p.reserve_ppm;
}

/* ---- The file --------------------------------------------------------- */

static void time_read(struct reader *r, const struct tree_field *time,
                      const struct tree_field *seed)
{
	struct scenario *s = r->s;

	s->time_ns = TIME_DEFAULT_NS;
	s->seed = SEED_DEFAULT;
	(void)tree_time_within(&r->tree, time, TIME_MIN_NS, QUANTITY_TIME_MAX, &s->time_ns);
	(void)tree_integer(&r->tree, seed, 0, INT64_MAX, &s->seed);
	if (r->options->time_ns != 0)
		s->time_ns = r->options->time_ns;
	if (r->options->seed_given)
		s->seed = r->options->seed;
}

static void file_read(struct reader *r)
{
	enum { K_HOST, K_POLICY, K_TIME, K_SEED, K_DOM0, K_DOMAINS, K_EVENTS, K_COUNT };
	static const char *const names[K_COUNT] = {
		"host", "policy", "time", "seed", "dom0", "domains", "events"
	};
	struct tree_field field[K_COUNT];
	yaml_node_t *root = tree_root(&r->tree);

	if (root == NULL) {
		diagnostics_error(r->errors, mark_file(r->tree.file), "an empty scenario, expected "
		                  "a mapping with the keys host and domains");
		return;
	}
	(void)tree_fields(&r->tree, root, "a scenario", names, K_COUNT, field);
	if (root->type != YAML_MAPPING_NODE)
		return;
	if (field[K_HOST].value == NULL && r->options->topology == NULL)
		diagnostics_error(r->errors, tree_mark(&r->tree, root), "no host, expected "
		                  "host: {topology: \"pack:1 core:4 pu:1\"} or --topology");
	else
		host_read(r, &field[K_HOST]);
	if (r->s->topology.cpu_count == 0)
		ration_topology_flat(&r->s->topology, RATION_CPU_MAX);
	policy_read(r, &field[K_POLICY]);
	time_read(r, &field[K_TIME], &field[K_SEED]);
	if (field[K_DOMAINS].value == NULL) {
		diagnostics_error(r->errors, tree_mark(&r->tree, root), "no domains, expected "
		                  "domains: [{name: a, ...}, ...]");
		return;
	}
	reader_domains_read(r, &field[K_DOM0], &field[K_DOMAINS]);
	if (r->s->domain_count != 0)
		reader_events_read(r, &field[K_EVENTS]);
}

bool scenario_read_text(const char *name, const char *text, size_t length,
                        const struct scenario_options *options, struct scenario *s,
                        struct diagnostics *errors)
{
	struct reader r;
	unsigned before = errors->count;

	memset(s, 0, sizeof(*s));
	memset(&r, 0, sizeof(r));
	r.s = s;
	r.options = options;
	r.errors = errors;
	r.tree.errors = errors;
	s->file = reader_keep(&r, allocate_text(name, strlen(name)));
	r.tree.file = s->file;
	if (tree_load(&r.tree, text, length)) {
		file_read(&r);
		tree_unload(&r.tree);
	}
	if (errors->count == before)
		return true;
	scenario_free(s);
	return false;
}

bool scenario_read(const char *path, const struct scenario_options *options,
                   struct scenario *s, struct diagnostics *errors)
{
	bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? "<stdin>" : path;
	char reason[INPUT_REASON_SIZE];
	struct input input;
	bool ok;

	if (!(standard ? input_read_standard(&input, reason) : input_read(path, &input, reason))) {
		diagnostics_error(errors, mark_file(name), "%s", reason);
		return false;
	}
	ok = scenario_read_text(name, input.data, input.length, options, s, errors);
	input_free(&input);
	return ok;
}
