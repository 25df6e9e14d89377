/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_xencfg.c - a Xen configuration is refused with one message, or its
 * values stand in the text at their marks.
 */
#include <stdlib.h>
#include <string.h>

#include "ration_assert.h"
#include "xencfg.h"

void ration_panic(const char *file, int line, const char *text)
{
	(void)file, (void)line, (void)text;
	abort();
}

/* Recursion: as deep as the parser allows. */
static void check_value(const struct xencfg_value *v, unsigned depth)
{
	RATION_ASSERT(depth <= XENCFG_DEPTH_MAX);
	RATION_ASSERT(v->mark.line >= 1 && v->mark.column >= 1);
	if (v->kind == XENCFG_STRING)
		RATION_ASSERT(v->text != NULL && v->text[v->length] == '\0');
	for (size_t i = 0; i < v->count; i++)
		check_value(&v->item[i], depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostics errors = { NULL, 0 };
	struct xencfg config;

	if (!xencfg_parse("x.cfg", (const char *)data, size, &config, &errors)) {
		RATION_ASSERT(errors.count == 1);
		return 0;
	}
	RATION_ASSERT(errors.count == 0);
	for (size_t i = 0; i < config.count; i++) {
		RATION_ASSERT(config.entry[i].key[0] != '\0');
		check_value(&config.entry[i].value, 0);
	}
	xencfg_free(&config);
	return 0;
}
