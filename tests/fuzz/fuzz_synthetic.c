/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_synthetic.c - a synthetic topology string that parses is a machine whose
 * invariants hold, and that prints as a string which reads back the same.
 */
#include <stdlib.h>
#include <string.h>

#include "ration_assert.h"
#include "ration_topology.h"

void ration_panic(const char *file, int line, const char *text)
{
	(void)file, (void)line, (void)text;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ration_topology first, second;
	struct ration_topology_error error = { SIZE_MAX, NULL };
	char text[512];
	long length;

	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	if (ration_topology_parse((const char *)data, size, &first, &error) != RATION_OK) {
		RATION_ASSERT(error.offset <= size && error.expected != NULL);
		return 0;
	}
	RATION_ASSERT(ration_topology_check(&first) == NULL);
	length = ration_topology_format(&first, text, sizeof(text));
	if (length < 0)
		return 0;
	RATION_ASSERT((size_t)length == strlen(text));
	RATION_ASSERT(ration_topology_parse(text, (size_t)length, &second, NULL) == RATION_OK);
	RATION_ASSERT(memcmp(&first, &second, sizeof(first)) == 0);
	return 0;
}
