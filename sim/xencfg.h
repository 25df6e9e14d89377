/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xencfg.h - Xen domain configuration files, as xm and xl read them: the part
 * of Python that consists of assigning literals.
 *
 *     name = 'web'                  # strings: '..' "..", '''..''', glued to
 *     extra = "root=/dev/xvda \     # their neighbours, continued by a backslash
 *     ro"
 *     vcpus = 2; memory = 512       # whole numbers
 *     cpus = ["0-3", "4",]          # lists, nested, over many lines
 *
 * None, True and False, decimal fractions, tuples and dictionaries are read
 * too.  Nothing is ever executed or computed: what is not a literal is an error
 * at its line and column.  A key assigned twice has its last value, as in
 * Python.  Which keys mean something is the caller's business.
 */
#ifndef XENCFG_H
#define XENCFG_H

#include "diagnostics.h"

#ifdef __cplusplus
extern "C" {
#endif

#define XENCFG_DEPTH_MAX 16u

enum xencfg_kind {
	XENCFG_STRING,
	XENCFG_INTEGER,
	XENCFG_LIST,         /* also tuples */
	XENCFG_OTHER         /* None, True, False, fractions, dictionaries: text as written */
};

struct xencfg_value {
	enum xencfg_kind kind;
	struct scenario_mark mark;
	char *text;                  /* STRING: its characters; OTHER: as written */
	size_t length;
	bool flat;                   /* STRING: column of byte n is the mark's + 1 + n */
	int64_t integer;             /* INTEGER, True (1) and False (0) */
	struct xencfg_value *item;   /* LIST */
	size_t count;
};

struct xencfg_entry {
	char *key;
	struct scenario_mark mark;
	bool added;                  /* written as key += value */
	struct xencfg_value value;
};

struct xencfg {
	struct xencfg_entry *entry;  /* in the order of the file */
	size_t count;
};

/* Read a file's text; `file` stays with the marks.  False: reported (the first
 * error only), and nothing is left to free. */
bool xencfg_parse(const char *file, const char *text, size_t length, struct xencfg *config,
                  struct diagnostics *errors);
void xencfg_free(struct xencfg *config);

/* The last entry of that key, or NULL. */
const struct xencfg_entry *xencfg_find(const struct xencfg *config, const char *key);

#ifdef __cplusplus
}
#endif
#endif
