/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree.h - a YAML document as nodes with marks, and typed reading of them:
 * each reader that meets something wrong says where it stands and what was
 * expected, so that its caller only goes on.
 *
 * One document a file, nested at most TREE_DEPTH_MAX deep, of at most
 * TREE_NODES_MAX nodes.  Anchors, aliases and `<<` merges are understood.
 * Scalars are text: "512" and 512 are the same.
 */
#ifndef TREE_H
#define TREE_H

#include <yaml.h>

#include "diagnostics.h"
#include "quantity.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TREE_DEPTH_MAX 32u
#define TREE_NODES_MAX 1000000u

struct tree {
	yaml_document_t document;
	const char *file;            /* for marks; outlives every mark */
	struct diagnostics *errors;
};

/* A key of a mapping and its value; value NULL: not given. */
struct tree_field {
	const char *name;
	yaml_node_t *key, *value;
};

/* The text of a scalar, and where it stands. */
struct tree_text {
	const char *text;            /* of `length` bytes, none of them NUL; then a NUL */
	size_t length;
	struct scenario_mark mark;   /* of its first character, behind a quote */
	bool flat;                   /* column of byte n is the mark's + n */
};

/* Build the tree of a text.  False: reported, nothing to unload. */
bool tree_load(struct tree *t, const char *text, size_t length);
void tree_unload(struct tree *t);

/* The root, or NULL of an empty document. */
yaml_node_t *tree_root(struct tree *t);
struct scenario_mark tree_mark(const struct tree *t, const yaml_node_t *node);
/* A place within a scalar. */
struct scenario_mark tree_text_mark(const struct tree_text *text, size_t offset);

/*
 * Sort the keys of a mapping into field[0..count-1], of which name[] are the
 * names.  `what` names the mapping in messages ("a domain").  Reports what is
 * no mapping, unknown keys and duplicates; false if anything was reported, and
 * the fields are filled as far as possible.
 */
bool tree_fields(struct tree *t, yaml_node_t *node, const char *what, const char *const *name,
                 size_t count, struct tree_field *field);

size_t tree_item_count(const yaml_node_t *sequence);
/* Item i of a sequence, under the name of the field that holds it. */
struct tree_field tree_item(struct tree *t, const struct tree_field *sequence, size_t i);

bool tree_is_scalar(const struct tree_field *f);
bool tree_is_sequence(const struct tree_field *f);

/*
 * Read a value.  All: true and the result unchanged if the field is not given;
 * false if it was reported, and the result unchanged.
 */
bool tree_scalar(struct tree *t, const struct tree_field *f, const char *expected,
                 struct tree_text *text);
bool tree_time(struct tree *t, const struct tree_field *f, ration_ns *ns);
bool tree_time_within(struct tree *t, const struct tree_field *f, ration_ns min, ration_ns max,
                      ration_ns *ns);
bool tree_dist(struct tree *t, const struct tree_field *f, struct scenario_dist *dist);
bool tree_percent(struct tree *t, const struct tree_field *f, uint32_t *ppm);
bool tree_fraction(struct tree *t, const struct tree_field *f, uint32_t *ppm);
bool tree_integer(struct tree *t, const struct tree_field *f, uint64_t min, uint64_t max,
                  uint64_t *value);
bool tree_count(struct tree *t, const struct tree_field *f, uint32_t min, uint32_t max,
                uint32_t *value);
/* 0, 1, false, true, no, yes, off, on */
bool tree_bool(struct tree *t, const struct tree_field *f, bool *value);
/* A flag that only stands there to be set: `destroy: true`. */
bool tree_true(struct tree *t, const struct tree_field *f);

/* Report that a text is wrong at one of its bytes: "NAME 'TEXT' WHAT". */
void tree_wrong(struct tree *t, const char *name, const struct tree_text *text,
                const struct quantity_error *error);

#ifdef __cplusplus
}
#endif
#endif
