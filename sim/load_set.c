/* SPDX-License-Identifier: BSD-2-Clause */
#include "load_set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "scenario_reader.h"

#define SETTABLE READER_ATTR_KEYS, "cpus"
#define SET_CPUS READER_ATTR_COUNT           /* its index behind the attributes */
#define SET_COUNT (READER_ATTR_COUNT + 1u)

static const char *const set_name[SET_COUNT] = { SETTABLE };

/* One change, taken apart. */
struct change {
	struct scenario_mark mark;
	const char *domain;          /* NULL: of the instance */
	const char *attr;
	const char *value;
};

struct setter {
	struct reader r;             /* for what the scenario's reader knows */
	struct reader_attr *attr;    /* what is set of each domain */
	struct ration_params params;
	uint32_t params_given;
};

/* ---- Taking apart ------------------------------------------------------ */

static const char *set_keep(struct setter *set, const char *text, size_t length)
{
	return reader_keep(&set->r, allocate_text(text, length));
}

/* "LABEL 'TEXT'" as the file of a mark. */
static struct scenario_mark set_mark(struct setter *set, const char *label, const char *text)
{
	size_t size = strlen(label) + strlen(text) + 4;
	char *name = reader_keep(&set->r, allocate(size, 1));

	(void)snprintf(name, size, "%s '%s'", label, text);
	return mark_file(name);
}

static bool set_split(struct setter *set, const char *label, const char *text,
                      struct change *change)
{
	const char *equals = strchr(text, '='), *dot = NULL;

	change->mark = set_mark(set, label, text);
	for (const char *at = text; equals != NULL && at < equals; at++)
		if (*at == '.')
			dot = at;
	if (equals == NULL || equals == text || dot == text || (dot != NULL && dot + 1 == equals)) {
		diagnostics_error(set->r.errors, change->mark, "is no change, expected one such as "
		                  "web1.weight=512 or tslice=5ms");
		return false;
	}
	change->domain = dot == NULL ? NULL : set_keep(set, text, (size_t)(dot - text));
	dot = dot == NULL ? text : dot + 1;
	change->attr = set_keep(set, dot, (size_t)(equals - dot));
	change->value = equals + 1;
	return true;
}

static bool set_wrong(struct setter *set, const struct change *change,
                      const struct quantity_error *error)
{
	diagnostics_error(set->r.errors, change->mark, "%s '%.60s' %s", change->attr, change->value,
	                  error->what);
	return false;
}

/* ---- Of the instance --------------------------------------------------- */

static bool set_param(struct setter *set, const struct change *change)
{
	static const char *const names[] = { "tslice", "ratelimit" };
	bool is_tslice = strcmp(change->attr, "tslice") == 0;
	ration_ns *to = is_tslice ? &set->params.tslice_ns : &set->params.ratelimit_ns;
	ration_ns min_ns = is_tslice ? 100 * RATION_NS_PER_US : 0;
	ration_ns max_ns = is_tslice ? RATION_NS_PER_S : 500 * RATION_NS_PER_MS;
	struct quantity_error error;
	const char *near;

	if (!is_tslice && strcmp(change->attr, "ratelimit") != 0) {
		near = suggest(change->attr, names, 2);
		diagnostics_error(set->r.errors, change->mark, "there is no '%.60s' of the machine, "
		                  "expected tslice or ratelimit, or DOMAIN.ATTRIBUTE%s%s%s",
		                  change->attr, near != NULL ? " (did you mean '" : "",
		                  near != NULL ? near : "", near != NULL ? "'?)" : "");
		return false;
	}
	if (!quantity_time(change->value, strlen(change->value), to, &error))
		return set_wrong(set, change, &error);
	set->params_given |= is_tslice ? RATION_ATTR_TSLICE : RATION_ATTR_RATELIMIT;
	if (*to >= min_ns && *to <= max_ns)
		return true;
	diagnostics_error(set->r.errors, change->mark, "%s is out of range, expected %s",
	                  change->attr, is_tslice ? "100 us to 1 s" : "0 to 500 ms");
	return false;
}

static bool set_params_end(struct setter *set, struct scenario_mark last)
{
	struct scenario *s = set->r.s;

	if ((set->params_given & RATION_ATTR_RATELIMIT) == 0 &&
	    set->params.ratelimit_ns > set->params.tslice_ns)
		set->params.ratelimit_ns = set->params.tslice_ns;
	if (set->params.ratelimit_ns > set->params.tslice_ns) {
		diagnostics_error(set->r.errors, last, "ratelimit is above tslice, expected at most "
		                  "that");
		return false;
	}
	s->params = set->params;
	return true;
}

/* ---- Of a domain ------------------------------------------------------- */

static bool set_attr_value(enum ration_attr_bit bit, const char *text, struct ration_attr *attr,
                           struct quantity_error *error)
{
	size_t length = strlen(text);
	uint64_t number;

