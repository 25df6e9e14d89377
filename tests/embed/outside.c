/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outside.c - built by install.sh outside of the tree, in C and in C++, against
 * what is installed: one hog, every policy, and the books agree.
 */
#include <stdio.h>
#include <stdlib.h>

#include <ration.h>
#include <ration_credit.h>
#include <ration_rr.h>
#include <ration_sedf.h>

void ration_panic(const char *file, int line, const char *text)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
	abort();
}

static int run(const struct ration_policy *policy)
{
	const struct ration_limits limits = { 1, 1, 1 };
	struct ration_config config = {
		limits, &policy, 1, { RATION_TSLICE_DEFAULT_NS, RATION_RATELIMIT_DEFAULT_NS }, NULL,
		{ 0, 0 }
	};
	struct ration_affinity anywhere = { ration_cpuset_of(0), ration_cpuset_of(0) };
	size_t size = ration_size(&policy, 1, &limits);
	void *memory = aligned_alloc(16, (size + 15) / 16 * 16);
	struct ration *r;
	struct ration_dom *dom;
	struct ration_vcpu *vcpu;
	struct ration_attr attr;
	struct ration_effects fx;
	struct ration_decision decision;
	struct ration_ledger ledger;
	int failed;

	ration_attr_default(&attr);
	if (ration_init(memory, size, &config, 0, &r) != RATION_OK ||
	    ration_dom_admit(r, 1, &attr, 0, &fx, &dom) != RATION_OK ||
	    ration_vcpu_admit(r, dom, 0, anywhere, 0, &fx, &vcpu, NULL) != RATION_OK)
		return 1;
	ration_vcpu_wake(r, vcpu, 1000, &fx);
	ration_decide(r, 0, 1000, &decision, &fx);
	ration_cpu_saved(r, 0, 2000, &fx);
	ration_vcpu_ledger_get(r, vcpu, 5000, &ledger);
	failed = decision.vcpu != vcpu || ledger.running_ns != 3000 || ledger.blocked_ns != 1000 ||
	         ration_check(r) != NULL;
	printf("%s: %s\n", ration_policy_name(policy), failed ? "wrong" : "right");
	free(memory);
	return failed;
}

int main(void)
{
	return run(&ration_rr) + run(&ration_credit) + run(&ration_sedf);
}
