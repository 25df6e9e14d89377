/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guests do. */
#include <inttypes.h>
#include <string.h>

#include "allocate.h"
#include "scenario_reader.h"

enum key {
	K_RUN, K_BLOCK, K_PERIOD, K_DEADLINE, K_YIELD, K_ARRIVALS, K_SERVICE, K_THROUGH, K_CHARGE,
	K_HOLD, K_SPIN, K_PHASE, K_RANDOM, K_COUNT
};

static const char *const key_name[K_COUNT] = {
	"run", "block", "period", "deadline", "yield", "arrivals", "service", "through_dom0",
	"charge", "hold", "spin", "phase", "random"
};

#define BIT(key) (1u << (key))

/* The keys of each kind, and which of them must be there. */
static const struct kind {
	const char *name, *what;
	uint32_t keys, required;
} kinds[] = {
	[WORKLOAD_IDLE] = { "idle", "workload idle", 0, 0 },
	[WORKLOAD_HOG] = { "hog", "workload hog", BIT(K_PHASE), 0 },
	[WORKLOAD_LOOP] = { "loop", "workload loop",
		BIT(K_RUN) | BIT(K_BLOCK) | BIT(K_THROUGH) | BIT(K_CHARGE) | BIT(K_PHASE) |
		BIT(K_RANDOM), BIT(K_RUN) | BIT(K_BLOCK) },
	[WORKLOAD_PERIODIC] = { "periodic", "workload periodic",
		BIT(K_PERIOD) | BIT(K_RUN) | BIT(K_DEADLINE) | BIT(K_YIELD) | BIT(K_PHASE) |
		BIT(K_RANDOM), BIT(K_PERIOD) | BIT(K_RUN) },
	[WORKLOAD_SERVER] = { "server", "workload server",
		BIT(K_ARRIVALS) | BIT(K_SERVICE) | BIT(K_DEADLINE) | BIT(K_THROUGH) | BIT(K_CHARGE) |
		BIT(K_PHASE) | BIT(K_RANDOM), BIT(K_ARRIVALS) | BIT(K_SERVICE) },
	[WORKLOAD_SPINLOCK] = { "spinlock", "workload spinlock",
		BIT(K_RUN) | BIT(K_HOLD) | BIT(K_SPIN) | BIT(K_PHASE) | BIT(K_RANDOM),
		BIT(K_RUN) | BIT(K_HOLD) },
	[WORKLOAD_BARRIER] = { "barrier", "workload barrier",
		BIT(K_RUN) | BIT(K_SPIN) | BIT(K_PHASE) | BIT(K_RANDOM), BIT(K_RUN) },
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* ---- Phases and random streams ---------------------------------------- */

static void phase_read_mapping(struct reader *r, const struct tree_field *f,
                               struct scenario_workload *w)
{
	static const char *const names[] = { "step", "wrap" };
	struct tree_field field[2];

	if (!tree_fields(&r->tree, f->value, "phase", names, 2, field))
		return;
	if (field[0].value == NULL) {
		diagnostics_error(r->errors, tree_mark(&r->tree, f->value),
		                  "phase has no step, expected {step: 100us} or {step: 100us, "
		                  "wrap: 10ms}");
		return;
	}
	/* 1024 vCPUs * 24 h is far below 2^64 ns */
	(void)tree_time_within(&r->tree, &field[0], 0, QUANTITY_DIST_MAX, &w->phase_step_ns);
	(void)tree_time_within(&r->tree, &field[1], 0, QUANTITY_DIST_MAX, &w->phase_wrap_ns);
}

static void phase_read_list(struct reader *r, const struct tree_field *f, uint32_t vcpus,
                            struct scenario_workload *w)
{
	size_t count = tree_item_count(f->value);

	if (count != vcpus) {
		diagnostics_error(r->errors, tree_mark(&r->tree, f->value),
		                  "phase has %zu items for %u vCPUs, expected one for each vCPU",
		                  count, vcpus);
		return;
	}
	w->phase_ns = reader_keep(r, allocate(count, sizeof(*w->phase_ns)));
	for (size_t i = 0; i < count; i++) {
		struct tree_field item = tree_item(&r->tree, f, i);

		(void)tree_time(&r->tree, &item, &w->phase_ns[i]);
	}
}

static void phase_read(struct reader *r, const struct tree_field *f, uint32_t vcpus,
                       struct scenario_workload *w)
{
	ration_ns phase_ns = 0;

	if (f->value == NULL)
		return;
	if (tree_is_sequence(f)) {
		phase_read_list(r, f, vcpus, w);
	} else if (!tree_is_scalar(f)) {
		phase_read_mapping(r, f, w);
	} else if (tree_time(&r->tree, f, &phase_ns)) {
		w->phase_ns = reader_keep(r, allocate(vcpus, sizeof(*w->phase_ns)));
		for (uint32_t i = 0; i < vcpus; i++)
			w->phase_ns[i] = phase_ns;
	}
}

static void random_read(struct reader *r, const struct tree_field *f, struct scenario_workload *w)
{
	static const char *const names[] = { "splitmix" };
	struct tree_field field[1];

	if (f->value == NULL)
		return;
	if (!tree_fields(&r->tree, f->value, "random", names, 1, field))
		return;
	if (field[0].value == NULL)
		diagnostics_error(r->errors, tree_mark(&r->tree, f->value),
		                  "random names no generator, expected {splitmix: SEED}");
	else if (tree_integer(&r->tree, &field[0], 0, INT64_MAX, &w->splitmix_seed))
		w->random = RANDOM_SPLITMIX;
}

/* ---- Times ------------------------------------------------------------ */

/* The largest length that a distribution is sure to reach: what is 0 here is
 * always 0. */
static ration_ns dist_reach(const struct scenario_dist *d)
{
	return d->kind == DIST_UNIFORM ? d->b_ns : d->a_ns;
}

static void dist_read_positive(struct reader *r, const struct tree_field *f,
                               struct scenario_dist *dist)
{
	struct scenario_dist d = *dist;

	if (f->value == NULL || !tree_dist(&r->tree, f, &d))
		return;
	if (dist_reach(&d) == 0)
		diagnostics_error(r->errors, tree_mark(&r->tree, f->value),
		                  "%s is never more than 0, expected a length of time above 0",
		                  f->name);
	else
		*dist = d;
}

/* Requests closer than this would only fill the memory of the run. */
#define GAP_MIN_NS RATION_NS_PER_US

static void arrivals_read(struct reader *r, const struct tree_field *f,
                          struct scenario_workload *w)
{
	struct tree_text text = { "", 0, { NULL, 0, 0 }, false };
	struct quantity_error error;
	const char *inside;
	size_t length;

	if (f->value == NULL || !tree_scalar(&r->tree, f, "expected poisson(200/s), file(PATH) or a "
	                                     "distribution of gaps", &text))
		return;
	if (quantity_call(text.text, text.length, "file", &inside, &length)) {
		reader_arrivals_read(r, &text, inside, length, w);
		return;
	}
	if (quantity_call(text.text, text.length, "poisson", &inside, &length)) {
		w->gap.kind = DIST_EXP;
		if (!quantity_rate(inside, length, &w->gap.a_ns, &error)) {
			error.offset += (size_t)(inside - text.text);
			tree_wrong(&r->tree, f->name, &text, &error);
			return;
		}
	} else if (!quantity_dist(text.text, text.length, &w->gap, &error)) {
		if (error.offset == 0)
			error.what = "is no pattern of arrivals, expected poisson(200/s), "
			             "file(PATH) or a distribution of gaps such as 5ms";
		tree_wrong(&r->tree, f->name, &text, &error);
		return;
	}
	if (dist_reach(&w->gap) < GAP_MIN_NS || w->gap.a_ns > QUANTITY_DIST_MAX)
		diagnostics_error(r->errors, tree_text_mark(&text, 0),
		                  "arrivals '%.60s' come too often or too seldom, expected 1 us to "
		                  "24 h between them", text.text);
}

/* spin: true (for ever), false, or a length of time after which it yields. */
static void spin_read(struct reader *r, const struct tree_field *f, struct scenario_workload *w)
{
	static const char digits[] = "123456789";
	struct tree_text text;

	w->spin = w->kind == WORKLOAD_SPINLOCK;
	if (f->value == NULL || !tree_scalar(&r->tree, f, "expected true, false or a length of time",
	                                     &text))
		return;
	if (strcspn(text.text, digits) < text.length && strcmp(text.text, "1") != 0) {
		w->spin = tree_time(&r->tree, f, &w->spin_ns);
		return;
	}
	(void)tree_bool(&r->tree, f, &w->spin);
	if (w->kind == WORKLOAD_SPINLOCK && !w->spin)
		diagnostics_error(r->errors, tree_text_mark(&text, 0), "spin is false, expected "
		                  "true or a length of time: who wants the lock spins");
}

/* ---- The kinds -------------------------------------------------------- */

static void workload_check(struct reader *r, const struct tree_field *f,
                           const struct tree_field *key, const struct scenario_workload *w)
{
	if (w->kind == WORKLOAD_PERIODIC && w->period_ns < RATION_NS_PER_US)
		diagnostics_error(r->errors, tree_mark(&r->tree, key[K_PERIOD].value),
		                  "period is too short, expected at least 1 us");
	if (w->kind == WORKLOAD_LOOP &&
	    dist_reach(&w->run) + dist_reach(&w->block) < RATION_NS_PER_US)
		diagnostics_error(r->errors, tree_mark(&r->tree, f->value),
		                  "run and block together are too short, expected at least 1 us");
	if (key[K_CHARGE].value != NULL && key[K_THROUGH].value == NULL)
		diagnostics_error(r->errors, tree_mark(&r->tree, key[K_CHARGE].key),
		                  "charge without work of dom0, expected through_dom0 beside it");
}

static void workload_read_body(struct reader *r, const struct tree_field *f, uint32_t vcpus,
                               struct tree_field *key, struct scenario_workload *w)
{
	dist_read_positive(r, &key[K_RUN], &w->run);
	dist_read_positive(r, &key[K_SERVICE], &w->run);
	dist_read_positive(r, &key[K_HOLD], &w->hold);
	(void)tree_dist(&r->tree, &key[K_BLOCK], &w->block);
	(void)tree_time_within(&r->tree, &key[K_PERIOD], 1, QUANTITY_DIST_MAX, &w->period_ns);
	w->deadline_ns = w->kind == WORKLOAD_PERIODIC ? w->period_ns : 0;
	(void)tree_time_within(&r->tree, &key[K_DEADLINE], 1, QUANTITY_DIST_MAX, &w->deadline_ns);
	(void)tree_bool(&r->tree, &key[K_YIELD], &w->yield);
	arrivals_read(r, &key[K_ARRIVALS], w);
	(void)tree_time_within(&r->tree, &key[K_THROUGH], 0, RATION_NS_PER_S,
	                       &w->through_dom0_ns);
	(void)tree_bool(&r->tree, &key[K_CHARGE], &w->helper_charged);
	if (w->kind == WORKLOAD_SPINLOCK || w->kind == WORKLOAD_BARRIER)
		spin_read(r, &key[K_SPIN], w);
	phase_read(r, &key[K_PHASE], vcpus, w);
	random_read(r, &key[K_RANDOM], w);
	workload_check(r, f, key, w);
}

/* The keys of one kind, spread over all keys. */
static bool workload_fields(struct reader *r, const struct tree_field *f, const struct kind *kind,
                            struct tree_field *key)
{
	const char *names[K_COUNT];
	struct tree_field field[K_COUNT];
	uint32_t which[K_COUNT], count = 0;
	bool ok;

	for (uint32_t k = 0; k < K_COUNT; k++) {
		key[k].name = key_name[k];
		key[k].key = NULL;
		key[k].value = NULL;
		if ((kind->keys & BIT(k)) != 0) {
			which[count] = k;
			names[count++] = key_name[k];
		}
	}
	ok = tree_fields(&r->tree, f->value, kind->what, names, count, field);
	for (uint32_t i = 0; i < count; i++) {
		key[which[i]] = field[i];
		if (ok && field[i].value == NULL && (kind->required & BIT(which[i])) != 0) {
			diagnostics_error(r->errors, tree_mark(&r->tree, f->value),
			                  "%s has no %s, expected it", kind->what, names[i]);
			ok = false;
		}
	}
	return ok;
}

/* `workload: hog`, or `hog:` with nothing behind it. */
static bool workload_is_bare(const struct tree_field *f)
{
	return tree_is_scalar(f) && (f->value->data.scalar.length == 0 ||
	       strcmp((const char *)f->value->data.scalar.value, "~") == 0);
}

static void workload_read_kind(struct reader *r, const struct tree_field *f, uint32_t kind,
                               uint32_t vcpus, struct scenario_workload *w)
{
	struct tree_field key[K_COUNT];

	w->kind = (enum scenario_workload_kind)kind;
	if (kinds[kind].required == 0 && workload_is_bare(f))
		return;
	if (workload_fields(r, f, &kinds[kind], key))
		workload_read_body(r, f, vcpus, key, w);
	if (w->through_dom0_ns != 0 && (r->s->domain_count == 0 || !r->s->domain[0].is_dom0))
		diagnostics_error(r->errors, tree_mark(&r->tree, key[K_THROUGH].value),
		                  "through_dom0 without a dom0, expected a key dom0 in the "
		                  "scenario");
}

void reader_workload_read(struct reader *r, const struct tree_field *f, uint32_t vcpus,
                          struct scenario_workload *w)
{
	const char *names[KIND_COUNT];
	struct tree_field field[KIND_COUNT];
	uint32_t given = 0, which = 0;

	if (f->value == NULL)
		return;
	for (uint32_t k = 0; k < KIND_COUNT; k++)
		names[k] = kinds[k].name;
	if (tree_is_scalar(f)) {
		const char *text = (const char *)f->value->data.scalar.value;

		for (uint32_t k = 0; k < KIND_COUNT; k++)
			if (kinds[k].required == 0 && strcmp(text, names[k]) == 0) {
				w->kind = (enum scenario_workload_kind)k;
				return;
			}
	}
	if (!tree_fields(&r->tree, f->value, "workload", names, KIND_COUNT, field))
		return;
	for (uint32_t k = 0; k < KIND_COUNT; k++)
		if (field[k].value != NULL) {
			given++;
			which = k;
		}
	if (given != 1)
		diagnostics_error(r->errors, tree_mark(&r->tree, f->value),
		                  "workload has %u kinds, expected one of hog, loop, periodic, "
		                  "server, spinlock, barrier, idle", given);
	else
		workload_read_kind(r, &field[which], which, vcpus, w);
}
