/* SPDX-License-Identifier: BSD-2-Clause */
/* test_cpuset.cc - CPU sets, and CPU lists as text. */
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "ration_cpuset.h"

namespace {

constexpr ration_cpuset untouched = 0x5a5a5a5a5a5a5a5aULL;

ration_cpuset bits(std::initializer_list<unsigned> cpus)
{
	ration_cpuset set = 0;

	for (unsigned c : cpus)
		set |= 1ULL << c;
	return set;
}

/* 0..count - 1 */
unsigned below(std::mt19937_64 &random, unsigned count)
{
	return (unsigned)(random() % count);
}

std::string format(ration_cpuset set)
{
	char buffer[RATION_CPULIST_SIZE];
	size_t length = ration_cpulist_format(set, buffer, sizeof(buffer));

	EXPECT_EQ(length, std::strlen(buffer));
	return buffer;
}

TEST(cpuset, of_one_cpu)
{
	EXPECT_EQ(ration_cpuset_of(0), 1u);
	EXPECT_EQ(ration_cpuset_of(63), 1ULL << 63);
}

TEST(cpuset, first_count)
{
	EXPECT_EQ(ration_cpuset_first_count(0), RATION_CPUSET_NONE);
	EXPECT_EQ(ration_cpuset_first_count(1), 1u);
	EXPECT_EQ(ration_cpuset_first_count(63), RATION_CPUSET_ALL >> 1);
	EXPECT_EQ(ration_cpuset_first_count(64), RATION_CPUSET_ALL);
}

TEST(cpuset, has)
{
	EXPECT_TRUE(ration_cpuset_has(bits({ 0, 63 }), 63));
	EXPECT_TRUE(ration_cpuset_has(bits({ 0, 63 }), 0));
	EXPECT_FALSE(ration_cpuset_has(bits({ 0, 63 }), 1));
	EXPECT_FALSE(ration_cpuset_has(RATION_CPUSET_ALL, 64));
	EXPECT_FALSE(ration_cpuset_has(RATION_CPUSET_ALL, RATION_CPU_NONE));
}

TEST(cpuset, within)
{
	EXPECT_TRUE(ration_cpuset_within(bits({ 1 }), bits({ 1, 2 })));
	EXPECT_TRUE(ration_cpuset_within(RATION_CPUSET_NONE, RATION_CPUSET_NONE));
	EXPECT_FALSE(ration_cpuset_within(bits({ 1, 3 }), bits({ 1, 2 })));
}

TEST(cpuset, count_is_that_of_the_bits)
{
	std::mt19937_64 random(1);

	EXPECT_EQ(ration_cpuset_count(RATION_CPUSET_NONE), 0u);
	EXPECT_EQ(ration_cpuset_count(RATION_CPUSET_ALL), 64u);
	for (int i = 0; i < 1000; i++) {
		ration_cpuset set = random() & random();

		EXPECT_EQ(ration_cpuset_count(set), (uint32_t)__builtin_popcountll(set));
	}
}

TEST(cpuset, walk_goes_up)
{
	ration_cpuset walked = 0;
	ration_cpu last = 0;

	for (ration_cpuset s = bits({ 3, 5, 63 }); s != 0; s = ration_cpuset_rest(s)) {
		ration_cpu c = ration_cpuset_first(s);

		EXPECT_GT(c, last);
		walked |= ration_cpuset_of(c);
		last = c;
	}
	EXPECT_EQ(walked, bits({ 3, 5, 63 }));
}

struct good {
	const char *text;
	uint32_t cpu_count;
	ration_cpuset set;
};

const good goods[] = {
	{ "", 8, 0 },
	{ " \t\r\n", 8, 0 },
	{ ",,,", 8, 0 },
	{ "0", 1, bits({ 0 }) },
	{ "3", 8, bits({ 3 }) },
	{ "63", 64, bits({ 63 }) },
	{ "0-3", 8, bits({ 0, 1, 2, 3 }) },
	{ "2-2", 8, bits({ 2 }) },
	{ "0-63", 64, RATION_CPUSET_ALL },
	{ "all", 64, RATION_CPUSET_ALL },
	{ "all", 3, bits({ 0, 1, 2 }) },
	{ "0,2,4", 8, bits({ 0, 2, 4 }) },
	{ "4,2,0,2", 8, bits({ 0, 2, 4 }) },
	{ "0-3,5", 8, bits({ 0, 1, 2, 3, 5 }) },
	{ "007", 8, bits({ 7 }) },
	{ "00000000000000000000000000000000000005", 8, bits({ 5 }) },
	/* ^ takes out of what stands before it, and order matters. */
	{ "0-3,^1", 8, bits({ 0, 2, 3 }) },
	{ "0-3,^1,1", 8, bits({ 0, 1, 2, 3 }) },
	{ "^1,0-3", 8, bits({ 0, 1, 2, 3 }) },
	{ "^1", 8, 0 },
	{ "0-7,^2-4", 8, bits({ 0, 1, 5, 6, 7 }) },
	{ "0-7,^2-4,3", 8, bits({ 0, 1, 3, 5, 6, 7 }) },
	{ "all,^0", 4, bits({ 1, 2, 3 }) },
	{ "0-3,^all", 8, 0 },
	{ "0-3,^all,2", 8, bits({ 2 }) },
	{ "^all", 8, 0 },
	{ "all,^0-63", 64, 0 },
	/* Blanks and empty items. */
	{ "  0 ,  2 ", 8, bits({ 0, 2 }) },
	{ ",0,,2,", 8, bits({ 0, 2 }) },
	{ "0 - 3", 8, bits({ 0, 1, 2, 3 }) },
	{ " ^ 1 - 2 , 3", 8, bits({ 3 }) },
	{ "all , ^ 2", 4, bits({ 0, 1, 3 }) },
	{ "0\t,\n1", 8, bits({ 0, 1 }) },
};

TEST(cpulist, good_lists)
{
	for (const good &g : goods) {
		ration_cpuset set = untouched;

		EXPECT_EQ(ration_cpulist_parse(g.text, std::strlen(g.text), g.cpu_count, &set,
		                               nullptr), RATION_OK) << g.text;
		EXPECT_EQ(set, g.set) << g.text;
	}
}

struct bad {
	const char *text;
	uint32_t cpu_count;
	int status;
	size_t offset;
	const char *expected;       /* a part of it */
};

const bad bads[] = {
	{ "x", 8, RATION_E_INVALID, 0, "a CPU number" },
	{ "0,x", 8, RATION_E_INVALID, 2, "a CPU number" },
	{ "0, -1", 8, RATION_E_INVALID, 3, "a CPU number" },
	{ "-1", 8, RATION_E_INVALID, 0, "a CPU number" },
	{ "1-", 8, RATION_E_INVALID, 0, "a CPU number" },
	{ "1-,2", 8, RATION_E_INVALID, 0, "a CPU number" },
	{ "1-x", 8, RATION_E_INVALID, 0, "a CPU number" },
	{ "^", 8, RATION_E_INVALID, 0, "a CPU number" },
	{ "^,1", 8, RATION_E_INVALID, 0, "a CPU number" },
	{ "^^1", 8, RATION_E_INVALID, 0, "a CPU number" },
	{ "al", 8, RATION_E_INVALID, 0, "a CPU number" },
	{ "ALL", 8, RATION_E_INVALID, 0, "a CPU number" },
	{ "node:0", 8, RATION_E_INVALID, 0, "a CPU number" },
	{ "3-1", 8, RATION_E_INVALID, 0, "lower CPU to the higher" },
	{ "0,3-1", 8, RATION_E_INVALID, 2, "lower CPU to the higher" },
	{ "^3-1", 8, RATION_E_INVALID, 0, "lower CPU to the higher" },
	{ "1 2", 8, RATION_E_INVALID, 0, "comma" },
	{ "1;2", 8, RATION_E_INVALID, 0, "comma" },
	{ "1-2-3", 8, RATION_E_INVALID, 0, "comma" },
	{ "allx", 8, RATION_E_INVALID, 0, "comma" },
	{ "all-3", 8, RATION_E_INVALID, 0, "comma" },
	{ "0x2", 8, RATION_E_INVALID, 0, "comma" },
	{ "1.5", 8, RATION_E_INVALID, 0, "comma" },
	{ "8", 8, RATION_E_RANGE, 0, "this machine has" },
	{ "64", 64, RATION_E_RANGE, 0, "this machine has" },
	{ "1", 1, RATION_E_RANGE, 0, "this machine has" },
	{ "0,0-8", 8, RATION_E_RANGE, 2, "this machine has" },
	{ "9-10", 8, RATION_E_RANGE, 0, "this machine has" },
	{ "^8", 8, RATION_E_RANGE, 0, "this machine has" },
	{ "0-3, ^9", 8, RATION_E_RANGE, 5, "this machine has" },
	/* 2^32, 2^64 and beyond must not come round to a small number. */
	{ "4294967296", 64, RATION_E_RANGE, 0, "this machine has" },
	{ "18446744073709551616", 64, RATION_E_RANGE, 0, "this machine has" },
	{ "0-340282366920938463463374607431768211456", 64, RATION_E_RANGE, 0, "this machine has" },
};

TEST(cpulist, bad_lists_say_where_and_leave_the_set)
{
	for (const bad &b : bads) {
		ration_cpuset set = untouched;
		struct ration_cpulist_error error = { 999, nullptr };

		EXPECT_EQ(ration_cpulist_parse(b.text, std::strlen(b.text), b.cpu_count, &set,
		                               &error), b.status) << b.text;
		EXPECT_EQ(set, untouched) << b.text;
		EXPECT_EQ(error.offset, b.offset) << b.text;
		ASSERT_NE(error.expected, nullptr) << b.text;
		EXPECT_NE(std::string(error.expected).find(b.expected), std::string::npos)
			<< b.text << ": " << error.expected;
		EXPECT_EQ(ration_cpulist_parse(b.text, std::strlen(b.text), b.cpu_count, &set,
		                               nullptr), b.status) << b.text;
	}
}

TEST(cpulist, length_counts_not_the_terminator)
{
	ration_cpuset set = untouched;

	/* An exact copy on the heap, so that a tool sees a read behind it. */
	std::unique_ptr<char[]> text(new char[3]);
	std::memcpy(text.get(), "0-3", 3);
	EXPECT_EQ(ration_cpulist_parse(text.get(), 3, 8, &set, nullptr), RATION_OK);
	EXPECT_EQ(set, bits({ 0, 1, 2, 3 }));
	EXPECT_EQ(ration_cpulist_parse(text.get(), 1, 8, &set, nullptr), RATION_OK);
	EXPECT_EQ(set, bits({ 0 }));
	EXPECT_EQ(ration_cpulist_parse(text.get(), 2, 8, &set, nullptr), RATION_E_INVALID);
	EXPECT_EQ(ration_cpulist_parse(nullptr, 0, 8, &set, nullptr), RATION_OK);
	EXPECT_EQ(set, 0u);
}

TEST(cpulist, a_nul_inside_is_an_error)
{
	ration_cpuset set = untouched;

	EXPECT_EQ(ration_cpulist_parse("0\0,1", 4, 8, &set, nullptr), RATION_E_INVALID);
}

TEST(cpulist, format_is_the_shortest)
{
	EXPECT_EQ(format(0), "");
	EXPECT_EQ(format(bits({ 0 })), "0");
	EXPECT_EQ(format(bits({ 63 })), "63");
	EXPECT_EQ(format(bits({ 0, 1 })), "0-1");
	EXPECT_EQ(format(bits({ 0, 1, 2, 3, 8 })), "0-3,8");
	EXPECT_EQ(format(bits({ 9, 10, 11, 62, 63 })), "9-11,62-63");
	EXPECT_EQ(format(RATION_CPUSET_ALL), "0-63");
}

TEST(cpulist, format_is_cut_off_but_terminated)
{
	char buffer[5] = "xxxx";

	EXPECT_EQ(ration_cpulist_format(bits({ 0, 1, 2, 3, 8, 20 }), buffer, 5), 8u);
	EXPECT_STREQ(buffer, "0-3,");
	EXPECT_EQ(ration_cpulist_format(bits({ 10 }), buffer, 3), 2u);
	EXPECT_STREQ(buffer, "10");
	EXPECT_EQ(ration_cpulist_format(bits({ 10 }), buffer, 2), 2u);
	EXPECT_STREQ(buffer, "1");
	EXPECT_EQ(ration_cpulist_format(RATION_CPUSET_ALL, buffer, 1), 4u);
	EXPECT_STREQ(buffer, "");
}

TEST(cpulist, the_longest_list_fits)
{
	ration_cpuset pairs = 0, singles = 0;

	/* Pairs with a hole between them make the longest text. */
	for (unsigned c = 0; c < 64; c++) {
		pairs |= c % 3 < 2 ? 1ULL << c : 0;
		singles |= c % 2 ? 1ULL << c : 0;
	}
	EXPECT_GT(format(pairs).size(), 115u);
	EXPECT_LT(format(pairs).size(), RATION_CPULIST_SIZE);
	EXPECT_LT(format(singles).size(), RATION_CPULIST_SIZE);
}

TEST(cpulist, what_is_written_reads_back)
{
	std::mt19937_64 random(20240607);

	for (int i = 0; i < 20000; i++) {
		/* Dense, sparse and blocky sets in turn. */
		ration_cpuset set = random(), again = untouched;

		if (i % 3 == 1)
			set &= random() & random();
		if (i % 3 == 2)
			set = ration_cpuset_first_count(below(random, 65)) << below(random, 64);
		std::string text = format(set);
		ASSERT_EQ(ration_cpulist_parse(text.data(), text.size(), 64, &again, nullptr),
		          RATION_OK) << text;
		ASSERT_EQ(again, set) << text;
	}
}

/* The same list, evaluated by the definition: a set of numbers, item by item. */
TEST(cpulist, random_lists_mean_what_the_grammar_says)
{
	std::mt19937_64 random(7);

	for (int i = 0; i < 20000; i++) {
		unsigned cpu_count = below(random, 64) + 1, items = below(random, 6);
		std::string text;
		ration_cpuset expected = 0, set = untouched;

		for (unsigned k = 0; k < items; k++) {
			unsigned a = below(random, cpu_count), b = below(random, cpu_count);
			bool out = below(random, 3) == 0;
			ration_cpuset item = 0;

			text += k > 0 ? "," : "";
			text += out ? "^" : "";
			if (below(random, 8) == 0) {
				text += "all";
				for (unsigned c = 0; c < cpu_count; c++)
					item |= 1ULL << c;
			} else if (below(random, 2) == 0 && a <= b) {
				text += std::to_string(a) + "-" + std::to_string(b);
				for (unsigned c = a; c <= b; c++)
					item |= 1ULL << c;
			} else {
				text += std::to_string(a);
				item = 1ULL << a;
			}
			expected = out ? expected & ~item : expected | item;
		}
		ASSERT_EQ(ration_cpulist_parse(text.data(), text.size(), cpu_count, &set, nullptr),
		          RATION_OK) << text;
		ASSERT_EQ(set, expected) << text;
	}
}

/* Nothing that can stand in a file may crash it, or put a set beyond the
 * machine. */
TEST(cpulist, noise_is_refused_or_within_the_machine)
{
	static const char letters[] = "0123456789,,--^^ al\tx\n:";
	std::mt19937_64 random(11);

	for (int i = 0; i < 50000; i++) {
		unsigned cpu_count = below(random, 64) + 1;
		std::string text(below(random, 12), ' ');
		ration_cpuset set = untouched;
		struct ration_cpulist_error error = { 999, nullptr };

		for (char &c : text)
			c = letters[below(random, sizeof(letters) - 1)];
		if (ration_cpulist_parse(text.data(), text.size(), cpu_count, &set, &error) == 0) {
			ASSERT_TRUE(ration_cpuset_within(set, ration_cpuset_first_count(cpu_count)));
		} else {
			ASSERT_EQ(set, untouched) << text;
			ASSERT_LE(error.offset, text.size()) << text;
			ASSERT_NE(error.expected, nullptr);
		}
	}
}

TEST(cpulist, a_machine_without_cpus_is_a_mistake_of_the_caller)
{
	ration_cpuset set;

	EXPECT_DEATH((void)ration_cpulist_parse("0", 1, 0, &set, nullptr), "cpu_count >= 1");
	EXPECT_DEATH((void)ration_cpulist_parse("0", 1, 65, &set, nullptr), "RATION_CPU_MAX");
}

} // namespace
