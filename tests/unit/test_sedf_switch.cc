/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sedf: attributes that change while a CPU still switches to the vCPU.  (Found
 * by the stress test of threads, where a context is now and then saved late.)
 */
#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "ration.h"
#include "ration_sedf.h"

namespace {

TEST(SedfSwitch, TimeOfASwitchIsNotTakenForARun)
{
	static const ration_policy *const policies[] = {&ration_sedf};
	ration_config config = {};
	ration_effects fx;
	ration_decision decision;
	ration_attr attr;
	ration_dom *dom;
	ration_vcpu *v;
	ration *r;

	config.limits = {1, 1, 1};
	config.policies = policies;
	config.policy_count = 1;
	config.params = {RATION_TSLICE_DEFAULT_NS, RATION_RATELIMIT_DEFAULT_NS};
	std::vector<uint64_t> memory(ration_size(policies, 1, &config.limits) / 8 + 2);
	void *block = memory.data();
	ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % 16, 0u);
	ASSERT_EQ(ration_init(block, memory.size() * 8, &config, 0, &r), RATION_OK);
	ration_attr_default(&attr);
	attr.period_ns = 20 * RATION_NS_PER_MS;
	attr.slice_ns = 10 * RATION_NS_PER_MS;
	attr.extratime = false;
	ASSERT_EQ(ration_dom_admit(r, 1, &attr, 0, &fx, &dom), RATION_OK);
	ASSERT_EQ(ration_vcpu_admit(r, dom, 0, {1, 1}, 0, &fx, &v, nullptr), RATION_OK);

	ration_vcpu_wake(r, v, 0, &fx);
	ration_decide(r, 0, 0, &decision, &fx);
	ASSERT_EQ(decision.vcpu, v);
	/* It has a budget of 10 ms, and now a slice of 9; it has not run at all. */
	attr.slice_ns = 9 * RATION_NS_PER_MS;
	ASSERT_EQ(ration_dom_set(r, dom, &attr, 3 * RATION_NS_PER_MS, &fx, nullptr), RATION_OK);
	ration_cpu_saved(r, 0, 3 * RATION_NS_PER_MS, &fx);
	ration_vcpu_pause(r, v, 3 * RATION_NS_PER_MS, &fx);
	ration_decide(r, 0, 3 * RATION_NS_PER_MS, &decision, &fx);
	ASSERT_EQ(decision.vcpu, nullptr);
	EXPECT_STREQ(ration_check(r), nullptr);
}

}  // namespace
