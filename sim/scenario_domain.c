/* SPDX-License-Identifier: BSD-2-Clause */
/* dom0 and the domains. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "scenario_reader.h"

#define NAME_MAX_LENGTH 64u
#define VCPU_TOTAL_MAX  65536u

/* The first ones are not for dom0. */
enum key {
	K_NAME, K_CONFIG, K_COUNT_OF, K_POOL, K_START, K_DOM0,
	K_VCPUS = K_DOM0, K_CPUS, K_SOFT_CPUS, K_WORKLOAD, K_ATTR,
	K_COUNT = K_ATTR + READER_ATTR_COUNT
};

static const char *const key_name[K_COUNT] = {
	"name", "config", "count", "pool", "start",
	"vcpus", "cpus", "soft_cpus", "workload", READER_ATTR_KEYS
};

bool reader_name_ok(const char *name, size_t length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789_.:/+-";

	return length > 0 && length <= NAME_MAX_LENGTH && strspn(name, letters) >= length;
}

static void name_read(struct reader *r, const struct tree_field *f, struct reader_domain *d)
{
	struct tree_text text;

	if (f->value == NULL || !tree_scalar(&r->tree, f, "expected a name", &text))
		return;
	if (!reader_name_ok(text.text, text.length)) {
		diagnostics_error(r->errors, tree_text_mark(&text, 0),
		                  "name '%.60s' cannot be a domain's, expected 1 to %u letters, "
		                  "digits and _.:/+-", text.text, NAME_MAX_LENGTH);
		return;
	}
	d->name = reader_keep(r, allocate_text(text.text, text.length));
	d->name_mark = tree_text_mark(&text, 0);
}

/* ---- Adding to the scenario ------------------------------------------- */

/* The place that the same name has already been given at, or NULL. */
static const struct scenario_domain *domain_named(const struct scenario *s, const char *name)
{
	for (uint32_t i = 0; i < s->domain_count; i++)
		if (strcmp(s->domain[i].name, name) == 0)
			return &s->domain[i];
	return NULL;
}

static void domain_add(struct reader *r, const struct scenario_domain *domain,
                       struct scenario_mark name_mark)
{
	struct scenario *s = r->s;
	const struct scenario_domain *first = domain_named(s, domain->name);

	if (first != NULL) {
		diagnostics_error(r->errors, name_mark, "there is a domain '%s' already (%s:%u:%u), "
		                  "expected another name", domain->name, first->mark.file,
		                  first->mark.line, first->mark.column);
		return;
	}
	s->domain = allocate_room(s->domain, s->domain_count, sizeof(*s->domain));
	s->domain[s->domain_count++] = *domain;
}

/* Room for `count` more domains of `vcpus` each? */
static bool domain_fits(struct reader *r, uint32_t count, uint32_t vcpus, struct scenario_mark at)
{
	if (r->s->domain_count + count > SCENARIO_DOMAIN_MAX) {
		diagnostics_error(r->errors, at, "too many domains, expected at most %u",
		                  SCENARIO_DOMAIN_MAX);
		return false;
	}
	r->vcpu_total += (uint64_t)count * vcpus;
	if (r->vcpu_total > VCPU_TOTAL_MAX) {
		diagnostics_error(r->errors, at, "too many vCPUs, expected at most %u in all",
		                  VCPU_TOTAL_MAX);
		return false;
	}
	return true;
}

static char *domain_numbered(struct reader *r, const char *name, uint32_t number)
{
	size_t room = strlen(name) + 12;
	char *text = reader_keep(r, allocate(room, 1));

	(void)snprintf(text, room, "%s%" PRIu32, name, number);
	return text;
}

static struct ration_affinity *domain_affinity(struct reader *r, const struct reader_domain *d)
{
	struct ration_affinity *affinity = reader_keep(r, allocate(d->vcpus, sizeof(*affinity)));
	ration_cpuset *hard = allocate(d->vcpus, sizeof(*hard));
	ration_cpuset *soft = allocate(d->vcpus, sizeof(*soft));

	for (uint32_t i = 0; i < d->vcpus; i++)
		hard[i] = soft[i] = ration_cpuset_first_count(r->s->topology.cpu_count);
	(void)reader_pins_resolve(r, &d->hard, d->vcpus, true, hard);
	(void)reader_pins_resolve(r, &d->soft, d->vcpus, false, soft);
	for (uint32_t i = 0; i < d->vcpus; i++) {
		affinity[i].hard = hard[i];
		affinity[i].soft = soft[i];
	}
	free(hard);
	free(soft);
	return affinity;
}

