/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "allocate.h"
#include "scenario_reader.h"

#define EXPECTED_LIST "expected a CPU list such as \"0-3,^1\", or one for each vCPU"

void reader_pins_read(struct reader *r, const struct tree_field *f, struct reader_pins *pins)
{
	struct tree_text text;

	if (f->value == NULL)
		return;
	if (!tree_is_sequence(f)) {
		if (!tree_scalar(&r->tree, f, EXPECTED_LIST, &text))
			return;
		pins->count = 1;
		pins->item = reader_keep(r, allocate(1, sizeof(text)));
		pins->item[0] = text;
		pins->list = false;
	} else {
		size_t count = tree_item_count(f->value);

		pins->item = reader_keep(r, allocate(count, sizeof(text)));
		for (size_t i = 0; i < count; i++) {
			struct tree_field item = tree_item(&r->tree, f, i);

			if (!tree_scalar(&r->tree, &item, EXPECTED_LIST, &pins->item[i]))
				return;
		}
		pins->count = count;
		pins->list = true;
	}
	pins->mark = tree_mark(&r->tree, f->value);
	pins->name = f->name;
}

static bool pins_blank(const struct tree_text *text)
{
	return strspn(text->text, " \t,") == text->length;
}

/* One CPU list.  Empty means all, as with Xen. */
static bool pins_parse(struct reader *r, const char *name, const struct tree_text *text,
                       bool hard, ration_cpuset *set)
{
	uint32_t cpu_count = r->s->topology.cpu_count;
	struct ration_cpulist_error error = { 0, "" };
	ration_cpuset found = 0;
	int status;

	if (pins_blank(text)) {
		*set = ration_cpuset_first_count(cpu_count);
		return true;
	}
	status = ration_cpulist_parse(text->text, text->length, cpu_count, &found, &error);
	if (status == RATION_E_RANGE)
		diagnostics_error(r->errors, tree_text_mark(text, error.offset),
		                  "%s '%.60s' names a CPU that is not there, expected 0 to %u: "
		                  "the machine \"%.80s\" has %u", name, text->text, cpu_count - 1,
		                  r->s->topology_name, cpu_count);
	else if (status != RATION_OK)
		diagnostics_error(r->errors, tree_text_mark(text, error.offset),
		                  "%s '%.60s' is no CPU list, expected %s", name, text->text,
		                  error.expected);
	else if (hard && found == 0)
		diagnostics_error(r->errors, tree_text_mark(text, 0),
		                  "%s '%.60s' leaves no CPU, expected at least one (all CPUs but "
		                  "one: \"all,^1\")", name, text->text);
	else
		*set = found;
	return status == RATION_OK && (found != 0 || !hard);
}

bool reader_pins_resolve(struct reader *r, const struct reader_pins *pins, uint32_t vcpus,
                         bool hard, ration_cpuset *set)
{
	bool ok = true;

	if (pins->name == NULL)
		return true;
	if (pins->list && pins->count != vcpus) {
		diagnostics_error(r->errors, pins->mark,
		                  "%s has %zu items for %u vCPUs, expected one for each vCPU, or one "
		                  "text for all", pins->name, pins->count, vcpus);
		return false;
	}
	if (pins->list) {
		for (uint32_t i = 0; i < vcpus; i++)
			ok &= pins_parse(r, pins->name, &pins->item[i], hard, &set[i]);
		return ok;
	}
	if (!pins_parse(r, pins->name, &pins->item[0], hard, &set[0]))
		return false;
	for (uint32_t i = 1; i < vcpus; i++)
		set[i] = set[0];
	return true;
}
