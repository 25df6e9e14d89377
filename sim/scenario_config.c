/* SPDX-License-Identifier: BSD-2-Clause */
/* What the keys of a Xen domain configuration mean for a scenario. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "input.h"
#include "scenario_reader.h"
#include "xencfg.h"

struct config {
	struct reader *r;
	struct reader_domain *d;
	uint32_t maxvcpus;
	struct scenario_mark maxvcpus_mark;
	const struct xencfg_entry *cpu;
};

static void config_wrong(struct config *c, const struct xencfg_value *v, const char *key,
                         const char *expected)
{
	diagnostics_error(c->r->errors, v->mark, "%s is wrong, expected %s", key, expected);
}

/* A scalar as text, whatever it was written as.  False: a list. */
static bool config_text(struct config *c, const struct xencfg_value *v, struct tree_text *text)
{
	char digits[24];

	if (v->kind == XENCFG_LIST || (v->kind == XENCFG_OTHER && v->text == NULL))
		return false;
	if (v->kind == XENCFG_INTEGER)
		(void)snprintf(digits, sizeof(digits), "%" PRId64, v->integer);
	text->text = reader_keep(c->r, v->kind == XENCFG_INTEGER ?
	                         allocate_text(digits, strlen(digits)) :
	                         allocate_text(v->text, v->length));
	text->length = strlen(text->text);
	text->mark = mark_column(v->mark, v->kind == XENCFG_STRING ? 1 : 0);
	text->flat = v->kind == XENCFG_STRING && v->flat;
	return v->kind != XENCFG_STRING || text->length == v->length;
}

static bool config_integer(struct config *c, const struct xencfg_entry *e, uint64_t min,
                           uint64_t max, uint32_t *value)
{
	struct quantity_error error;
	struct tree_text text;
	char expected[64];
	uint64_t number;

	(void)snprintf(expected, sizeof(expected), "a whole number from %" PRIu64 " to %" PRIu64,
	               min, max);
	if (!config_text(c, &e->value, &text) ||
	    !quantity_integer(text.text, text.length, &number, &error)) {
		config_wrong(c, &e->value, e->key, expected);
		return false;
	}
	if (number < min || number > max) {
		diagnostics_error(c->r->errors, e->value.mark,
		                  "%s %" PRIu64 " is out of range, expected %" PRIu64 " to %" PRIu64,
		                  e->key, number, min, max);
		return false;
	}
	*value = (uint32_t)number;
	return true;
}

static void config_give(struct config *c, const struct xencfg_entry *e, enum ration_attr_bit bit)
{
	uint32_t i = 0;

	while ((1u << i) != (uint32_t)bit)
		i++;
	c->d->attr.given |= (uint32_t)bit;
	c->d->attr.mark[i] = e->value.mark;
}

static void config_name(struct config *c, const struct xencfg_entry *e)
{
	struct tree_text text;

	if (e->value.kind != XENCFG_STRING || !config_text(c, &e->value, &text) ||
	    !reader_name_ok(text.text, text.length)) {
		config_wrong(c, &e->value, "name", "letters, digits and _.:/+- in quotes");
		return;
	}
	c->d->name = text.text;
	c->d->name_mark = e->value.mark;
}

static void config_vcpus(struct config *c, const struct xencfg_entry *e)
{
	(void)config_integer(c, e, 1, SCENARIO_VCPU_MAX, &c->d->vcpus);
}

static void config_maxvcpus(struct config *c, const struct xencfg_entry *e)
{
	if (config_integer(c, e, 1, SCENARIO_VCPU_MAX, &c->maxvcpus))
		c->maxvcpus_mark = e->value.mark;
}

static void config_weight(struct config *c, const struct xencfg_entry *e)
{
	if (config_integer(c, e, 1, RATION_WEIGHT_MAX, &c->d->attr.value.weight))
		config_give(c, e, RATION_ATTR_WEIGHT);
}

