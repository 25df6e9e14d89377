// SPDX-License-Identifier: BSD-2-Clause
//
// The choice among idle CPUs: soft before hard, a wholly idle core, then the nearest to
// where the vCPU last ran, then the lowest; the same under every policy.
#include <gtest/gtest.h>

#include <cstring>

#include "host.h"

namespace {

// Two packages of one node and one cache each, two cores of two threads: CPUs 0-3, 4-7.
class core_place : public testing::TestWithParam<const ration_policy *> {
public:
	ration_topology topology;
	std::unique_ptr<Host> host;

	Host &machine(const char *text, uint32_t cpu_count)
	{
		EXPECT_EQ(0, ration_topology_parse(text, strlen(text), &topology, nullptr)) << text;
		HostOptions o = host_of(cpu_count, {GetParam()});
		o.topology = &topology;
		host.reset(new Host(o));
		return *host;
	}
	Host &two_packages() { return machine("node:2 pack:1 l3:1 core:2 pu:2", 8); }

	// Where it goes when it wakes.
	ration_cpu wakes(ration_vcpu *v)
	{
		host->wake(v);
		EXPECT_EQ(RATION_STATE_RUNNING, host->info(v).state);
		return host->info(v).cpu;
	}
};

// xen-api#6763: vCPUs were packed onto the threads of one core while cores stood idle.
TEST_P(core_place, whole_cores_before_their_second_threads)
{
	Host &h = two_packages();
	std::vector<ration_cpu> got;
	for (int i = 0; i < 8; i++)
		got.push_back(wakes(h.vcpu(h.dom())));
	EXPECT_EQ((std::vector<ration_cpu>{0, 2, 4, 6, 1, 3, 5, 7}), got);
}

TEST_P(core_place, an_off_line_thread_does_not_spoil_a_core)
{
	Host &h = two_packages();
	h.hog(attr_of(), 1 << 2);                    // core 1 is half busy
	EXPECT_EQ(RATION_OK, h.cpu_down(0));
	EXPECT_EQ(1u, wakes(h.vcpu(h.dom(), 0xe))) << "core 0 is idle as far as it goes";
}

TEST_P(core_place, where_it_ran_last_before_any_other_idle_core)
{
	Host &h = two_packages();
	ration_vcpu *v = h.hog(attr_of(), 1 << 6);
	h.block(v);
	h.pin(v, 0xff);
	EXPECT_EQ(6u, wakes(v));
}

TEST_P(core_place, near_where_it_ran_last)
{
	Host &h = two_packages();
	ration_vcpu *v = h.hog(attr_of(), 1 << 6);
	h.block(v);
	h.pin(v, 0xff);
	h.hog(attr_of(), 1 << 6), h.hog(attr_of(), 1 << 7);
	EXPECT_EQ(4u, wakes(v)) << "the other core of its package, not core 0";
	h.block(v);
	h.hog(attr_of(), 1 << 5);                    // now no core there is wholly idle
	EXPECT_EQ(0u, wakes(v)) << "an idle core comes before nearness";
	h.block(v);
	h.hog(attr_of(), 1 << 1), h.hog(attr_of(), 1 << 3);
	h.pin(v, 0x10), h.wake(v), h.block(v);
	h.pin(v, 0xff);
	EXPECT_EQ(4u, wakes(v)) << "no idle core anywhere: where it ran";
}

TEST_P(core_place, another_thread_of_its_core_is_nearer_than_another_core)
{
	Host &h = machine("core:2 pu:2", 4);
	ration_vcpu *v = h.hog(attr_of(), 1 << 2);
	h.block(v);
	h.pin(v, 0xf);
	h.hog(attr_of(), 1 << 2), h.hog(attr_of(), 1 << 0);
	EXPECT_EQ(3u, wakes(v)) << "CPUs 1 and 3 are alike but for nearness";
}

TEST_P(core_place, soft_before_all_that)
{
	Host &h = two_packages();
	ration_vcpu *v = h.vcpu(h.dom(), 0xff, 1 << 3 | 1 << 5);
	h.hog(attr_of(), 1 << 2);
	EXPECT_EQ(5u, wakes(v)) << "of its soft CPUs the one whose core is idle";
	h.block(v);
	h.hog(attr_of(), 1 << 5);
	EXPECT_EQ(3u, wakes(v)) << "a soft CPU of a busy core before a hard one of an idle core";
	h.block(v);
	h.hog(attr_of(), 1 << 3);
	EXPECT_EQ(0u, wakes(v)) << "no soft CPU is idle: any hard one";
}

TEST_P(core_place, a_flat_machine_takes_the_lowest)
{
	Host h(host_of(3, {GetParam()}));
	host.reset();
	ration_vcpu *a = h.hog(), *b = h.hog();
	EXPECT_EQ(a, h.on(0));
	EXPECT_EQ(b, h.on(1));
}

INSTANTIATE_TEST_SUITE_P(policies, core_place, testing::Values(&ration_rr, &ration_credit),
                         [](const auto &p) { return std::string(p.param->name); });

}  // namespace
