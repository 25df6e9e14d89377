/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens when: reading events, putting them in order, and a walk over
 * them in that order for what only then shows. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "scenario_reader.h"

enum key {
	K_AT, K_DOMAIN, K_SET, K_PAUSE, K_RESUME, K_DESTROY, K_VCPUS, K_PIN, K_CPU, K_OFFLINE,
	K_ONLINE, K_FORCE, K_POLICY, K_COUNT
};

static const char *const key_name[K_COUNT] = {
	"at", "domain", "set", "pause", "resume", "destroy", "vcpus", "pin", "cpu", "offline",
	"online", "force", "policy"
};

#define BIT(key) (1u << (key))
#define DOMAIN_ACTIONS (BIT(K_SET) | BIT(K_PAUSE) | BIT(K_RESUME) | BIT(K_DESTROY) | \
                        BIT(K_VCPUS) | BIT(K_PIN))
#define CPU_ACTIONS    (BIT(K_OFFLINE) | BIT(K_ONLINE))

static void event_add(struct reader *r, const struct scenario_event *e)
{
	struct scenario *s = r->s;

	s->event = allocate_room(s->event, s->event_count, sizeof(*s->event));
	s->event[s->event_count++] = *e;
}

/* ---- Events of a domain ----------------------------------------------- */

static bool event_domain_find(struct reader *r, const struct tree_field *f,
                              struct scenario_event *e)
{
	const struct scenario *s = r->s;
	const char **names;
	const char *near;
	struct tree_text text;

	if (!tree_scalar(&r->tree, f, "expected the name of a domain", &text))
		return false;
	for (e->domain = 0; e->domain < s->domain_count; e->domain++)
		if (strcmp(s->domain[e->domain].name, text.text) == 0)
			return true;
	names = allocate(s->domain_count, sizeof(*names));
	for (uint32_t i = 0; i < s->domain_count; i++)
		names[i] = s->domain[i].name;
	near = suggest(text.text, names, s->domain_count);
	diagnostics_error(r->errors, tree_text_mark(&text, 0),
	                  "there is no domain '%.60s', expected the name of one%s%s%s", text.text,
	                  near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
	                  near != NULL ? "'?)" : "");
	free(names);
	return false;
}

/* New pins, for all vCPUs or one by one. */
static void event_pin(struct reader *r, struct scenario_event *e, const struct tree_field *hard,
                      const struct tree_field *soft)
{
	struct reader_pins h, s;
	ration_cpuset *set[2];
	bool all = e->vcpu == SCENARIO_ALL, each;
	uint32_t vcpus = all ? r->s->domain[e->domain].vcpu_count : 1;

	memset(&h, 0, sizeof(h));
	memset(&s, 0, sizeof(s));
	reader_pins_read(r, hard, &h);
	reader_pins_read(r, soft, &s);
	e->kind = EVENT_DOM_PIN;
	e->attr_given = 0;
	e->hard_given = h.name != NULL;
	e->soft_given = s.name != NULL;
	each = h.list || s.list;
	set[0] = allocate(vcpus, sizeof(ration_cpuset));
	set[1] = allocate(vcpus, sizeof(ration_cpuset));
	if (reader_pins_resolve(r, &h, vcpus, true, set[0]) &&
	    reader_pins_resolve(r, &s, vcpus, false, set[1]))
		for (uint32_t i = 0; i < (each ? vcpus : 1); i++) {
			if (all && each)
				e->vcpu = i;
			e->affinity.hard = set[0][i];
			e->affinity.soft = set[1][i];
			event_add(r, e);
		}
	free(set[0]);
	free(set[1]);
}

static void event_set(struct reader *r, const struct tree_field *f, struct scenario_event *e)
{
	static const char *const names[] = { READER_ATTR_KEYS, "cpus", "soft_cpus" };
	struct tree_field field[READER_ATTR_COUNT + 2];
	struct reader_attr a;

	if (!tree_fields(&r->tree, f->value, "set", names, READER_ATTR_COUNT + 2, field))
		return;
	memset(&a, 0, sizeof(a));
	ration_attr_default(&a.value);
	reader_attr_read(r, field, &a);
	if (a.given != 0) {
		e->kind = EVENT_DOM_SET;
		e->attr = a.value;
		e->attr_given = a.given;
		event_add(r, e);
	}
	if (field[READER_ATTR_COUNT].value != NULL || field[READER_ATTR_COUNT + 1].value != NULL)
		event_pin(r, e, &field[READER_ATTR_COUNT], &field[READER_ATTR_COUNT + 1]);
	else if (a.given == 0 && r->errors->count == 0)
		diagnostics_error(r->errors, tree_mark(&r->tree, f->value),
		                  "set changes nothing, expected an attribute or cpus");
}