static void config_cap(struct config *c, const struct xencfg_entry *e)
{
	struct quantity_error error;
	struct tree_text text;

	if (!config_text(c, &e->value, &text) ||
	    !quantity_percent(text.text, text.length, &c->d->attr.value.cap_ppm, &error))
		config_wrong(c, &e->value, e->key, "a percentage of one CPU such as 50, or 0 for "
		             "no cap");
	else
		config_give(c, e, RATION_ATTR_CAP);
}

/* xl counts these in ms. */
static void config_ms(struct config *c, const struct xencfg_entry *e, enum ration_attr_bit bit,
                      ration_ns *ns)
{
	struct quantity_error error;
	struct tree_text text;
	char with_unit[64];

	if (!config_text(c, &e->value, &text) || text.length + 3 > sizeof(with_unit)) {
		config_wrong(c, &e->value, e->key, "a number of milliseconds such as 10");
		return;
	}
	(void)snprintf(with_unit, sizeof(with_unit), "%sms", text.text);
	if (!quantity_time(with_unit, text.length + 2, ns, &error))
		config_wrong(c, &e->value, e->key, "a number of milliseconds such as 10");
	else
		config_give(c, e, bit);
}

static void config_period(struct config *c, const struct xencfg_entry *e)
{
	config_ms(c, e, RATION_ATTR_PERIOD, &c->d->attr.value.period_ns);
}

static void config_slice(struct config *c, const struct xencfg_entry *e)
{
	config_ms(c, e, RATION_ATTR_SLICE, &c->d->attr.value.slice_ns);
}

static void config_latency(struct config *c, const struct xencfg_entry *e)
{
	config_ms(c, e, RATION_ATTR_LATENCY, &c->d->attr.value.latency_ns);
}

static void config_extratime(struct config *c, const struct xencfg_entry *e)
{
	uint32_t value = e->value.integer != 0;
	bool word = e->value.kind == XENCFG_OTHER && e->value.text != NULL &&
	            (strcmp(e->value.text, "True") == 0 || strcmp(e->value.text, "False") == 0);

	if (!word && !config_integer(c, e, 0, 1, &value))
		return;
	c->d->attr.value.extratime = value != 0;
	config_give(c, e, RATION_ATTR_EXTRATIME);
}

static void config_pool(struct config *c, const struct xencfg_entry *e)
{
	struct tree_text text;

	if (e->value.kind != XENCFG_STRING || !config_text(c, &e->value, &text))
		config_wrong(c, &e->value, "pool", "a name in quotes");
	else
		c->d->pool = reader_keep(c->r, allocate_text(text.text, text.length));
}

static void config_pins(struct config *c, const struct xencfg_entry *e, const char *name,
                        struct reader_pins *pins)
{
	const struct xencfg_value *v = &e->value;
	size_t count = v->kind == XENCFG_LIST ? v->count : 1;

	if (count == 0)
		return;
	pins->item = reader_keep(c->r, allocate(count, sizeof(*pins->item)));
	for (size_t i = 0; i < count; i++) {
		const struct xencfg_value *item = v->kind == XENCFG_LIST ? &v->item[i] : v;

		if (item->kind == XENCFG_OTHER || !config_text(c, item, &pins->item[i])) {
			config_wrong(c, item, name, "a CPU list such as \"0-3,^1\", or a list of them");
			return;
		}
	}
	pins->name = name;
	pins->mark = v->mark;
	pins->count = count;
	pins->list = v->kind == XENCFG_LIST;
}

static void config_cpus(struct config *c, const struct xencfg_entry *e)
{
	config_pins(c, e, "cpus", &c->d->hard);
}

static void config_cpus_soft(struct config *c, const struct xencfg_entry *e)
{
	config_pins(c, e, "cpus_soft", &c->d->soft);
}

static void config_cpu(struct config *c, const struct xencfg_entry *e)
{
	c->cpu = e;
}

/* `cpu` stands before what `cpus` says, for vCPU 0 where that is a list; -1
 * means any. */
