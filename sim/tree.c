/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading, and the structure of the tree; tree_value.c reads the scalars. */
#include "tree.h"

#include <stdio.h>
#include <string.h>

#define MERGE_DEPTH_MAX 8u
#define NAMES_SIZE      512u

/* ---- Loading ---------------------------------------------------------- */

static struct scenario_mark tree_mark_of(const struct tree *t, yaml_mark_t mark)
{
	struct scenario_mark m = { t->file, (unsigned)mark.line + 1, (unsigned)mark.column + 1 };

	return m;
}

/* The reader of libyaml knows only the byte: count lines up to it. */
static struct scenario_mark tree_mark_byte(const struct tree *t, const char *text, size_t offset)
{
	struct scenario_mark m = { t->file, 1, 1 };

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			m.line++;
			m.column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			m.column++;
		}
	}
	return m;
}

static void tree_report_parser(struct tree *t, const yaml_parser_t *parser, const char *text,
                               size_t length)
{
	const char *problem = parser->problem != NULL ? parser->problem : "no sense in it";

	if (parser->error == YAML_READER_ERROR) {
		size_t offset = parser->problem_offset < length ? parser->problem_offset : length;

		diagnostics_error(t->errors, tree_mark_byte(t, text, offset),
		                  "not a text file (%s), expected YAML in UTF-8", problem);
	} else if (parser->context != NULL) {
		diagnostics_error(t->errors, tree_mark_of(t, parser->problem_mark),
		                  "%s %s that begins in line %zu, expected valid YAML", problem,
		                  parser->context, parser->context_mark.line + 1);
	} else {
		diagnostics_error(t->errors, tree_mark_of(t, parser->problem_mark),
		                  "%s, expected valid YAML", problem);
	}
}

/* What the first pass keeps count of. */
struct tree_size {
	size_t documents, depth, nodes;
};

static bool tree_measure_event(struct tree *t, const yaml_event_t *event, struct tree_size *size)
{
	const char *wrong = NULL;

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++size->documents > 1)
			wrong = "a second document, expected one in a file";
		break;
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		size->nodes++;
		if (++size->depth > TREE_DEPTH_MAX)
			wrong = "nested too deeply, expected at most 32 levels";
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		size->depth--;
		break;
	default:
		size->nodes++;
		break;
	}
	if (size->nodes > TREE_NODES_MAX)
		wrong = "too many values, expected at most 1000000";
	if (wrong != NULL)
		diagnostics_error(t->errors, tree_mark_of(t, event->start_mark), "%s", wrong);
	return wrong == NULL;
}

/* A first pass over the events: the nodes of a hostile file would take the
 * memory, and deep nesting the time, before libyaml's loader gave them back. */
static bool tree_measure(struct tree *t, const char *text, size_t length)
{
	struct tree_size size = { 0, 0, 0 };
	yaml_parser_t parser;
	bool ok = true, more = true;

	if (!yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	while (ok && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			tree_report_parser(t, &parser, text, length);
			ok = false;
			break;
		}
		more = event.type != YAML_STREAM_END_EVENT;
		ok = tree_measure_event(t, &event, &size);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return ok;
}

bool tree_load(struct tree *t, const char *text, size_t length)
{
	yaml_parser_t parser;
	bool ok;

	if (!tree_measure(t, text, length) || !yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	ok = yaml_parser_load(&parser, &t->document) != 0;
	if (!ok)
		tree_report_parser(t, &parser, text, length);
	yaml_parser_delete(&parser);
	return ok;
}

void tree_unload(struct tree *t)
{
	yaml_document_delete(&t->document);
}

/* ---- Structure -------------------------------------------------------- */

yaml_node_t *tree_root(struct tree *t)
{
	return yaml_document_get_root_node(&t->document);
}

struct scenario_mark tree_mark(const struct tree *t, const yaml_node_t *node)
{
	return tree_mark_of(t, node->start_mark);
}

static void tree_list_names(const char *const *name, size_t count, char out[NAMES_SIZE])
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count && at < NAMES_SIZE; i++)
		at += (size_t)snprintf(out + at, NAMES_SIZE - at, "%s%s", i == 0 ? "" : ", ",
		                       name[i]);
}

static void tree_report_unknown(struct tree *t, const yaml_node_t *key, const char *what,
                                const char *const *name, size_t count)
{
	const char *text = (const char *)key->data.scalar.value;
	const char *near = suggest(text, name, count);
	char names[NAMES_SIZE];

	tree_list_names(name, count, names);
	if (near != NULL)
		diagnostics_error(t->errors, tree_mark(t, key),
		                  "unknown key '%.60s' of %s (did you mean '%s'?), "
		                  "expected one of: %s", text, what, near, names);
	else if (strchr(text, ')') != NULL)
		diagnostics_error(t->errors, tree_mark(t, key),
		                  "unknown key '%.60s' of %s, expected a value with a comma in it "
		                  "to stand in quotes: \"lognormal(2ms, 0.5)\"", text, what);
	else
		diagnostics_error(t->errors, tree_mark(t, key),
		                  "unknown key '%.60s' of %s, expected one of: %s", text, what,
		                  names);
}