	switch (bit) {
	case RATION_ATTR_WEIGHT:
		if (!quantity_integer(text, length, &number, error))
			return false;
		attr->weight = number <= UINT32_MAX ? (uint32_t)number : UINT32_MAX;
		return true;
	case RATION_ATTR_CAP:
		return quantity_percent(text, length, &attr->cap_ppm, error);
	case RATION_ATTR_FLOOR:
		return quantity_percent(text, length, &attr->floor_ppm, error);
	case RATION_ATTR_BURST:
		return quantity_time(text, length, &attr->burst_ns, error);
	case RATION_ATTR_PERIOD:
		return quantity_time(text, length, &attr->period_ns, error);
	case RATION_ATTR_SLICE:
		return quantity_time(text, length, &attr->slice_ns, error);
	case RATION_ATTR_LATENCY:
		return quantity_time(text, length, &attr->latency_ns, error);
	case RATION_ATTR_EXTRATIME:
		return quantity_bool(text, length, &attr->extratime, error);
	case RATION_ATTR_SHADOW:
		return quantity_bool(text, length, &attr->shadow, error);
	case RATION_ATTR_TSLICE:
	case RATION_ATTR_RATELIMIT:
		break;
	}
	return false;
}

static bool set_cpus(struct setter *set, const struct change *change, struct scenario_domain *d)
{
	struct tree_text text = { change->value, strlen(change->value), change->mark, false };
	struct reader_pins pins = { "cpus", change->mark, false, 1, &text };
	ration_cpuset *hard = allocate(d->vcpu_count, sizeof(*hard));
	bool ok = reader_pins_resolve(&set->r, &pins, d->vcpu_count, true, hard);

	for (uint32_t i = 0; ok && i < d->vcpu_count; i++)
		d->affinity[i].hard = hard[i];
	free(hard);
	return ok;
}

/* What the log made of it later is left out. */
static void set_events(struct scenario *s, uint32_t domain, uint32_t what)
{
	for (uint32_t i = 0; i < s->event_count; i++) {
		struct scenario_event *e = &s->event[i];

		if (e->kind == EVENT_DOM_SET && e->domain == domain && what < READER_ATTR_COUNT)
			e->attr_given &= ~(1u << what);
		else if (e->kind == EVENT_DOM_PIN && e->domain == domain && what == SET_CPUS)
			e->hard_given = false;
	}
}

static bool set_domain(struct setter *set, const struct change *change, uint32_t domain,
                       uint32_t what)
{
	struct scenario_domain *d = &set->r.s->domain[domain];
	struct reader_attr *a = &set->attr[domain];
	struct quantity_error error;

	set_events(set->r.s, domain, what);
	if (what == SET_CPUS)
		return set_cpus(set, change, d);
	if (!set_attr_value((enum ration_attr_bit)(1u << what), change->value, &a->value, &error))
		return set_wrong(set, change, &error);
	a->given |= 1u << what;
	a->mark[what] = change->mark;
	return true;
}

static bool set_no_attr(struct setter *set, const struct change *change)
{
	const char *near = suggest(change->attr, set_name, SET_COUNT);

	diagnostics_error(set->r.errors, change->mark, "a domain has no '%.60s', expected weight, "
	                  "cap, floor, burst, period, slice, latency, extratime, shadow or cpus%s%s%s",
	                  change->attr, near != NULL ? " (did you mean '" : "",
	                  near != NULL ? near : "", near != NULL ? "'?)" : "");
	return false;
}

/* The names that are near, or else the first few. */
static bool set_no_domain(struct setter *set, const struct change *change)
{
	const struct scenario *s = set->r.s;
	const char **names = allocate(s->domain_count, sizeof(*names));
	const char *near;

	for (uint32_t i = 0; i < s->domain_count; i++)
		names[i] = s->domain[i].name;
	near = suggest(change->domain, names, s->domain_count);
	if (near != NULL)
		diagnostics_error(set->r.errors, change->mark, "the log has no domain '%.60s' (did "
		                  "you mean '%s'?), expected the name of one", change->domain, near);
	else
		diagnostics_error(set->r.errors, change->mark, "the log has no domain '%.60s', "
		                  "expected %s%s%s%s%s", change->domain, names[0],
		                  s->domain_count > 1 ? ", " : "", s->domain_count > 1 ? names[1] : "",
		                  s->domain_count > 2 ? ", " : "",
		                  s->domain_count > 3 ? "..." : s->domain_count > 2 ? names[2] : "");
	free(names);
	return false;
}

static bool set_one(struct setter *set, const struct change *change)
{
	const struct scenario *s = set->r.s;
	uint32_t what = 0, found = 0;

	if (change->domain == NULL)
		return set_param(set, change);
	while (what < SET_COUNT && strcmp(set_name[what], change->attr) != 0)
		what++;
	for (uint32_t i = 0; i < s->domain_count; i++) {
		if (strcmp(s->domain[i].name, change->domain) != 0)
			continue;
		found++;
		if (what < SET_COUNT && !set_domain(set, change, i, what))
			return false;
	}
	if (found == 0)
		return set_no_domain(set, change);
	return what < SET_COUNT || set_no_attr(set, change);
}

/* ---- All of them ------------------------------------------------------- */