static void config_cpu_prepend(struct config *c)
{
	struct reader_pins *pins = &c->d->hard;
	struct tree_text text;
	size_t room;
	char *joined;

	if (c->cpu == NULL ||
	    (c->cpu->value.kind == XENCFG_INTEGER && c->cpu->value.integer == -1))
		return;
	if (c->cpu->value.kind != XENCFG_INTEGER || !config_text(c, &c->cpu->value, &text)) {
		config_wrong(c, &c->cpu->value, "cpu", "the number of a CPU");
		return;
	}
	if (pins->name == NULL) {
		config_pins(c, c->cpu, "cpu", pins);
		return;
	}
	room = text.length + pins->item[0].length + 2;
	joined = reader_keep(c->r, allocate(room, 1));
	(void)snprintf(joined, room, "%s,%s", text.text, pins->item[0].text);
	pins->item[0].text = joined;
	pins->item[0].length = strlen(joined);
	pins->item[0].flat = false;
}

static const struct {
	const char *key;
	void (*read)(struct config *, const struct xencfg_entry *);
} config_keys[] = {
	{ "name", config_name },
	{ "vcpus", config_vcpus },
	{ "maxvcpus", config_maxvcpus },
	{ "cpus", config_cpus },
	{ "cpus_soft", config_cpus_soft },
	{ "cpu", config_cpu },
	{ "cpu_weight", config_weight },
	{ "cpu_cap", config_cap },
	{ "cap", config_cap },
	{ "pool", config_pool },
	{ "period", config_period },
	{ "slice", config_slice },
	{ "latency", config_latency },
	{ "extratime", config_extratime },
};

/* Remember a key that means nothing here, to be listed by `ration check`. */
static void config_ignore(struct config *c, const char *key)
{
	size_t length = c->d->ignored != NULL ? strlen(c->d->ignored) : 0;

	if (length + strlen(key) > 200)
		return;
	c->d->ignored = allocate_again(c->d->ignored, length + strlen(key) + 3, 1);
	(void)snprintf(c->d->ignored + length, strlen(key) + 3, "%s%s",
	               length != 0 ? ", " : "", key);
}

static void config_apply(struct config *c, const struct xencfg *config)
{
	size_t known = sizeof(config_keys) / sizeof(config_keys[0]);

	for (size_t i = 0; i < config->count; i++) {
		const struct xencfg_entry *e = &config->entry[i];
		size_t k = 0;

		if (xencfg_find(config, e->key) != e)
			continue;
		while (k < known && strcmp(config_keys[k].key, e->key) != 0)
			k++;
		if (k == known)
			config_ignore(c, e->key);
		else if (e->added)
			diagnostics_error(c->r->errors, e->mark, "'%s +=' adds to a value, expected "
			                  "%s = VALUE", e->key, e->key);
		else
			config_keys[k].read(c, e);
	}
	config_cpu_prepend(c);
	if (c->maxvcpus != 0 && c->maxvcpus < c->d->vcpus)
		diagnostics_error(c->r->errors, c->maxvcpus_mark,
		                  "maxvcpus %u is less than vcpus, expected at least %u",
		                  c->maxvcpus, c->d->vcpus);
}

void reader_config_read(struct reader *r, const struct tree_field *f, struct reader_domain *d)
{
	struct config c = { r, d, 0, { NULL, 0, 0 }, NULL };
	char reason[INPUT_REASON_SIZE];
	struct input input;
	struct xencfg config;
	struct tree_text text;
	char *path;

	if (f->value == NULL ||
	    !tree_scalar(&r->tree, f, "expected the name of a Xen domain configuration", &text))
		return;
	path = reader_keep(r, input_path_beside(r->tree.file, text.text));
	if (!input_read(path, &input, reason)) {
		diagnostics_error(r->errors, tree_text_mark(&text, 0), "config '%.200s': %s", path,
		                  reason);
		return;
	}
	if (xencfg_parse(path, input.data, input.length, &config, r->errors)) {
		config_apply(&c, &config);
		xencfg_free(&config);
	}
	if (d->ignored != NULL)
		(void)reader_keep(r, d->ignored);
	input_free(&input);
}