static void event_pin_one(struct reader *r, const struct tree_field *f, struct scenario_event *e)
{
	static const char *const names[] = { "vcpu", "cpus", "soft_cpus" };
	struct tree_field field[3];
	uint32_t last = r->s->domain[e->domain].vcpu_count - 1;

	if (!tree_fields(&r->tree, f->value, "pin", names, 3, field))
		return;
	if (field[1].value == NULL && field[2].value == NULL)
		diagnostics_error(r->errors, tree_mark(&r->tree, f->value),
		                  "pin without CPUs, expected cpus or soft_cpus");
	else if (tree_count(&r->tree, &field[0], 0, last, &e->vcpu))
		event_pin(r, e, &field[1], &field[2]);
}

static void event_domain(struct reader *r, struct tree_field *field, uint32_t given,
                         struct scenario_event *e)
{
	static const struct {
		enum key key;
		enum scenario_event_kind kind;
	} plain[] = {
		{ K_PAUSE, EVENT_DOM_PAUSE },
		{ K_RESUME, EVENT_DOM_RESUME },
		{ K_DESTROY, EVENT_DOM_DESTROY },
	};

	if (!event_domain_find(r, &field[K_DOMAIN], e))
		return;
	e->vcpu = SCENARIO_ALL;
	if ((given & BIT(K_SET)) != 0) {
		event_set(r, &field[K_SET], e);
	} else if ((given & BIT(K_PIN)) != 0) {
		event_pin_one(r, &field[K_PIN], e);
	} else if ((given & BIT(K_VCPUS)) != 0) {
		e->kind = EVENT_VCPU_COUNT;
		if (tree_count(&r->tree, &field[K_VCPUS], 1, r->s->domain[e->domain].vcpu_count,
		               &e->count))
			event_add(r, e);
	} else {
		for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
			if ((given & BIT(plain[i].key)) != 0) {
				e->kind = plain[i].kind;
				if (tree_true(&r->tree, &field[plain[i].key]))
					event_add(r, e);
			}
	}
}

/* ---- Events of a CPU, and of the policy ------------------------------- */

static void event_cpu(struct reader *r, struct tree_field *field, uint32_t given,
                      struct scenario_event *e)
{
	bool offline = (given & BIT(K_OFFLINE)) != 0;

	e->kind = offline ? EVENT_CPU_OFFLINE : EVENT_CPU_ONLINE;
	if (!tree_true(&r->tree, &field[offline ? K_OFFLINE : K_ONLINE]))
		return;
	(void)tree_bool(&r->tree, &field[K_FORCE], &e->force);
	if (field[K_FORCE].value != NULL && !offline)
		diagnostics_error(r->errors, tree_mark(&r->tree, field[K_FORCE].key),
		                  "force without offline, expected it only there");
	if (tree_count(&r->tree, &field[K_CPU], 0, r->s->topology.cpu_count - 1, &e->cpu))
		event_add(r, e);
}

static void event_policy(struct reader *r, const struct tree_field *f, struct scenario_event *e)
{
	struct reader_policy p;

	memset(&p, 0, sizeof(p));
	reader_policy_read(r, f, &p);
	if (p.reserve_given)
		diagnostics_error(r->errors, p.mark, "a reserve in an event, expected it at the top "
		                  "of the scenario: it stays as it is");
	e->kind = EVENT_POLICY;
	e->policy = p.policy;
	e->params = p.params;
	e->params_given = p.given;
	event_add(r, e);
}

static bool one_bit(uint32_t bits)
{
	return bits != 0 && (bits & (bits - 1)) == 0;
}

