/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpulist.c - the text form of a CPU set: "0-3,^1".
 *
 *     list = item *("," item)
 *     item = ["^"] ("all" / number ["-" number])      or nothing at all
 *
 * with blanks anywhere but inside a number or a word.
 */
#include "ration_cpuset.h"

#include "ration_assert.h"

/* Where the parser stands, and what it knows of the machine. */
struct cpulist_input {
	const char *text;
	size_t length;
	size_t pos;
	uint32_t cpu_count;
	const char *expected;   /* set by whoever meets an error */
};

static bool cpulist_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void cpulist_skip_blanks(struct cpulist_input *in)
{
	while (in->pos < in->length) {
		char c = in->text[in->pos];

		if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			return;
		in->pos++;
	}
}

/* Step over c, and the blanks after it, if it is what stands next. */
static bool cpulist_accept(struct cpulist_input *in, char c)
{
	if (in->pos == in->length || in->text[in->pos] != c)
		return false;
	in->pos++;
	cpulist_skip_blanks(in);
	return true;
}

static bool cpulist_accept_all(struct cpulist_input *in)
{
	const char *at = in->text + in->pos;

	if (in->length - in->pos < 3 || at[0] != 'a' || at[1] != 'l' || at[2] != 'l')
		return false;
	in->pos += 3;
	return true;
}

static int cpulist_parse_number(struct cpulist_input *in, uint32_t *cpu)
{
	uint32_t value = 0;

	if (in->pos == in->length || !cpulist_is_digit(in->text[in->pos])) {
		in->expected = "a CPU number, a range such as 0-3, or all";
		return RATION_E_INVALID;
	}
	for (; in->pos < in->length && cpulist_is_digit(in->text[in->pos]); in->pos++) {
		/* A value that is out of range already stays so: no overflow. */
		if (value < RATION_CPU_MAX)
			value = value * 10 + (uint32_t)(in->text[in->pos] - '0');
	}
	cpulist_skip_blanks(in);
	if (value >= in->cpu_count) {
		in->expected = "a CPU that this machine has (numbers begin at 0)";
		return RATION_E_RANGE;
	}
	*cpu = value;
	return RATION_OK;
}

/* A number, a range or "all", up to the comma or the end. */
static int cpulist_parse_cpus(struct cpulist_input *in, ration_cpuset *cpus)
{
	uint32_t first, last;
	int status;

	if (cpulist_accept_all(in)) {
		*cpus = ration_cpuset_first_count(in->cpu_count);
		cpulist_skip_blanks(in);
	} else {
		status = cpulist_parse_number(in, &first);
		if (status != RATION_OK)
			return status;
		last = first;
		if (cpulist_accept(in, '-')) {
			status = cpulist_parse_number(in, &last);
			if (status != RATION_OK)
				return status;
		}
		if (last < first) {
			in->expected = "a range from the lower CPU to the higher";
			return RATION_E_INVALID;
		}
		*cpus = ration_cpuset_first_count(last + 1) & ~ration_cpuset_first_count(first);
	}
	if (in->pos < in->length && in->text[in->pos] != ',') {
		in->expected = "a comma between items such as 3, 0-3, ^1 and all";
		return RATION_E_INVALID;
	}
	return RATION_OK;
}

int ration_cpulist_parse(const char *text, size_t length, uint32_t cpu_count,
                         ration_cpuset *set, struct ration_cpulist_error *error)
{
	struct cpulist_input in = { .text = text, .length = length, .cpu_count = cpu_count };
	ration_cpuset result = RATION_CPUSET_NONE;

	RATION_ASSERT(cpu_count >= 1);
	RATION_ASSERT(cpu_count <= RATION_CPU_MAX);
	RATION_ASSERT(set != NULL);

	for (cpulist_skip_blanks(&in); in.pos < length; cpulist_skip_blanks(&in)) {
		size_t item = in.pos;
		ration_cpuset cpus;
		bool is_taken_out;
		int status;

		if (cpulist_accept(&in, ','))
			continue;
		is_taken_out = cpulist_accept(&in, '^');
		status = cpulist_parse_cpus(&in, &cpus);
		if (status != RATION_OK) {
			if (error != NULL) {
				error->offset = item;
				error->expected = in.expected;
			}
			return status;
		}
		result = is_taken_out ? result & ~cpus : result | cpus;
	}
	*set = result;
	return RATION_OK;
}

/* Output that is cut off at `size` and counts on. */
struct cpulist_output {
	char *buffer;
	size_t size, length;
};

static void cpulist_put(struct cpulist_output *out, char c)
{
	if (out->length + 1 < out->size)
		out->buffer[out->length] = c;
	out->length++;
}

static void cpulist_put_cpu(struct cpulist_output *out, ration_cpu c)
{
	if (c >= 10)
		cpulist_put(out, (char)('0' + c / 10));
	cpulist_put(out, (char)('0' + c % 10));
}

size_t ration_cpulist_format(ration_cpuset set, char *buffer, size_t size)
{
	struct cpulist_output out = { .buffer = buffer, .size = size };

	RATION_ASSERT(buffer != NULL);
	RATION_ASSERT(size >= 1);

	/* Each turn takes one run of CPUs out of the set: at most 32 turns. */
	while (set != RATION_CPUSET_NONE) {
		ration_cpu first = ration_cpuset_first(set);
		ration_cpu last = first;

		while (ration_cpuset_has(set, last + 1))
			last++;
		set &= ~ration_cpuset_first_count(last + 1);
		if (out.length > 0)
			cpulist_put(&out, ',');
		cpulist_put_cpu(&out, first);
		if (last > first) {
			cpulist_put(&out, '-');
			cpulist_put_cpu(&out, last);
		}
	}
	buffer[out.length < size ? out.length : size - 1] = '\0';
	return out.length;
}
