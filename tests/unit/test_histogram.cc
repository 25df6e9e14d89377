/* SPDX-License-Identifier: BSD-2-Clause */
#include "histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace {

using Histogram = std::unique_ptr<histogram>;

Histogram of(const std::vector<uint64_t> &values)
{
	Histogram h(new histogram());

	for (uint64_t v : values)
		histogram_add(h.get(), v);
	return h;
}

TEST(Histogram, IsEmptyAtFirst)
{
	EXPECT_EQ(histogram_quantile(of({}).get(), 500000), 0u);
}

TEST(Histogram, IsExactBelow32)
{
	for (uint64_t v = 0; v < 32; v++)
		EXPECT_EQ(histogram_quantile(of({v}).get(), 500000), v);
}

TEST(Histogram, KnowsTheFloorsOfTheReferenceWorkload)
{
	EXPECT_EQ(histogram_quantile(of({20535300}).get(), 990000), 19922944u);
	EXPECT_EQ(histogram_quantile(of({19922944}).get(), 990000), 19922944u);
	EXPECT_EQ(histogram_quantile(of({19922943}).get(), 990000), 19922944u - 1048576u);
	EXPECT_EQ(histogram_quantile(of({5450000}).get(), 990000), 5242880u);
}

TEST(Histogram, IsNeverMoreThanOnePartIn16Below)
{
	for (uint64_t v = 1; v < UINT64_MAX / 3; v = v * 2 + v / 7 + 1) {
		uint64_t floor = histogram_quantile(of({v}).get(), 1000000);

		EXPECT_LE(floor, v);
		EXPECT_LE(v - floor, v / 16) << v;
	}
	EXPECT_EQ(histogram_quantile(of({UINT64_MAX}).get(), 1), UINT64_MAX - (1ull << 59) + 1);
}

TEST(Histogram, TakesTheRankRoundedUp)
{
	Histogram h = of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});

	EXPECT_EQ(histogram_quantile(h.get(), 0), 1u);
	EXPECT_EQ(histogram_quantile(h.get(), 100000), 1u);
	EXPECT_EQ(histogram_quantile(h.get(), 100001), 2u);
	EXPECT_EQ(histogram_quantile(h.get(), 500000), 5u);
	EXPECT_EQ(histogram_quantile(h.get(), 990000), 10u);
	EXPECT_EQ(histogram_quantile(h.get(), 1000000), 10u);
	EXPECT_EQ(h->count, 10u);
	EXPECT_EQ(h->sum, 55u);
	EXPECT_EQ(h->max, 10u);
}

TEST(Histogram, AgreesWithSortedValues)
{
	std::vector<uint64_t> values;
	uint64_t x = 12345;

	for (int i = 0; i < 5000; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		values.push_back(x >> 33 >> (x >> 60));
	}
	Histogram h = of(values);
	std::sort(values.begin(), values.end());
	for (uint32_t ppm = 1000; ppm <= 1000000; ppm += 1000) {
		uint64_t exact = values[(5000ull * ppm + 999999) / 1000000 - 1];
		uint64_t got = histogram_quantile(h.get(), ppm);

		ASSERT_LE(got, exact);
		ASSERT_LE(exact - got, exact / 16);
	}
}

TEST(Histogram, MergesAsIfAddedTogether)
{
	Histogram a = of({1, 100, 70000}), b = of({3, 100, 1ull << 40});
	Histogram both = of({1, 100, 70000, 3, 100, 1ull << 40});

	histogram_merge(a.get(), b.get());
	EXPECT_EQ(memcmp(a.get(), both.get(), sizeof(histogram)), 0);
}

}