/* Events that nothing is left of go. */
static void set_events_end(struct scenario *s)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->event_count; i++) {
		const struct scenario_event *e = &s->event[i];

		if ((e->kind == EVENT_DOM_SET && e->attr_given == 0) ||
		    (e->kind == EVENT_DOM_PIN && !e->hard_given && !e->soft_given) ||
		    (e->kind == EVENT_POLICY && e->policy == NULL && e->params_given == 0))
			continue;
		s->event[count++] = *e;
	}
	s->event_count = count;
}

/* On another machine a pin may have no CPU left (load_set_topology). */
static bool set_pin_ok(struct setter *set, uint32_t domain, ration_cpuset hard)
{
	const struct scenario *s = set->r.s;
	const struct scenario_domain *d = &s->domain[domain];

	if (hard != 0)
		return true;
	diagnostics_error(set->r.errors, d->mark, "domain %s is pinned to CPUs that the machine "
	                  "\"%.80s\" has not, expected other ones by --set %s.cpus=LIST", d->name,
	                  s->topology_name, d->name);
	return false;
}

static bool set_pins_end(struct setter *set)
{
	const struct scenario *s = set->r.s;
	bool ok = true, one;

	for (uint32_t i = 0; i < s->domain_count; i++) {
		one = true;
		for (uint32_t k = 0; one && k < s->domain[i].vcpu_count; k++)
			one = set_pin_ok(set, i, s->domain[i].affinity[k].hard);
		for (uint32_t k = 0; one && k < s->event_count; k++)
			if (s->event[k].kind == EVENT_DOM_PIN && s->event[k].domain == i &&
			    s->event[k].hard_given)
				one = set_pin_ok(set, i, s->event[k].affinity.hard);
		ok &= one;
	}
	return ok;
}

static bool set_attrs_end(struct setter *set, struct scenario_mark last)
{
	struct scenario *s = set->r.s;
	bool ok = true;

	for (uint32_t i = 0; i < s->domain_count; i++) {
		struct scenario_domain *d = &s->domain[i];

		if (set->attr[i].given == 0)
			continue;
		ok &= reader_attr_check(&set->r, &set->attr[i], d->vcpu_count, last);
		d->attr = set->attr[i].value;
		d->attr_given |= set->attr[i].given;
	}
	return ok;
}

bool load_set(struct scenario *s, const char *const *text, uint32_t count, const char *label,
              struct diagnostics *errors)
{
	struct change change = { mark_file(label), NULL, NULL, NULL };
	struct setter set;
	bool ok = true;

	memset(&set, 0, sizeof(set));
	set.r.s = s;
	set.r.errors = errors;
	set.params = s->params;
	set.attr = allocate(s->domain_count, sizeof(*set.attr));
	for (uint32_t i = 0; i < s->domain_count; i++)
		set.attr[i].value = s->domain[i].attr;
	for (uint32_t i = 0; i < count; i++)
		ok &= set_split(&set, label, text[i], &change) && set_one(&set, &change);
	if (ok) {
		for (uint32_t i = 0; i < s->event_count; i++)
			s->event[i].params_given &= ~set.params_given;
		ok = set_params_end(&set, change.mark);
		ok &= set_attrs_end(&set, change.mark);
		ok &= set_pins_end(&set);
		set_events_end(s);
	}
	free(set.attr);
	return ok;
}

void load_set_policy(struct scenario *s)
{
	for (uint32_t i = 0; i < s->event_count; i++)
		s->event[i].policy = NULL;
	set_events_end(s);
}

/* ---- Another machine --------------------------------------------------- */

static struct ration_affinity set_other_cpus(struct ration_affinity a, ration_cpuset from,
                                             ration_cpuset to)
{
	a.hard = (a.hard & from) == from ? to : a.hard & to;
	a.soft = (a.soft & from) == from ? RATION_CPUSET_ALL : a.soft & to;
	return a;
}

void load_set_topology(struct scenario *s, const struct ration_topology *topology,
                       const char *name)
{
	ration_cpuset from = ration_cpuset_first_count(s->topology.cpu_count);
	ration_cpuset to = ration_cpuset_first_count(topology->cpu_count);
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->domain_count; i++)
		for (uint32_t k = 0; k < s->domain[i].vcpu_count; k++)
			s->domain[i].affinity[k] = set_other_cpus(s->domain[i].affinity[k], from, to);
	for (uint32_t i = 0; i < s->event_count; i++) {
		struct scenario_event e = s->event[i];

		if ((e.kind == EVENT_CPU_OFFLINE || e.kind == EVENT_CPU_ONLINE) &&
		    e.cpu >= topology->cpu_count)
			continue;
		e.affinity = set_other_cpus(e.affinity, from, to);
		s->event[count++] = e;
	}
	s->event_count = count;
	s->topology = *topology;
	for (uint32_t i = 0; i < s->topology.cpu_count; i++)
		s->topology.cpu[i].capacity = RATION_CAPACITY_FULL;
	s->owned = allocate_room(s->owned, s->owned_count, sizeof(*s->owned));
	s->topology_name = s->owned[s->owned_count++] = allocate_text(name, strlen(name));
}