static void event_dispatch(struct reader *r, struct tree_field *field, uint32_t given,
                           struct scenario_event *e)
{
	static const char expected_domain[] = "expected domain with one of set, pause, resume, "
		"destroy, vcpus, pin";
	static const char expected_cpu[] = "expected cpu with offline or online";
	uint32_t about = given & (BIT(K_DOMAIN) | BIT(K_CPU) | BIT(K_POLICY));
	uint32_t rest = given & ~(about | BIT(K_AT));

	if (!one_bit(about))
		diagnostics_error(r->errors, e->mark, "event about %s, expected one of domain, cpu, "
		                  "policy", about == 0 ? "nothing" : "several things");
	else if (about == BIT(K_DOMAIN) && (!one_bit(rest) || (rest & ~DOMAIN_ACTIONS) != 0))
		diagnostics_error(r->errors, e->mark, "event that says %s, %s",
		                  rest == 0 ? "nothing of its domain" : "what does not go together",
		                  expected_domain);
	else if (about == BIT(K_CPU) && (!one_bit(rest & ~BIT(K_FORCE)) ||
	                                 (rest & ~(CPU_ACTIONS | BIT(K_FORCE))) != 0))
		diagnostics_error(r->errors, e->mark, "event that says %s, %s",
		                  rest == 0 ? "nothing of its CPU" : "what does not go together",
		                  expected_cpu);
	else if (about == BIT(K_POLICY) && rest != 0)
		diagnostics_error(r->errors, e->mark, "event that says what does not go together, "
		                  "expected policy alone");
	else if (about == BIT(K_DOMAIN))
		event_domain(r, field, rest, e);
	else if (about == BIT(K_CPU))
		event_cpu(r, field, rest, e);
	else
		event_policy(r, &field[K_POLICY], e);
}

static void event_read(struct reader *r, const struct tree_field *f)
{
	struct tree_field field[K_COUNT];
	struct scenario_event e;
	uint32_t given = 0;

	memset(&e, 0, sizeof(e));
	e.mark = tree_mark(&r->tree, f->value);
	if (!tree_fields(&r->tree, f->value, "an event", key_name, K_COUNT, field))
		return;
	for (uint32_t k = 0; k < K_COUNT; k++)
		if (field[k].value != NULL)
			given |= BIT(k);
	if (field[K_AT].value == NULL)
		diagnostics_error(r->errors, e.mark, "event without a time, expected {at: 5s, ...}");
	else if (tree_time(&r->tree, &field[K_AT], &e.at_ns))
		event_dispatch(r, field, given, &e);
}

/* ---- Order ------------------------------------------------------------ */

/* By time, and at one time as written: a mark tells only the place in the
 * file, which is the order of writing but for aliases; hence the index. */
struct sortable {
	struct scenario_event event;
	uint32_t index;
};