/* ---- Reading ---------------------------------------------------------- */

static void domain_defaults(struct reader_domain *d, struct scenario_mark mark)
{
	memset(d, 0, sizeof(*d));
	d->name_mark = mark;
	d->vcpus = 1;
	ration_attr_default(&d->attr.value);
}

/* From the configuration first, so that the YAML wins. */
static void domain_read_draft(struct reader *r, const struct tree_field *field, bool is_dom0,
                              struct reader_domain *d)
{
	struct tree_text pool;

	if (!is_dom0) {
		reader_config_read(r, &field[K_CONFIG], d);
		name_read(r, &field[K_NAME], d);
		if (field[K_POOL].value != NULL &&
		    tree_scalar(&r->tree, &field[K_POOL], "expected a name", &pool))
			d->pool = reader_keep(r, allocate_text(pool.text, pool.length));
	}
	(void)tree_count(&r->tree, &field[K_VCPUS], 1, SCENARIO_VCPU_MAX, &d->vcpus);
	reader_attr_read(r, &field[K_ATTR], &d->attr);
	reader_pins_read(r, &field[K_CPUS], &d->hard);
	reader_pins_read(r, &field[K_SOFT_CPUS], &d->soft);
}

static void domain_read(struct reader *r, const struct tree_field *f, bool is_dom0)
{
	struct tree_field field[K_COUNT];
	struct scenario_domain domain;
	struct reader_domain d;
	uint32_t count = 1, first = is_dom0 ? K_DOM0 : 0;

	memset(&domain, 0, sizeof(domain));
	memset(field, 0, sizeof(field));
	(void)tree_fields(&r->tree, f->value, is_dom0 ? "dom0" : "a domain", key_name + first,
	                  K_COUNT - first, field + first);
	domain.mark = tree_mark(&r->tree, f->value);
	domain_defaults(&d, domain.mark);
	domain_read_draft(r, field, is_dom0, &d);
	if (!is_dom0) {
		(void)tree_count(&r->tree, &field[K_COUNT_OF], 1, SCENARIO_DOMAIN_MAX, &count);
		(void)tree_time(&r->tree, &field[K_START], &domain.start_ns);
	}
	if (!domain_fits(r, count, d.vcpus, domain.mark))
		return;
	(void)reader_attr_check(r, &d.attr, d.vcpus, domain.mark);
	domain.is_dom0 = is_dom0;
	domain.vcpu_count = d.vcpus;
	domain.attr = d.attr.value;
	domain.attr_given = d.attr.given;
	domain.pool = d.pool;
	domain.ignored = d.ignored;
	domain.affinity = domain_affinity(r, &d);
	domain.workload.kind = is_dom0 ? WORKLOAD_IDLE : WORKLOAD_HOG;
	reader_workload_read(r, &field[K_WORKLOAD], d.vcpus, &domain.workload);
	if (d.name == NULL)
		d.name = is_dom0 ? reader_keep(r, allocate_text("dom0", 4)) :
		         domain_numbered(r, "dom", r->s->domain_count +
		                         (r->s->domain_count == 0 || !r->s->domain[0].is_dom0));
	for (uint32_t i = 1; i <= count; i++) {
		domain.name = domain_numbered(r, d.name, i);
		if (field[K_COUNT_OF].value == NULL)
			domain.name[strlen(d.name)] = '\0';
		domain_add(r, &domain, d.name_mark);
	}
}

void reader_domains_read(struct reader *r, const struct tree_field *dom0,
                         const struct tree_field *domains)
{
	if (dom0->value != NULL)
		domain_read(r, dom0, true);
	if (!tree_is_sequence(domains)) {
		diagnostics_error(r->errors, tree_mark(&r->tree, domains->value),
		                  "domains is no list, expected [{name: a, ...}, ...]");
		return;
	}
	for (size_t i = 0; i < tree_item_count(domains->value); i++) {
		struct tree_field item = tree_item(&r->tree, domains, i);

		if (r->errors->count > DIAGNOSTICS_MAX)
			return;
		domain_read(r, &item, false);
	}
	if (r->s->domain_count == 0)
		diagnostics_error(r->errors, tree_mark(&r->tree, domains->value),
		                  "no domain at all, expected one at least");
}
