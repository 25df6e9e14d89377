/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bytes.c - how much memory ration_size() asks for each vCPU, domain and CPU,
 * scratch memory included: `POLICY INSTANCE VCPU DOMAIN CPU`, a line for each
 * policy and one for all together.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ration_credit.h"
#include "ration_rr.h"
#include "ration_sedf.h"

void ration_panic(const char *file, int line, const char *text)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
	abort();
}

static const struct ration_policy *const policies[] = {
	&ration_rr, &ration_credit, &ration_sedf
};

static size_t bytes(uint32_t from, uint32_t count, uint32_t cpus, uint32_t doms, uint32_t vcpus)
{
	const struct ration_limits limits = { cpus, doms, vcpus };
	size_t size = ration_size(policies + from, count, &limits);

	if (size == 0) {
		fprintf(stderr, "ration_size() refuses %u CPUs, %u domains, %u vCPUs\n", cpus, doms, vcpus);
		exit(1);
	}
	return size;
}

/* What a hundred more of each cost, divided by a hundred and rounded up. */
static void print(const char *name, uint32_t from, uint32_t count)
{
	size_t least = bytes(from, count, 1, 1, 1);
	size_t vcpu = (bytes(from, count, 1, 1, 101) - least + 99) / 100;
	size_t dom = (bytes(from, count, 1, 101, 1) - least + 99) / 100;
	size_t cpu = (bytes(from, count, 51, 1, 1) - least + 49) / 50;

	printf("%s %zu %zu %zu %zu\n", name, least - vcpu - dom - cpu, vcpu, dom, cpu);
}

int main(void)
{
	for (uint32_t i = 0; i < 3; i++)
		print(ration_policy_name(policies[i]), i, 1);
	print("all", 0, 3);
	return 0;
}
