// SPDX-License-Identifier: BSD-2-Clause
//
// ration_size() and ration_init(): what they want, and what they refuse.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "host.h"

namespace {

const ration_policy *const both[] = {&ration_credit, &ration_rr};

ration_config config_of()
{
	ration_config config = {};
	config.limits = {2, 4, 8};
	config.policies = both;
	config.policy_count = 2;
	config.params = {RATION_TSLICE_DEFAULT_NS, RATION_RATELIMIT_DEFAULT_NS};
	return config;
}

int init(const ration_config &config, size_t less = 0, size_t offset = 0, ration_ns now = 0)
{
	alignas(64) static char block[1 << 20];
	size_t size = ration_size(config.policies, config.policy_count, &config.limits);
	ration *r = nullptr;
	if (size == 0)
		size = sizeof block / 2;
	int status = ration_init(block + offset, size - less, &config, now, &r);
	EXPECT_EQ(status == RATION_OK, r != nullptr);
	return status;
}

TEST(core_init, size_is_zero_outside_of_the_limits)
{
	const struct {
		ration_limits limits;
		bool valid;
	} row[] = {
		{{0, 1, 1}, false}, {{1, 1, 1}, true}, {{64, 1, 1}, true}, {{65, 1, 1}, false},
		{{1, 0, 1}, false}, {{1, 4096, 1}, true}, {{1, 4097, 1}, false},
		{{1, 1, 0}, false}, {{1, 1, 65536}, true}, {{1, 1, 65537}, false},
		{{UINT32_MAX, 1, 1}, false}, {{1, UINT32_MAX, 1}, false}, {{1, 1, UINT32_MAX}, false},
	};
	for (const auto &t : row) {
		SCOPED_TRACE(testing::Message() << t.limits.cpu_count << " CPUs, "
		             << t.limits.dom_count << " domains, " << t.limits.vcpu_count);
		EXPECT_EQ(t.valid, ration_size(both, 2, &t.limits) != 0);
		ration_config config = config_of();
		config.limits = t.limits;
		if (!t.valid) {
			EXPECT_EQ(RATION_E_RANGE, init(config));
		}
	}
}

TEST(core_init, size_is_the_maximum_over_the_policies_not_their_sum)
{
	ration_limits limits = {8, 16, 64};
	const ration_policy *const reverse[] = {&ration_rr, &ration_credit};
	size_t credit = ration_size(both, 1, &limits), rr = ration_size(both + 1, 1, &limits);
	EXPECT_NE(0u, rr);
	EXPECT_GT(credit, rr);
	EXPECT_EQ(credit, ration_size(both, 2, &limits));
	EXPECT_EQ(credit, ration_size(reverse, 2, &limits));
}

TEST(core_init, size_grows_by_the_same_for_each_vcpu_domain_and_cpu)
{
	auto size = [](uint32_t cpus, uint32_t doms, uint32_t vcpus) {
		ration_limits limits = {cpus, doms, vcpus};
		return ration_size(both, 2, &limits);
	};
	EXPECT_EQ(size(1, 1, 1001) - size(1, 1, 1), 1000 * (size(1, 1, 2) - size(1, 1, 1)));
	EXPECT_EQ(size(1, 1001, 1) - size(1, 1, 1), 1000 * (size(1, 2, 1) - size(1, 1, 1)));
	EXPECT_EQ(size(61, 1, 1) - size(1, 1, 1), 60 * (size(2, 1, 1) - size(1, 1, 1)));
	EXPECT_LE(size(1, 1, 2) - size(1, 1, 1), 256u);
	EXPECT_LE(size(1, 2, 1) - size(1, 1, 1), 512u);
	EXPECT_LE(size(2, 1, 1) - size(1, 1, 1), 2048u);
}

TEST(core_init, memory_must_be_aligned_and_large_enough)
{
	EXPECT_EQ(RATION_OK, init(config_of()));
	EXPECT_EQ(RATION_E_MEMORY, init(config_of(), 1));
	EXPECT_EQ(RATION_E_MEMORY, init(config_of(), 0, 8));
	EXPECT_EQ(RATION_E_MEMORY, init(config_of(), 0, 1));
	EXPECT_EQ(RATION_OK, init(config_of(), 0, 16));
	ration_config config = config_of();
	ration *r;
	EXPECT_EQ(RATION_E_MEMORY, ration_init(nullptr, 1 << 20, &config, 0, &r));
}

TEST(core_init, nothing_is_written_past_the_size)
{
	ration_config config = config_of();
	size_t size = ration_size(config.policies, 2, &config.limits);
	alignas(16) static char block[1 << 20];
	ration *r;
	memset(block, 0x5a, sizeof block);
	ASSERT_EQ(RATION_OK, ration_init(block, size, &config, 0, &r));
	for (size_t i = size; i < sizeof block; i++)
		ASSERT_EQ(0x5a, block[i]) << i - size << " bytes after the end";
}

TEST(core_init, every_refused_init_leaves_the_memory_alone)
{
	alignas(16) static char block[1 << 18];
	ration_config config = config_of();
	ration *r = nullptr;
	memset(block, 0x5a, sizeof block);
	config.params.tslice_ns = 0;
	EXPECT_EQ(RATION_E_RANGE, ration_init(block, sizeof block, &config, 0, &r));
	config = config_of();
	config.policy_count = 0;
	EXPECT_EQ(RATION_E_INVALID, ration_init(block, sizeof block, &config, 0, &r));
	EXPECT_EQ(nullptr, r);
	for (char c : block)
		ASSERT_EQ(0x5a, c);
}

TEST(core_init, the_time_of_begin_may_be_any_up_to_the_last)
{
	EXPECT_EQ(RATION_OK, init(config_of(), 0, 0, RATION_TIME_MAX));
	EXPECT_EQ(RATION_E_RANGE, init(config_of(), 0, 0, RATION_TIME_MAX + 1));
	EXPECT_EQ(RATION_E_RANGE, init(config_of(), 0, 0, RATION_NEVER));
}

TEST(core_init, parameters_have_ranges)
{
	const struct {
		ration_ns tslice, ratelimit;
		int status;
	} row[] = {
		{100 * US, 0, RATION_OK}, {100 * US - 1, 0, RATION_E_RANGE}, {0, 0, RATION_E_RANGE},
		{S, 0, RATION_OK}, {S + 1, 0, RATION_E_RANGE}, {RATION_NEVER, 0, RATION_E_RANGE},
		{S, 500 * MS, RATION_OK}, {S, 500 * MS + 1, RATION_E_RANGE},
		{MS, MS, RATION_OK}, {MS, MS + 1, RATION_E_RANGE}, {S, RATION_NEVER, RATION_E_RANGE},
	};
	for (const auto &t : row) {
		SCOPED_TRACE(testing::Message() << t.tslice << " " << t.ratelimit);
		ration_config config = config_of();
		config.params = {t.tslice, t.ratelimit};
		EXPECT_EQ(t.status, init(config));

		Host h(host_of(1, {&ration_credit}));
		ration_params after;
		EXPECT_EQ(t.status, h.params(t.tslice, t.ratelimit));
		ration_params_get(h.r, &after);
		bool changed = after.tslice_ns != RATION_TSLICE_DEFAULT_NS ||
		               after.ratelimit_ns != RATION_RATELIMIT_DEFAULT_NS;
		EXPECT_EQ(t.status == RATION_OK, changed);
	}
}

TEST(core_init, margins_have_ranges)
{
	for (ration_ns overhead : {uint64_t(0), MS, MS + 1, RATION_NEVER})
		for (uint32_t reserve : {0u, 900000u, 900001u, UINT32_MAX}) {
			ration_config config = config_of();

			config.margins = {overhead, reserve};
			bool good = overhead <= MS && reserve <= 900000;
			EXPECT_EQ(good ? RATION_OK : RATION_E_RANGE, init(config));
		}
}

TEST(core_init, rr_honours_tslice_but_not_ratelimit)
{
	Host h(host_of(1, {&ration_rr}));
	EXPECT_EQ(RATION_OK, h.params(5 * MS, RATION_RATELIMIT_DEFAULT_NS));
	EXPECT_EQ(RATION_E_POLICY, h.params(5 * MS, 2 * MS));
	ration_params after;
	ration_params_get(h.r, &after);
	EXPECT_EQ(5 * MS, after.tslice_ns);
	EXPECT_EQ(RATION_RATELIMIT_DEFAULT_NS, after.ratelimit_ns);
}

TEST(core_init, a_table_of_another_abi_is_refused)
{
	ration_policy p = ration_rr;
	const ration_policy *list[] = {&ration_credit, &p};
	ration_config config = config_of();
	config.policies = list;
	EXPECT_EQ(RATION_OK, init(config));
	p.abi = RATION_POLICY_ABI + 1;
	EXPECT_EQ(RATION_E_INVALID, init(config));
	EXPECT_EQ(0u, ration_size(list, 2, &config.limits));
}

TEST(core_init, no_policy_at_all_is_refused)
{
	ration_config config = config_of();
	const ration_policy *hole[] = {&ration_rr, nullptr};
	config.policy_count = 0;
	EXPECT_EQ(RATION_E_INVALID, init(config));
	config = config_of();
	config.policies = nullptr;
	EXPECT_EQ(RATION_E_INVALID, init(config));
	config.policies = hole;
	EXPECT_EQ(RATION_E_INVALID, init(config));
}

TEST(core_init, an_empty_slot_of_a_policy_is_refused)
{
	const std::function<void(ration_policy &)> empty[] = {
		[](ration_policy &p) { p.name = nullptr; },
		[](ration_policy &p) { p.admit = nullptr; },
		[](ration_policy &p) { p.init = nullptr; },
		[](ration_policy &p) { p.cpu_set = nullptr; },
		[](ration_policy &p) { p.dom_set = nullptr; },
		[](ration_policy &p) { p.dom_leave = nullptr; },
		[](ration_policy &p) { p.join = nullptr; },
		[](ration_policy &p) { p.leave = nullptr; },
		[](ration_policy &p) { p.ready = nullptr; },
		[](ration_policy &p) { p.unready = nullptr; },
		[](ration_policy &p) { p.charge = nullptr; },
		[](ration_policy &p) { p.decide = nullptr; },
		[](ration_policy &p) { p.start = nullptr; },
		[](ration_policy &p) { p.expire = nullptr; },
		[](ration_policy &p) { p.check = nullptr; },
		[](ration_policy &p) { p.shadow = nullptr; },
		[](ration_policy &p) { p.instance_size = 65537; },
		[](ration_policy &p) { p.cpu_size = 65537; },
		[](ration_policy &p) { p.dom_size = 65537; },
		[](ration_policy &p) { p.vcpu_size = 65537; },
		[](ration_policy &p) { p.scratch_size = 65537; },
		[](ration_policy &p) { p.scratch_cpu_size = 65537; },
		[](ration_policy &p) { p.scratch_dom_size = 65537; },
		[](ration_policy &p) { p.scratch_vcpu_size = 65537; },
	};
	size_t i = 0;
	for (const auto &make : empty) {
		ration_policy p = ration_rr;
		const ration_policy *list[] = {&ration_credit, &p};
		ration_config config = config_of();
		config.policies = list;
		make(p);
		EXPECT_EQ(RATION_E_INVALID, init(config)) << "row " << i;
		EXPECT_EQ(0u, ration_size(list, 2, &config.limits)) << "row " << i;
		i++;
	}
}

TEST(core_init, a_topology_needs_as_many_cpus_and_says_which_are_on_line)
{
	ration_topology t;
	ration_config config = config_of();
	config.topology = &t;
	ration_topology_flat(&t, 1);
	EXPECT_EQ(RATION_E_RANGE, init(config));
	ration_topology_flat(&t, 2);
	EXPECT_EQ(RATION_OK, init(config));
	ration_topology_flat(&t, 3);
	EXPECT_EQ(RATION_OK, init(config));

	t.cpu[1].online = false;
	HostOptions o = host_of(3, {&ration_credit});
	o.topology = &t;
	Host h(o);
	EXPECT_EQ(0x5u, ration_cpu_online(h.r));
	EXPECT_EQ(3u, ration_cpu_count(h.r));
	ration_vcpu *v = h.hog(attr_of(), 0x2);
	EXPECT_EQ(RATION_WAIT_OFFLINE, h.info(v).cause);
	EXPECT_EQ(RATION_OK, h.cpu_up(1));
	EXPECT_EQ(v, h.on(1));
}

TEST(core_init, a_new_instance_is_idle_and_sound)
{
	HostOptions o = host_of(64, {&ration_credit, &ration_rr});
	o.begin_ns = 5 * S;
	Host h(o);
	EXPECT_EQ(RATION_CPUSET_ALL, ration_cpu_online(h.r));
	EXPECT_EQ(&ration_credit, ration_policy_get(h.r));
	EXPECT_STREQ("credit", ration_policy_name(ration_policy_get(h.r)));
	EXPECT_STREQ("rr", ration_policy_name(&ration_rr));
	for (ration_cpu c = 0; c < 64; c++)
		EXPECT_EQ(nullptr, h.on(c));
	h.run_until(6 * S);
	EXPECT_EQ(S, h.books(63).idle_ns);
	EXPECT_EQ(0u, h.books(63).busy_ns + h.books(63).overhead_ns + h.books(63).offline_ns);
	EXPECT_EQ(nullptr, ration_check(h.r));
}

}  // namespace
