/* SPDX-License-Identifier: BSD-2-Clause */
/* Random words and the lengths of time that are made of them. */
#include "distribution.h"
#include "random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace {

constexpr uint64_t TOP = UINT64_MAX;

/* The word whose place among all words is q. */
uint64_t word(double q)
{
	return static_cast<uint64_t>(q * 18446744073709551616.0);
}

scenario_dist dist(scenario_dist_kind kind, ration_ns a, ration_ns b = 0, uint32_t sigma_ppm = 0)
{
	scenario_dist d = {};

	d.kind = kind;
	d.a_ns = a;
	d.b_ns = b;
	d.sigma_ppm = sigma_ppm;
	return d;
}

TEST(Random, PhiloxHasItsKnownAnswers)
{
	const uint32_t zero[4] = {}, ones[4] = {~0u, ~0u, ~0u, ~0u};
	const uint32_t pi[4] = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344};
	const uint32_t pi_key[2] = {0xa4093822, 0x299f31d0};
	uint32_t out[4];

	random_philox(zero, zero, out);
	EXPECT_EQ(out[0], 0x6627e8d5u);
	EXPECT_EQ(out[1], 0xe169c58du);
	EXPECT_EQ(out[2], 0xbc57ac4cu);
	EXPECT_EQ(out[3], 0x9b00dbd8u);
	random_philox(ones, ones, out);
	EXPECT_EQ(out[0], 0x408f276du);
	EXPECT_EQ(out[1], 0x41c83b0eu);
	EXPECT_EQ(out[2], 0xa20bc7c6u);
	EXPECT_EQ(out[3], 0x6d5451fdu);
	random_philox(pi, pi_key, out);
	EXPECT_EQ(out[0], 0xd16cfe09u);
	EXPECT_EQ(out[1], 0x94fdccebu);
	EXPECT_EQ(out[2], 0x5001e420u);
	EXPECT_EQ(out[3], 0x24126ea1u);
}

TEST(Random, SplitmixHasItsKnownAnswer)
{
	uint64_t state = 1234567;

	EXPECT_EQ(random_splitmix(&state), 6457827717110365317u);
	EXPECT_EQ(random_splitmix(&state), 3203168211198807973u);
	EXPECT_EQ(random_splitmix(&state), 9817491932198370423u);
}

TEST(Random, EveryPartOfTheKeyMatters)
{
	std::set<uint64_t> seen;

	for (uint64_t seed = 0; seed < 3; seed++)
		for (uint32_t idx = 0; idx < 3; idx++)
			for (int purpose = 0; purpose < RANDOM_PURPOSE_COUNT; purpose++)
				for (uint64_t n : {0ull, 1ull, 1ull << 32, 1ull << 40}) {
					auto p = static_cast<random_purpose>(purpose);

					seen.insert(random_draw(seed, random_entity("web", idx), p, n));
					seen.insert(random_draw(seed, random_entity("wec", idx), p, n));
				}
	EXPECT_EQ(seen.size(), 3u * 3u * RANDOM_PURPOSE_COUNT * 4u * 2u);
	EXPECT_NE(random_draw(1, 1, RANDOM_RUN, 0), random_draw(1, 1ull << 32 | 1, RANDOM_RUN, 0));
	EXPECT_NE(random_draw(1, 1, RANDOM_RUN, 0), random_draw(1ull << 32 | 1, 1, RANDOM_RUN, 0));
}

TEST(Distribution, ConstantTakesNoWord)
{
	scenario_dist d = dist(DIST_CONST, 7);

	EXPECT_FALSE(distribution_is_random(&d));
	EXPECT_EQ(distribution_draw(&d, 99), 7u);
}

TEST(Distribution, UniformIncludesBothEnds)
{
	scenario_dist d = dist(DIST_UNIFORM, 10, 12);

	EXPECT_EQ(distribution_draw(&d, 0), 10u);
	EXPECT_EQ(distribution_draw(&d, 5), 12u);
	EXPECT_EQ(distribution_draw(&d, 6), 10u);
}

TEST(Distribution, ExponentialHasItsQuantiles)
{
	scenario_dist d = dist(DIST_EXP, 1000000000);

	for (double q = 0.0005; q < 1; q += 0.0005) {
		double exact = -std::log(1 - q) * 1e9;

		ASSERT_NEAR(static_cast<double>(distribution_draw(&d, word(q))), exact, 1e4) << q;
	}
	EXPECT_LE(distribution_draw(&d, 0), 15u);      /* one step of 2^-26 */
	EXPECT_NEAR(static_cast<double>(distribution_draw(&d, TOP)), 64 * std::log(2) * 1e9, 1e9);
}

TEST(Distribution, ExponentialHasItsMean)
{
	scenario_dist d = dist(DIST_EXP, 2000000);
	double sum = 0, square = 0;
	const uint64_t n = 400000;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t r = random_draw(1, 2, RANDOM_RUN, i);
		double x = static_cast<double>(distribution_draw(&d, r));

		sum += x;
		square += x * x;
	}
	double mean = sum / static_cast<double>(n);

	EXPECT_NEAR(mean, 2e6, 2e6 * 0.006);
	EXPECT_NEAR(std::sqrt(square / static_cast<double>(n) - mean * mean), 2e6, 2e6 * 0.015);
}

TEST(Distribution, LognormalIsTheNormalOfTheLogarithm)
{
	for (uint32_t sigma_ppm : {100000u, 500000u, 1000000u, 2500000u}) {
		scenario_dist d = dist(DIST_LOGNORMAL, 1000000000, 0, sigma_ppm);
		double sigma = sigma_ppm / 1e6;

		for (double q = 0.001; q < 1; q += 0.001) {
			double x = static_cast<double>(distribution_draw(&d, word(q)));
			double z = std::log(x / 1e9) / sigma;

			ASSERT_NEAR(0.5 * std::erfc(-z / std::sqrt(2)), q, 5e-5) << "sigma " << sigma;
		}
		for (int k = 10; k < 30; k++) {     /* far out, both sides */
			double q = std::ldexp(1, -k);
			double x = static_cast<double>(distribution_draw(&d, word(q)));
			double low = std::log(x / 1e9) / sigma;

			ASSERT_NEAR(0.5 * std::erfc(-low / std::sqrt(2)) / q, 1, 5e-3) << k;
		}
	}
}

TEST(Distribution, AreMonotonic)
{
	for (scenario_dist d : {dist(DIST_EXP, 123456789), dist(DIST_LOGNORMAL, 5000000, 0, 700000)}) {
		ration_ns last = 0;

		for (uint64_t r = 0; r < TOP - (1ull << 50); r += 1ull << 50) {
			ration_ns x = distribution_draw(&d, r);

			ASSERT_GE(x, last) << r;
			last = x;
		}
	}
}

TEST(Distribution, StayWithinTime)
{
	for (uint64_t r : {uint64_t(0), uint64_t(1), TOP / 2, TOP / 2 + 1, TOP - 1, TOP}) {
		scenario_dist e = dist(DIST_EXP, RATION_TIME_MAX);
		scenario_dist l = dist(DIST_LOGNORMAL, RATION_TIME_MAX, 0, UINT32_MAX);

		EXPECT_LE(distribution_draw(&e, r), RATION_TIME_MAX);
		EXPECT_LE(distribution_draw(&l, r), RATION_TIME_MAX);
	}
}

}
