/* SPDX-License-Identifier: BSD-2-Clause */
/* Amounts as people write them: read exactly, refused with a reason. */
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "quantity.h"

namespace {

struct Case {
	const char *text;
	uint64_t value;
};

struct Bad {
	const char *text;
	const char *says;
	size_t offset;
};

TEST(Time, IsReadExactly)
{
	static const Case cases[] = {
		{"0", 0},
		{"0ns", 0},
		{"1ns", 1},
		{"7us", 7000},
		{"1.9ms", 1900000},
		{"0.000001s", 1000},
		{"12.345678901s", 12345678901ULL},
		{"1.5min", 90000000000ULL},
		{"2h", 7200000000000ULL},
		{"30 ms", 30000000},
		{" 30ms ", 30000000},
		{"3.70ms", 3700000},
		{"4\xc2\xb5s", 4000},
		{"4\xce\xbcs", 4000},
		{"0.1000000000000000000000s", 100000000},
		{"366", 0},
	};
	for (const Case &c : cases) {
		quantity_error error;
		ration_ns ns = 42;
		bool ok = quantity_time(c.text, std::strlen(c.text), &ns, &error);

		if (c.value == 0 && c.text[0] != '0') {
			EXPECT_FALSE(ok) << c.text;
			EXPECT_EQ(ns, 42u) << c.text;
			continue;
		}
		EXPECT_TRUE(ok) << c.text;
		EXPECT_EQ(ns, c.value) << c.text;
	}
}

TEST(Time, SaysWhatIsWrong)
{
	static const Bad cases[] = {
		{"", "is not a length of time", 0},
		{"ms", "is not a length of time", 0},
		{".5ms", "is not a length of time", 0},
		{"-5s", "is negative", 0},
		{"5", "has no unit", 1},
		{"5 weeks", "has an unknown unit", 2},
		{"5msec", "has an unknown unit", 1},
		{"5MS", "has an unknown unit", 1},
		{"5ms 3us", "has more behind it", 3},
		{"0.5ns", "is no whole number of ns", 0},
		{"1.0000000001s", "is no whole number of ns", 0},
		{"367h0", "has an unknown unit", 3},
		{"8785h", "is too long", 0},
		{"99999999999999999999999999s", "is too long", 0},
		{"1e3ms", "has an unknown unit", 1},
		{"inf", "is not a length of time", 0},
	};
	for (const Bad &c : cases) {
		quantity_error error = {99, ""};
		ration_ns ns = 42;

		EXPECT_FALSE(quantity_time(c.text, std::strlen(c.text), &ns, &error)) << c.text;
		EXPECT_NE(std::string(error.what).find(c.says), std::string::npos)
		    << c.text << ": " << error.what;
		EXPECT_NE(std::string(error.what).find("expected"), std::string::npos) << c.text;
		EXPECT_EQ(error.offset, c.offset) << c.text;
		EXPECT_EQ(ns, 42u);
	}
}

TEST(Time, LongestIsAllowedAndNoLonger)
{
	quantity_error error;
	ration_ns ns = 0;

	EXPECT_TRUE(quantity_time("8784h", 5, &ns, &error));
	EXPECT_EQ(ns, QUANTITY_TIME_MAX);
	EXPECT_FALSE(quantity_time("8784.000001h", 12, &ns, &error));
}

TEST(Percent, IsReadInMillionths)
{
	static const Case cases[] = {
		{"0", 0}, {"25", 250000}, {"12.5", 125000}, {"12.5%", 125000}, {"12.5 %", 125000},
		{"0.0001", 1}, {"100", 1000000}, {"250", 2500000}, {"429496", 4294960000ULL},
	};
	static const char *const bad[] = {
		"", "-1", "x", "12.5x", "12.5%%", "429497", "0.00001", "99999999999999999999", "1e2",
	};
	quantity_error error;
	uint32_t ppm;

	for (const Case &c : cases) {
		ppm = 7;
		EXPECT_TRUE(quantity_percent(c.text, std::strlen(c.text), &ppm, &error)) << c.text;
		EXPECT_EQ(ppm, c.value) << c.text;
	}
	for (const char *text : bad) {
		ppm = 7;
		EXPECT_FALSE(quantity_percent(text, std::strlen(text), &ppm, &error)) << text;
		EXPECT_EQ(ppm, 7u);
	}
}

TEST(Fraction, IsAboveZeroAndAtMostOne)
{
	static const Case cases[] = {{"1", 1000000}, {"0.674", 674000}, {"0.000001", 1}};
	static const char *const bad[] = {"0", "1.1", "-0.5", "0.0000001", "", "0.5x"};
	quantity_error error;
	uint32_t ppm = 0;

	for (const Case &c : cases) {
		EXPECT_TRUE(quantity_fraction(c.text, std::strlen(c.text), &ppm, &error)) << c.text;
		EXPECT_EQ(ppm, c.value) << c.text;
	}
	for (const char *text : bad)
		EXPECT_FALSE(quantity_fraction(text, std::strlen(text), &ppm, &error)) << text;
}

TEST(Integer, IsWholeAndFits)
{
	static const Case cases[] = {{"0", 0}, {"007", 7}, {"9223372036854775807", INT64_MAX}};
	static const char *const bad[] = {"", "-1", "1.5", "0x10", "9223372036854775808", "1 2", "one"};
	quantity_error error;
	uint64_t value = 0;

	for (const Case &c : cases) {
		EXPECT_TRUE(quantity_integer(c.text, std::strlen(c.text), &value, &error)) << c.text;
		EXPECT_EQ(value, c.value) << c.text;
	}
	for (const char *text : bad)
		EXPECT_FALSE(quantity_integer(text, std::strlen(text), &value, &error)) << text;
}

TEST(Rate, BecomesTheMeanGap)
{
	static const Case cases[] = {
		{"200/s", 5000000}, {"1/s", 1000000000}, {"0.5/s", 2000000000}, {"30/min", 2000000000},
		{"1/h", 3600000000000ULL}, {"1.5/ms", 666667}, {"3/s", 333333333}, {"1000 / s", 1000000},
	};
	static const char *const bad[] = {"", "200", "200/", "200/x", "0/s", "-1/s", "/s", "1/s/s",
	                                  "0.0000001/s"};
	quantity_error error;
	ration_ns gap = 0;

	for (const Case &c : cases) {
		EXPECT_TRUE(quantity_rate(c.text, std::strlen(c.text), &gap, &error)) << c.text;
		EXPECT_EQ(gap, c.value) << c.text;
	}
	for (const char *text : bad)
		EXPECT_FALSE(quantity_rate(text, std::strlen(text), &gap, &error)) << text;
}

struct DistCase {
	const char *text;
	scenario_dist dist;
	const char *printed;
};

TEST(Dist, IsReadAndPrinted)
{
	static const DistCase cases[] = {
		{"10ms", {DIST_CONST, 10000000, 0, 0}, "10 ms"},
		{"0", {DIST_CONST, 0, 0, 0}, "0"},
		{"exp(2ms)", {DIST_EXP, 2000000, 0, 0}, "exp(2 ms)"},
		{" exp ( 2 ms ) ", {DIST_EXP, 2000000, 0, 0}, "exp(2 ms)"},
		{"uniform(1ms..2ms)", {DIST_UNIFORM, 1000000, 2000000, 0}, "uniform(1 ms..2 ms)"},
		{"uniform(1.5ms .. 2.5ms)", {DIST_UNIFORM, 1500000, 2500000, 0},
		 "uniform(1.5 ms..2.5 ms)"},
		{"uniform(0..2ms)", {DIST_UNIFORM, 0, 2000000, 0}, "uniform(0..2 ms)"},
		{"lognormal(2ms, 0.5)", {DIST_LOGNORMAL, 2000000, 0, 500000}, "lognormal(2 ms, 0.5)"},
		{"lognormal(2ms,3)", {DIST_LOGNORMAL, 2000000, 0, 3000000}, "lognormal(2 ms, 3)"},
	};
	for (const DistCase &c : cases) {
		char text[QUANTITY_DIST_SIZE];
		quantity_error error = {0, ""};
		scenario_dist dist = {DIST_CONST, 42, 42, 42};

		EXPECT_TRUE(quantity_dist(c.text, std::strlen(c.text), &dist, &error))
		    << c.text << ": " << error.what;
		EXPECT_EQ(dist.kind, c.dist.kind) << c.text;
		EXPECT_EQ(dist.a_ns, c.dist.a_ns) << c.text;
		EXPECT_EQ(dist.b_ns, c.dist.b_ns) << c.text;
		EXPECT_EQ(dist.sigma_ppm, c.dist.sigma_ppm) << c.text;
		EXPECT_STREQ(quantity_dist_format(&dist, text), c.printed);
	}
}

TEST(Dist, SaysWhatIsWrong)
{
	static const Bad cases[] = {
		{"", "is no distribution", 0},
		{"gauss(2ms)", "is no distribution", 0},
		{"exp(2ms", "has no closing ')'", 0},
		{"exp()", "is not a length of time", 4},
		{"exp(-2ms)", "is negative", 4},
		{"exp(2ms, 3ms)", "has more behind it", 7},
		{"exp(2)", "has no unit", 5},
		{"uniform(2ms..1ms)", "ends before it begins", 16},
		{"uniform(2ms)", "has no '..'", 11},
		{"uniform(2ms,3ms)", "has no '..'", 11},
		{"lognormal(2ms)", "has no sigma", 13},
		{"lognormal(2ms, 0)", "sigma out of range", 15},
		{"lognormal(2ms, 4)", "sigma out of range", 15},
		{"25h", "is too long, expected at most 24 hours", 0},
		{"-1ms", "is negative", 0},
		{"5", "has no unit", 1},
	};
	for (const Bad &c : cases) {
		quantity_error error = {99, ""};
		scenario_dist dist = {DIST_CONST, 42, 0, 0};

		EXPECT_FALSE(quantity_dist(c.text, std::strlen(c.text), &dist, &error)) << c.text;
		EXPECT_NE(std::string(error.what).find(c.says), std::string::npos)
		    << c.text << ": " << error.what;
		EXPECT_EQ(error.offset, c.offset) << c.text;
		EXPECT_EQ(dist.a_ns, 42u);
	}
}

TEST(Call, FindsWhatIsInside)
{
	const char *inside;
	size_t length;

	ASSERT_TRUE(quantity_call("file(a b.txt)", 13, "file", &inside, &length));
	EXPECT_EQ(std::string(inside, length), "a b.txt");
	EXPECT_FALSE(quantity_call("file a", 6, "file", &inside, &length));
	EXPECT_FALSE(quantity_call("fil(a)", 6, "file", &inside, &length));
	EXPECT_FALSE(quantity_call("file(", 5, "file", &inside, &length));
	EXPECT_TRUE(quantity_call("file()", 6, "file", &inside, &length));
	EXPECT_EQ(length, 0u);
}

TEST(Format, TimesExactly)
{
	char text[QUANTITY_SIZE];

	EXPECT_STREQ(quantity_time_format(0, text), "0");
	EXPECT_STREQ(quantity_time_format(1, text), "1 ns");
	EXPECT_STREQ(quantity_time_format(999, text), "999 ns");
	EXPECT_STREQ(quantity_time_format(1900000, text), "1.9 ms");
	EXPECT_STREQ(quantity_time_format(1900001, text), "1900.001 us");
	EXPECT_STREQ(quantity_time_format(30000000, text), "30 ms");
	EXPECT_STREQ(quantity_time_format(10000000000ULL, text), "10 s");
	EXPECT_STREQ(quantity_time_format(90000000000ULL, text), "90 s");
	EXPECT_STREQ(quantity_time_format(600000000000ULL, text), "10 min");
	EXPECT_STREQ(quantity_time_format(7200000000000ULL, text), "120 min");
	EXPECT_STREQ(quantity_time_format(36000000000000ULL, text), "10 h");
}

TEST(Format, TimesToThreeDigits)
{
	char text[QUANTITY_SIZE];

	EXPECT_STREQ(quantity_time_round(0, text), "0");
	EXPECT_STREQ(quantity_time_round(7, text), "7 ns");
	EXPECT_STREQ(quantity_time_round(1234, text), "1.23 us");
	EXPECT_STREQ(quantity_time_round(12345, text), "12.3 us");
	EXPECT_STREQ(quantity_time_round(123456, text), "123 us");
	EXPECT_STREQ(quantity_time_round(1234567, text), "1.23 ms");
	EXPECT_STREQ(quantity_time_round(5000000000ULL, text), "5.00 s");
	EXPECT_STREQ(quantity_time_round(1234000000000ULL, text), "1234 s");
}

TEST(Format, Percentages)
{
	char text[QUANTITY_SIZE];

	EXPECT_STREQ(quantity_percent_format(0, text), "0");
	EXPECT_STREQ(quantity_percent_format(250000, text), "25");
	EXPECT_STREQ(quantity_percent_format(125000, text), "12.5");
	EXPECT_STREQ(quantity_percent_format(1, text), "0.0001");
	EXPECT_STREQ(quantity_percent_format(6400000000ULL, text), "640000");
}

} // namespace