static bool tree_is_merge(const yaml_node_t *key)
{
	return key->type == YAML_SCALAR_NODE && key->data.scalar.length == 2 &&
	       memcmp(key->data.scalar.value, "<<", 2) == 0;
}

static bool tree_field_set(struct tree *t, const char *what, yaml_node_t *key,
                           yaml_node_t *value, struct tree_field *field, size_t count,
                           const char *const *name)
{
	size_t i = 0;

	if (key->type != YAML_SCALAR_NODE) {
		diagnostics_error(t->errors, tree_mark(t, key), "a key of %s is not a word, "
		                  "expected a name", what);
		return false;
	}
	while (i < count && strcmp(name[i], (const char *)key->data.scalar.value) != 0)
		i++;
	if (i == count) {
		tree_report_unknown(t, key, what, name, count);
		return false;
	}
	if (field[i].value != NULL) {
		diagnostics_error(t->errors, tree_mark(t, key),
		                  "'%s' is given twice (first in line %u), expected it once",
		                  name[i], tree_mark(t, field[i].key).line);
		return false;
	}
	field[i].key = key;
	field[i].value = value;
	return true;
}

static yaml_node_t *tree_node(struct tree *t, int index)
{
	return yaml_document_get_node(&t->document, index);
}

static bool tree_merge(struct tree *t, yaml_node_t *from, const char *what,
                       const char *const *name, size_t count, struct tree_field *field,
                       unsigned depth);

/* The keys of one mapping into the fields, those behind `<<` where nothing
 * else stands.  Recursion: at most MERGE_DEPTH_MAX merges deep. */
static bool tree_fields_from(struct tree *t, yaml_node_t *node, const char *what,
                             const char *const *name, size_t count, struct tree_field *field,
                             unsigned depth)
{
	yaml_node_pair_t *pair;
	yaml_node_t *merge = NULL;
	bool ok = true;

	if (node->type != YAML_MAPPING_NODE) {
		diagnostics_error(t->errors, tree_mark(t, node),
		                  "%s is %s, expected a mapping {key: value, ...}", what,
		                  node->type == YAML_SEQUENCE_NODE ? "a list" : "one word");
		return false;
	}
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = tree_node(t, pair->key);

		if (t->errors->count > DIAGNOSTICS_MAX)
			return false;
		if (!tree_is_merge(key)) {
			ok &= tree_field_set(t, what, key, tree_node(t, pair->value), field,
			                     count, name);
		} else if (merge == NULL) {
			merge = tree_node(t, pair->value);
		} else {
			diagnostics_error(t->errors, tree_mark(t, key),
			                  "'<<' is given twice, expected it once");
			ok = false;
		}
	}
	if (merge != NULL)
		ok &= tree_merge(t, merge, what, name, count, field, depth + 1);
	return ok;
}

/* Fields of `from` that are not given yet. */
static bool tree_merge(struct tree *t, yaml_node_t *from, const char *what,
                       const char *const *name, size_t count, struct tree_field *field,
                       unsigned depth)
{
	struct tree_field merged[64] = { { NULL, NULL, NULL } };
	bool ok;

	if (depth > MERGE_DEPTH_MAX || count > sizeof(merged) / sizeof(merged[0])) {
		diagnostics_error(t->errors, tree_mark(t, from),
		                  "'<<' nested too deeply, expected at most %u levels",
		                  MERGE_DEPTH_MAX);
		return false;
	}
	ok = tree_fields_from(t, from, what, name, count, merged, depth);
	for (size_t i = 0; i < count; i++)
		if (field[i].value == NULL) {
			field[i].key = merged[i].key;
			field[i].value = merged[i].value;
		}
	return ok;
}

bool tree_fields(struct tree *t, yaml_node_t *node, const char *what, const char *const *name,
                 size_t count, struct tree_field *field)
{
	for (size_t i = 0; i < count; i++) {
		field[i].name = name[i];
		field[i].key = NULL;
		field[i].value = NULL;
	}
	return tree_fields_from(t, node, what, name, count, field, 0);
}

size_t tree_item_count(const yaml_node_t *sequence)
{
	return (size_t)(sequence->data.sequence.items.top - sequence->data.sequence.items.start);
}

struct tree_field tree_item(struct tree *t, const struct tree_field *sequence, size_t i)
{
	struct tree_field item = { sequence->name, sequence->key, NULL };

	item.value = tree_node(t, sequence->value->data.sequence.items.start[i]);
	return item;
}

bool tree_is_scalar(const struct tree_field *f)
{
	return f->value != NULL && f->value->type == YAML_SCALAR_NODE;
}

bool tree_is_sequence(const struct tree_field *f)
{
	return f->value != NULL && f->value->type == YAML_SEQUENCE_NODE;
}
