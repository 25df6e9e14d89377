/* SPDX-License-Identifier: BSD-2-Clause */
/* test_affinity.cc - hard and soft affinity; status codes in words. */
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "ration_affinity.h"

namespace {

TEST(affinity, soft_orders_choices_and_hard_bounds_them)
{
	/*       hard  soft  among  chosen */
	static const ration_cpuset rows[][4] = {
		{ 0x0f, 0x03, 0xff, 0x03 },   /* soft where it can be had */
		{ 0x0f, 0x03, 0x0c, 0x0c },   /* else any hard one: no CPU idle for soft's sake */
		{ 0x0f, 0x03, 0x0d, 0x01 },
		{ 0x0f, 0xf0, 0xff, 0x0f },   /* soft never widens hard */
		{ 0x0f, 0x00, 0xff, 0x0f },
		{ 0x0f, RATION_CPUSET_ALL, 0x3c, 0x0c },
		{ 0x0f, 0x03, 0xf0, 0x00 },   /* no hard CPU there: none, whatever soft says */
		{ 0x01, 0xff, 0xfe, 0x00 },
		{ 0x0f, 0x0f, 0x00, 0x00 },
	};

	for (const ration_cpuset *row : rows) {
		struct ration_affinity a = { row[0], row[1] };

		EXPECT_EQ(ration_affinity_choose(a, row[2]), row[3])
			<< std::hex << row[0] << " " << row[1] << " " << row[2];
	}
}

TEST(affinity, soft_matters_where_it_divides_hard)
{
	EXPECT_TRUE(ration_affinity_is_soft({ 0x0f, 0x03 }));
	EXPECT_TRUE(ration_affinity_is_soft({ 0x0f, 0xf3 }));
	EXPECT_FALSE(ration_affinity_is_soft({ 0x0f, 0x0f }));
	EXPECT_FALSE(ration_affinity_is_soft({ 0x0f, RATION_CPUSET_ALL }));
	EXPECT_FALSE(ration_affinity_is_soft({ 0x0f, 0xf0 }));
	EXPECT_FALSE(ration_affinity_is_soft({ 0x0f, 0x00 }));
}

TEST(affinity, check)
{
	EXPECT_EQ(ration_affinity_check({ 0x01, 0 }, 1), RATION_OK);
	EXPECT_EQ(ration_affinity_check({ 0x0f, RATION_CPUSET_ALL }, 4), RATION_OK);
	EXPECT_EQ(ration_affinity_check({ RATION_CPUSET_ALL, 0 }, 64), RATION_OK);
	EXPECT_EQ(ration_affinity_check({ 0, 0x0f }, 4), RATION_E_INVALID);
	EXPECT_EQ(ration_affinity_check({ 0x10, 0x0f }, 4), RATION_E_RANGE);
	EXPECT_EQ(ration_affinity_check({ 0x1f, 0x0f }, 4), RATION_E_RANGE);
	EXPECT_EQ(ration_affinity_check({ RATION_CPUSET_ALL, 0 }, 63), RATION_E_RANGE);
}

TEST(affinity, a_machine_without_cpus_is_a_mistake_of_the_caller)
{
	EXPECT_DEATH((void)ration_affinity_check({ 1, 1 }, 0), "cpu_count >= 1");
	EXPECT_DEATH((void)ration_affinity_check({ 1, 1 }, 65), "RATION_CPU_MAX");
}

TEST(status, every_code_has_a_text_of_its_own)
{
	std::set<std::string> texts;

	for (int status = RATION_OK; status >= RATION_E_MEMORY; status--) {
		ASSERT_NE(ration_status_text(status), nullptr);
		EXPECT_STRNE(ration_status_text(status), "unknown status") << status;
		texts.insert(ration_status_text(status));
	}
	EXPECT_EQ(texts.size(), 9u);
	EXPECT_STREQ(ration_status_text(1), "unknown status");
	EXPECT_STREQ(ration_status_text(RATION_E_MEMORY - 1), "unknown status");
}

} // namespace