static int event_compare(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;

	if (x->event.at_ns != y->event.at_ns)
		return x->event.at_ns < y->event.at_ns ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static void events_sort(struct scenario *s)
{
	struct sortable *all = allocate(s->event_count, sizeof(*all));

	for (uint32_t i = 0; i < s->event_count; i++) {
		all[i].event = s->event[i];
		all[i].index = i;
	}
	qsort(all, s->event_count, sizeof(*all), event_compare);
	for (uint32_t i = 0; i < s->event_count; i++)
		s->event[i] = all[i].event;
	free(all);
}

/* What a domain has come to by the time of an event. */
struct fate {
	struct ration_attr attr;
	uint32_t pauses;
	ration_ns gone_ns;
	bool gone;
};

static void walk_set(struct reader *r, const struct scenario_event *e, struct fate *fate)
{
	struct reader_attr a;

	memset(&a, 0, sizeof(a));
	a.value = fate->attr;
	for (uint32_t i = 0; i < READER_ATTR_COUNT; i++)
		a.mark[i] = e->mark;
	a.given = e->attr_given;
	if ((e->attr_given & RATION_ATTR_WEIGHT) != 0)
		a.value.weight = e->attr.weight;
	if ((e->attr_given & RATION_ATTR_CAP) != 0)
		a.value.cap_ppm = e->attr.cap_ppm;
	if ((e->attr_given & RATION_ATTR_FLOOR) != 0)
		a.value.floor_ppm = e->attr.floor_ppm;
	if ((e->attr_given & RATION_ATTR_BURST) != 0)
		a.value.burst_ns = e->attr.burst_ns;
	if ((e->attr_given & RATION_ATTR_PERIOD) != 0)
		a.value.period_ns = e->attr.period_ns;
	if ((e->attr_given & RATION_ATTR_SLICE) != 0)
		a.value.slice_ns = e->attr.slice_ns;
	if ((e->attr_given & RATION_ATTR_LATENCY) != 0)
		a.value.latency_ns = e->attr.latency_ns;
	if ((e->attr_given & RATION_ATTR_EXTRATIME) != 0)
		a.value.extratime = e->attr.extratime;
	if ((e->attr_given & RATION_ATTR_SHADOW) != 0)
		a.value.shadow = e->attr.shadow;
	if (reader_attr_check(r, &a, r->s->domain[e->domain].vcpu_count, e->mark))
		fate->attr = a.value;
}

static void walk_domain(struct reader *r, const struct scenario_event *e, struct fate *fate)
{
	const struct scenario_domain *d = &r->s->domain[e->domain];
	char when[QUANTITY_SIZE];

	if (e->at_ns < d->start_ns) {
		diagnostics_error(r->errors, e->mark, "domain %s starts at %s only, expected a "
		                  "later time", d->name, quantity_time_format(d->start_ns, when));
	} else if (fate->gone) {
		diagnostics_error(r->errors, e->mark, "domain %s was destroyed at %s, expected an "
		                  "earlier time", d->name, quantity_time_format(fate->gone_ns, when));
	} else if (e->kind == EVENT_DOM_DESTROY && d->is_dom0) {
		diagnostics_error(r->errors, e->mark, "dom0 cannot be destroyed, expected another "
		                  "domain");
	} else if (e->kind == EVENT_DOM_DESTROY) {
		fate->gone = true;
		fate->gone_ns = e->at_ns;
	} else if (e->kind == EVENT_DOM_PAUSE) {
		fate->pauses++;
	} else if (e->kind == EVENT_DOM_RESUME && fate->pauses == 0) {
		diagnostics_error(r->errors, e->mark, "domain %s is not paused at %s, expected a "
		                  "pause before", d->name, quantity_time_format(e->at_ns, when));
	} else if (e->kind == EVENT_DOM_RESUME) {
		fate->pauses--;
	} else if (e->kind == EVENT_DOM_SET) {
		walk_set(r, e, fate);
	}
}

static void walk_policy(struct reader *r, const struct scenario_event *e,
                        struct ration_params *params)
{
	if ((e->params_given & RATION_ATTR_TSLICE) != 0)
		params->tslice_ns = e->params.tslice_ns;
	if ((e->params_given & RATION_ATTR_RATELIMIT) != 0)
		params->ratelimit_ns = e->params.ratelimit_ns;
	if (params->ratelimit_ns > params->tslice_ns)
		diagnostics_error(r->errors, e->mark, "tslice is now below the ratelimit, expected "
		                  "a ratelimit of at most that beside it");
}

static void events_walk(struct reader *r)
{
	struct fate *fate = allocate(r->s->domain_count, sizeof(*fate));
	struct ration_params params = r->s->params;

	for (uint32_t i = 0; i < r->s->domain_count; i++)
		fate[i].attr = r->s->domain[i].attr;
	for (uint32_t i = 0; i < r->s->event_count; i++) {
		const struct scenario_event *e = &r->s->event[i];

		if (e->kind == EVENT_POLICY)
			walk_policy(r, e, &params);
		else if (e->kind != EVENT_CPU_OFFLINE && e->kind != EVENT_CPU_ONLINE)
			walk_domain(r, e, &fate[e->domain]);
	}
	free(fate);
}

void reader_events_read(struct reader *r, const struct tree_field *events)
{
	if (events->value == NULL)
		return;
	if (!tree_is_sequence(events)) {
		diagnostics_error(r->errors, tree_mark(&r->tree, events->value),
		                  "events is no list, expected [{at: 5s, ...}, ...]");
		return;
	}
	for (size_t i = 0; i < tree_item_count(events->value); i++) {
		struct tree_field item = tree_item(&r->tree, events, i);

		if (r->errors->count > DIAGNOSTICS_MAX)
			return;
		event_read(r, &item);
	}
	if (r->errors->count != 0)
		return;
	events_sort(r->s);
	events_walk(r);
}
