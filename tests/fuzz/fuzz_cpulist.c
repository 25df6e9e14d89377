/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_cpulist.c - what parses is a set within the machine, and prints as a
 * list that parses back; what does not parse leaves the set alone and names a
 * place in the text.
 */
#include <stdlib.h>
#include <string.h>

#include "ration_assert.h"
#include "ration_cpuset.h"

void ration_panic(const char *file, int line, const char *text)
{
	(void)file, (void)line, (void)text;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	ration_cpuset set = 0x5a5a, again = 0;
	struct ration_cpulist_error error = { SIZE_MAX, NULL };
	char buffer[RATION_CPULIST_SIZE];
	uint32_t cpu_count;
	size_t length;

	if (size == 0)
		return 0;
	cpu_count = data[0] % RATION_CPU_MAX + 1u;
	size--;
	if (ration_cpulist_parse(text, size, cpu_count, &set, &error) != RATION_OK) {
		RATION_ASSERT(set == 0x5a5a);
		RATION_ASSERT(error.offset <= size && error.expected != NULL);
		return 0;
	}
	RATION_ASSERT(ration_cpuset_within(set, ration_cpuset_first_count(cpu_count)));
	length = ration_cpulist_format(set, buffer, sizeof(buffer));
	RATION_ASSERT(length < sizeof(buffer) && length == strlen(buffer));
	RATION_ASSERT(ration_cpulist_parse(buffer, length, cpu_count, &again, NULL) == RATION_OK);
	RATION_ASSERT(again == set);
	return 0;
}
