/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include "console.h"
#include "ration_credit.h"
#include "ration_policy.h"
#include "ration_rr.h"
#include "ration_sedf.h"
#include "text.h"
#include "x86.h"

#define TURN_NS (500 * RATION_NS_PER_US)

static const struct ration_policy *const options_policies[3] = { &ration_credit, &ration_sedf,
	                                                             &ration_rr };

const struct ration_policy *options_policy(const char *name)
{
	uint32_t i;

	for (i = 0; i < 3; i++)
		if (text_equal(options_policies[i]->name, name))
			return options_policies[i];
	return NULL;
}

/* The chosen one first, the others behind it. */
static bool options_sched(struct options *o, const char *name)
{
	const struct ration_policy *first = options_policy(name);
	uint32_t i, n = 1;

	if (first == NULL)
		return false;
	o->policies[0] = first;
	for (i = 0; i < 3; i++)
		if (options_policies[i] != first)
			o->policies[n++] = options_policies[i];
	return true;
}

static bool options_number(const char *text, uint32_t least, uint32_t most, uint32_t *to)
{
	uint64_t value;

	if (!text_number(text, most, &value) || value < least)
		return false;
	*to = (uint32_t)value;
	return true;
}

static bool options_time(const char *text, uint64_t unit_ns, ration_ns least, ration_ns most,
                         ration_ns *to)
{
	ration_ns value;

	if (!text_time(text, unit_ns, &value) || value < least || value > most)
		return false;
	*to = value;
	return true;
}

static bool options_dom0(struct options *o, const char *word, bool *good)
{
	const char *value;

	if ((value = text_after(word, "dom0_max_vcpus=")) != NULL) {
		*good = options_number(value, 1, 16, &o->dom0_max_vcpus);
	} else if ((value = text_after(word, "dom0_cpu_floor=")) != NULL) {
		*good = options_number(value, 0, 6400, &o->dom0_floor_ppm);
		o->dom0_floor_ppm *= RATION_PPM / 100;
	} else if (text_equal(word, "dom0_vcpus_pin")) {
		o->dom0_vcpus_pin = true;
	} else {
		return false;
	}
	return true;
}

static bool options_hv(struct options *o, const char *word, bool *good)
{
	const char *value;

	if ((value = text_after(word, "hv_time=")) != NULL)
		*good = options_time(value, RATION_NS_PER_S, 1, RATION_TIME_MAX, &o->end_ns);
	else if ((value = text_after(word, "hv_record=")) != NULL)
		*good = options_number(value, 0, 1024, &o->record_mib);
	else if ((value = text_after(word, "hv_control=")) != NULL)
		*good = (o->control = text_equal(value, "1")) || text_equal(value, "0");
	else if ((value = text_after(word, "hv_turn_us=")) != NULL)
		*good = options_time(value, RATION_NS_PER_US, 0, RATION_NS_PER_S, &o->turn_ns);
	else
		return false;
	return true;
}

static bool options_word(struct options *o, const char *word)
{
	const char *value;
	bool good = true;

	if (options_dom0(o, word, &good) || options_hv(o, word, &good))
		return good;
	if ((value = text_after(word, "sched=")) != NULL)
		return options_sched(o, value);
	if ((value = text_after(word, "maxcpus=")) != NULL)
		return options_number(value, 1, RATION_CPU_MAX, &o->maxcpus);
	if ((value = text_after(word, "smt=")) != NULL) {
		o->smt = text_equal(value, "1");
		return o->smt || text_equal(value, "0");
	}
	if ((value = text_after(word, "sched_credit_tslice_ms=")) != NULL)
		return options_time(value, RATION_NS_PER_MS, RATION_NS_PER_MS, RATION_NS_PER_S,
		                    &o->params.tslice_ns);
	if ((value = text_after(word, "sched_ratelimit_us=")) != NULL)
		return options_time(value, RATION_NS_PER_US, 0, RATION_NS_PER_S / 2,
		                    &o->params.ratelimit_ns);
	return false;
}

/* "TCGTCGTCGTCG" */
static bool options_is_emulated(void)
{
	struct cpuid r = cpuid_read(0x40000000, 0);

	return (cpuid_read(1, 0).ecx >> 31 & 1) != 0 && r.ebx == 0x54474354 && r.ecx == 0x43544743;
}

bool options_read(struct options *o, const char *line)
{
	char word[160];
	bool first = true;

	memset(o, 0, sizeof(*o));
	(void)options_sched(o, "credit");
	o->params.tslice_ns = RATION_TSLICE_DEFAULT_NS;
	o->params.ratelimit_ns = RATION_RATELIMIT_DEFAULT_NS;
	o->maxcpus = RATION_CPU_MAX;
	o->turn_ns = options_is_emulated() ? TURN_NS : 0;
	o->smt = true;
	o->end_ns = RATION_NEVER;
	for (; text_word(&line, word, sizeof(word)); first = false) {
		/* The loader may have put the file's name first. */
		if (first && (word[0] == '/' || word[0] == '(' || text_after(word, "build/") != NULL))
			continue;
		if (!options_word(o, word)) {
			say("%s: unknown, or its value is out of range", word);
			return false;
		}
	}
	if (o->params.ratelimit_ns > o->params.tslice_ns) {
		say("sched_ratelimit_us= is above sched_credit_tslice_ms=");
		return false;
	}
	return true;
}
