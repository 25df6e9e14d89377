/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the scalars of a tree, see tree.h. */
#include "tree.h"

#include <inttypes.h>
#include <string.h>

#define EXPECTED_TRUE "expected true"
#define EXPECTED_BOOL "expected true or false"

static bool tree_is_quoted(const yaml_node_t *node)
{
	return node->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
	       node->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
}

struct scenario_mark tree_text_mark(const struct tree_text *text, size_t offset)
{
	return mark_column(text->mark, text->flat ? offset : 0);
}

bool tree_scalar(struct tree *t, const struct tree_field *f, const char *expected,
                 struct tree_text *text)
{
	const yaml_node_t *node = f->value;
	size_t quotes;

	if (node == NULL)
		return true;
	if (node->type != YAML_SCALAR_NODE) {
		diagnostics_error(t->errors, tree_mark(t, node), "%s is %s, %s", f->name,
		                  node->type == YAML_SEQUENCE_NODE ? "a list" : "a mapping",
		                  expected);
		return false;
	}
	if (memchr(node->data.scalar.value, '\0', node->data.scalar.length) != NULL) {
		diagnostics_error(t->errors, tree_mark(t, node), "%s holds a NUL, %s", f->name,
		                  expected);
		return false;
	}
	if (node->data.scalar.length == 0 && !tree_is_quoted(node)) {
		diagnostics_error(t->errors, tree_mark(t, node), "%s has no value, %s", f->name,
		                  expected);
		return false;
	}
	quotes = tree_is_quoted(node) ? 1 : 0;
	text->text = (const char *)node->data.scalar.value;
	text->length = node->data.scalar.length;
	text->mark = mark_column(tree_mark(t, node), quotes);
	text->flat = node->end_mark.line == node->start_mark.line &&
	             node->end_mark.column - node->start_mark.column ==
	             text->length + 2 * quotes;
	return true;
}

void tree_wrong(struct tree *t, const char *name, const struct tree_text *text,
                const struct quantity_error *error)
{
	diagnostics_error(t->errors, tree_text_mark(text, error->offset), "%s '%.60s' %s", name,
	                  text->text, error->what);
}

/* The text of a field that is given; false if not given, *ok then tells why. */
static bool tree_given(struct tree *t, const struct tree_field *f, const char *expected,
                       struct tree_text *text, bool *ok)
{
	*ok = tree_scalar(t, f, expected, text);
	return *ok && f->value != NULL;
}

bool tree_time(struct tree *t, const struct tree_field *f, ration_ns *ns)
{
	struct quantity_error error;
	struct tree_text text;
	bool ok;

	if (!tree_given(t, f, "expected a length of time such as 10ms", &text, &ok))
		return ok;
	if (quantity_time(text.text, text.length, ns, &error))
		return true;
	tree_wrong(t, f->name, &text, &error);
	return false;
}

bool tree_time_within(struct tree *t, const struct tree_field *f, ration_ns min, ration_ns max,
                      ration_ns *ns)
{
	char low[QUANTITY_SIZE], high[QUANTITY_SIZE], given[QUANTITY_SIZE];
	ration_ns value = min;

	if (!tree_time(t, f, &value))
		return false;
	if (f->value == NULL)
		return true;
	if (value < min || value > max) {
		diagnostics_error(t->errors, tree_mark(t, f->value),
		                  "%s of %s is out of range, expected %s to %s", f->name,
		                  quantity_time_format(value, given),
		                  quantity_time_format(min, low),
		                  quantity_time_format(max, high));
		return false;
	}
	*ns = value;
	return true;
}

bool tree_dist(struct tree *t, const struct tree_field *f, struct scenario_dist *dist)
{
	struct quantity_error error;
	struct tree_text text;
	bool ok;

	if (!tree_given(t, f, "expected a length of time or a distribution such as exp(2ms)",
	                &text, &ok))
		return ok;
	if (quantity_dist(text.text, text.length, dist, &error))
		return true;
	tree_wrong(t, f->name, &text, &error);
	return false;
}

bool tree_percent(struct tree *t, const struct tree_field *f, uint32_t *ppm)
{
	struct quantity_error error;
	struct tree_text text;
	bool ok;

	if (!tree_given(t, f, "expected a percentage of one CPU such as 25", &text, &ok))
		return ok;
	if (quantity_percent(text.text, text.length, ppm, &error))
		return true;
	tree_wrong(t, f->name, &text, &error);
	return false;
}

bool tree_fraction(struct tree *t, const struct tree_field *f, uint32_t *ppm)
{
	struct quantity_error error;
	struct tree_text text;
	bool ok;

	if (!tree_given(t, f, "expected a fraction such as 0.674", &text, &ok))
		return ok;
	if (quantity_fraction(text.text, text.length, ppm, &error))
		return true;
	tree_wrong(t, f->name, &text, &error);
	return false;
}

bool tree_integer(struct tree *t, const struct tree_field *f, uint64_t min, uint64_t max,
                  uint64_t *value)
{
	struct quantity_error error;
	struct tree_text text;
	uint64_t number;
	bool ok;

	if (!tree_given(t, f, "expected a whole number", &text, &ok))
		return ok;
	if (!quantity_integer(text.text, text.length, &number, &error)) {
		tree_wrong(t, f->name, &text, &error);
		return false;
	}
	if (number < min || number > max) {
		diagnostics_error(t->errors, tree_text_mark(&text, 0),
		                  "%s %" PRIu64 " is out of range, expected %" PRIu64 " to %" PRIu64,
		                  f->name, number, min, max);
		return false;
	}
	*value = number;
	return true;
}

bool tree_count(struct tree *t, const struct tree_field *f, uint32_t min, uint32_t max,
                uint32_t *value)
{
	uint64_t number = *value;

	if (!tree_integer(t, f, min, max, &number))
		return false;
	*value = (uint32_t)number;
	return true;
}

bool tree_bool(struct tree *t, const struct tree_field *f, bool *value)
{
	struct quantity_error error;
	struct tree_text text;
	bool ok;

	if (!tree_given(t, f, EXPECTED_BOOL, &text, &ok))
		return ok;
	if (quantity_bool(text.text, text.length, value, &error))
		return true;
	tree_wrong(t, f->name, &text, &error);
	return false;
}

bool tree_true(struct tree *t, const struct tree_field *f)
{
	bool value = true;

	if (!tree_bool(t, f, &value))
		return false;
	if (!value)
		diagnostics_error(t->errors, tree_mark(t, f->value), "%s is false, " EXPECTED_TRUE
		                  ", or no such key", f->name);
	return value;
}
