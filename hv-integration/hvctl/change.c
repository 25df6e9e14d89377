/* SPDX-License-Identifier: BSD-2-Clause */
/* change.c - commands that change something. */
#include "hvctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "quantity.h"

/* Ask, where nothing is to be shown of the answer. */
static int change_ask(struct hvctl *h, const struct ration_control_request *q)
{
	struct link_answer a;

	return link_ask(&h->link, q, &a);
}

/* The first argument as a domain. */
static int change_domain(struct hvctl *h, struct ration_control_request *q, uint32_t op)
{
	struct ration_control_domain domain;
	int status = hvctl_domain(h, h->argument[0], &domain);

	memset(q, 0, sizeof *q);
	q->op = op;
	q->dom = domain.id;
	return status;
}

/* The arguments from i on, with blanks between them: at most what a request holds. */
static int change_words(struct hvctl *h, int i, char *text, size_t size)
{
	size_t at = 0;

	for (; i < h->count; i++) {
		int count = snprintf(text + at, size - at, "%s%s", h->argument[i],
		                     i + 1 < h->count ? " " : "");

		at += (size_t)count;
		if (at >= size)
			return hvctl_wrong(h, "too long, expected at most %zu bytes", size - 1);
	}
	return HVCTL_OK;
}

/* ---- Attributes ----------------------------------------------------------- */

/* One attribute out of its text; which is its name's. */
static int change_attr(struct hvctl *h, struct ration_control_request *q, uint32_t bit,
                       const char *text)
{
	struct quantity_error error = { 0, "is malformed" };
	size_t length = strlen(text);
	struct ration_attr *attr = &q->attr;
	uint64_t weight = 0;
	bool ok = false;

	q->attr_set |= bit;
	if (bit == RATION_ATTR_WEIGHT)
		ok = quantity_integer(text, length, &weight, &error);
	else if (bit == RATION_ATTR_CAP)
		ok = quantity_percent(text, length, &attr->cap_ppm, &error);
	else if (bit == RATION_ATTR_FLOOR)
		ok = quantity_percent(text, length, &attr->floor_ppm, &error);
	else if (bit == RATION_ATTR_BURST)
		ok = quantity_time(text, length, &attr->burst_ns, &error);
	else if (bit == RATION_ATTR_PERIOD)
		ok = quantity_time(text, length, &attr->period_ns, &error);
	else if (bit == RATION_ATTR_SLICE)
		ok = quantity_time(text, length, &attr->slice_ns, &error);
	else if (bit == RATION_ATTR_LATENCY)
		ok = quantity_time(text, length, &attr->latency_ns, &error);
	else if (bit == RATION_ATTR_EXTRATIME)
		ok = quantity_bool(text, length, &attr->extratime, &error);
	else if (bit == RATION_ATTR_SHADOW)
		ok = quantity_bool(text, length, &attr->shadow, &error);
	if (!ok)
		return hvctl_wrong(h, "%s '%.60s' %s", ration_reason_attr_name((enum ration_attr_bit)bit),
		                   text, error.what);
	attr->weight = weight < UINT32_MAX ? (uint32_t)weight : UINT32_MAX;
	return HVCTL_OK;
}

/* The bit of an attribute of that name among those of `set`; 0: none. */
static uint32_t change_bit(const char *name, size_t length, uint32_t set)
{
	for (uint32_t bit = 1; bit != 0; bit <<= 1) {
		const char *known = ration_reason_attr_name((enum ration_attr_bit)bit);

		if ((set & bit) != 0 && strlen(known) == length && memcmp(known, name, length) == 0)
			return bit;
	}
	return 0;
}

/* `weight NAME 512` and its like: the command is the attribute's name. */
static int change_one(struct hvctl *h)
{
	struct ration_control_request q;
	int status = change_domain(h, &q, RATION_CONTROL_SET);

	if (status == HVCTL_OK)
		status = change_attr(h, &q, change_bit(h->command, strlen(h->command), UINT32_MAX),
		                     h->argument[1]);
	return status == HVCTL_OK ? change_ask(h, &q) : status;
}

/* Words of the form name=value, from argument i on. */
static int change_pairs(struct hvctl *h, struct ration_control_request *q, int i, uint32_t set,
                        const char *expected)
{
	int status = HVCTL_OK;

	for (; status == HVCTL_OK && i < h->count; i++) {
		const char *word = h->argument[i], *equals = strchr(word, '=');
		uint32_t bit = equals == NULL ? 0 : change_bit(word, (size_t)(equals - word), set);
		struct quantity_error error;

		if (bit == 0)
			return hvctl_wrong(h, "'%.60s', expected %s", word, expected);
		if (bit < RATION_ATTR_TSLICE) {
			status = change_attr(h, q, bit, equals + 1);
			continue;
		}
		q->attr_set |= bit;
		if (!quantity_time(equals + 1, strlen(equals + 1), bit == RATION_ATTR_TSLICE ?
		                   &q->params.tslice_ns : &q->params.ratelimit_ns, &error))
			return hvctl_wrong(h, "'%.60s' %s", word, error.what);
	}
	return status;
}

static int change_sedf(struct hvctl *h)
{
	struct ration_control_request q;
	int status = change_domain(h, &q, RATION_CONTROL_SET);

	if (status == HVCTL_OK)
		status = change_pairs(h, &q, 1, RATION_ATTR_PERIOD | RATION_ATTR_SLICE |
		                      RATION_ATTR_LATENCY | RATION_ATTR_EXTRATIME | RATION_ATTR_WEIGHT,
		                      "period=, slice=, latency=, extratime= or weight=");
	return status == HVCTL_OK ? change_ask(h, &q) : status;
}

/* ---- Places --------------------------------------------------------------- */

static int change_cpus(struct hvctl *h, const char *text, ration_cpuset *set)
{
	struct ration_cpulist_error error;
	uint32_t count = h->link.info.cpu_count;

	if (ration_cpulist_parse(text, strlen(text), count < RATION_CPU_MAX ? count : RATION_CPU_MAX,
	                         set, &error) == RATION_OK)
		return HVCTL_OK;
	return hvctl_wrong(h, "'%.60s': at '%.20s', expected %s", text, text + error.offset,
	                   error.expected);
}

static int change_pin(struct hvctl *h)
{
	struct ration_control_request q;
	int status = change_domain(h, &q, RATION_CONTROL_PIN);

	q.affinity.soft = RATION_CPUSET_ALL;
	if (status == HVCTL_OK)
		status = hvctl_vcpu(h, h->argument[1], true, &q.vcpu);
	if (status == HVCTL_OK)
		status = change_cpus(h, h->argument[2], &q.affinity.hard);
	if (status == HVCTL_OK && h->count == 4)
		status = change_cpus(h, h->argument[3], &q.affinity.soft);
	return status == HVCTL_OK ? change_ask(h, &q) : status;
}

static int change_vcpu(struct hvctl *h)
{
	struct ration_control_request q;
	int status = change_domain(h, &q, RATION_CONTROL_VCPU);

	if (status == HVCTL_OK)
		status = hvctl_vcpu(h, h->argument[1], false, &q.vcpu);
	if (status == HVCTL_OK)
		status = hvctl_switch(h, h->argument[2], &q.on);
	return status == HVCTL_OK ? change_ask(h, &q) : status;
}

static int change_cpu(struct hvctl *h)
{
	struct ration_control_request q = { .op = RATION_CONTROL_CPU };
	int status = hvctl_number(h, "CPU", h->argument[0], RATION_CPU_MAX - 1, &q.cpu);

	if (status == HVCTL_OK)
		status = hvctl_switch(h, h->argument[1], &q.on);
	if (q.on == 0 && h->option[0] != NULL)
		q.on = 2;
	return status == HVCTL_OK ? change_ask(h, &q) : status;
}

/* ---- The machine ---------------------------------------------------------- */

static int change_policy(struct hvctl *h)
{
	const struct ration_control_info *info = &h->link.info;
	struct ration_control_request q = { .op = RATION_CONTROL_POLICY },
		params = { .op = RATION_CONTROL_PARAMS };
	int first = h->count != 0 && strchr(h->argument[0], '=') == NULL, status;

	if (h->count == 0) {
		(void)puts(info->policy < RATION_CONTROL_POLICY_MAX ?
		           info->policy_name[info->policy] : "?");
		return HVCTL_OK;
	}
	status = change_pairs(h, &params, first, RATION_ATTR_TSLICE | RATION_ATTR_RATELIMIT,
	                      "tslice= or ratelimit=");
	if (status == HVCTL_OK && first != 0) {
		q.bytes = (const uint8_t *)h->argument[0];
		q.length = (uint32_t)strlen(h->argument[0]);
		status = change_ask(h, &q);
	}
	if (status == HVCTL_OK && params.attr_set != 0)
		status = change_ask(h, &params);
	return status;
}

static int change_create(struct hvctl *h)
{
	char text[RATION_CONTROL_REQUEST_MAX];
	struct ration_control_request q = { .op = RATION_CONTROL_CREATE };
	struct link_answer a;
	uint32_t id = 0;
	int status = change_words(h, 0, text, sizeof text);

	q.bytes = (const uint8_t *)text;
	q.length = (uint32_t)strlen(text);
	if (status == HVCTL_OK)
		status = link_ask(&h->link, &q, &a);
	if (status == HVCTL_OK && ration_control_wire_u32(&a.body, &id))
		(void)printf("%" PRIu32 "\n", id);
	return status;
}

/* destroy, pause, unpause */
static int change_life(struct hvctl *h)
{
	struct ration_control_request q;
	bool is_pause = strcmp(h->command, "destroy") != 0;
	int status = change_domain(h, &q, is_pause ? RATION_CONTROL_PAUSE : RATION_CONTROL_DESTROY);

	q.on = h->command[0] == 'p';
	return status == HVCTL_OK ? change_ask(h, &q) : status;
}

static int change_write(struct hvctl *h)
{
	char text[RATION_CONTROL_REQUEST_MAX - 8];
	struct ration_control_request q;
	int status = change_domain(h, &q, RATION_CONTROL_CONSOLE_WRITE);
	struct link_answer a;
	uint32_t taken = 0;

	if (status == HVCTL_OK)
		status = change_words(h, 1, text, sizeof text - 1);
	if (status != HVCTL_OK)
		return status;
	(void)strcat(text, "\n");
	q.bytes = (const uint8_t *)text;
	q.length = (uint32_t)strlen(text);
	status = link_ask(&h->link, &q, &a);
	if (status == HVCTL_OK && (!ration_control_wire_u32(&a.body, &taken) || taken != q.length))
		return hvctl_fail("it took %" PRIu32 " of %" PRIu32 " bytes", taken, q.length);
	return status;
}

static int change_shutdown(struct hvctl *h)
{
	struct ration_control_request q = { .op = RATION_CONTROL_SHUTDOWN,
		.on = h->option[0] != NULL };

	return change_ask(h, &q);
}

#define WORDS_MAX 1000

const struct hvctl_command hvctl_change[] = {
	{ "create", "name=NAME image=FILE [vcpus=N] [mem=MIB] [initrd=FILE] ... [-- TEXT]", 2,
	  WORDS_MAX, change_create, { NULL } },
	{ "destroy", "NAME", 1, 1, change_life, { NULL } },
	{ "pause", "NAME", 1, 1, change_life, { NULL } },
	{ "unpause", "NAME", 1, 1, change_life, { NULL } },
	{ "weight", "NAME 1..65535", 2, 2, change_one, { NULL } },
	{ "cap", "NAME PERCENT (0: none)", 2, 2, change_one, { NULL } },
	{ "floor", "NAME PERCENT", 2, 2, change_one, { NULL } },
	{ "burst", "NAME TIME", 2, 2, change_one, { NULL } },
	{ "shadow", "NAME on|off", 2, 2, change_one, { NULL } },
	{ "sedf", "NAME [period=TIME] [slice=TIME] [latency=TIME] [extratime=0|1] [weight=N]", 2, 6,
	  change_sedf, { NULL } },
	{ "pin", "NAME VCPU|all CPUS [SOFT]", 3, 4, change_pin, { NULL } },
	{ "vcpu", "NAME VCPU on|off", 3, 3, change_vcpu, { NULL } },
	{ "cpu", "CPU on|off [--force]", 2, 2, change_cpu, { "--force" } },
	{ "policy", "[POLICY] [tslice=TIME] [ratelimit=TIME]", 0, 3, change_policy, { NULL } },
	{ "write", "NAME TEXT", 2, WORDS_MAX, change_write, { NULL } },
	{ "shutdown", "[--reset]", 0, 0, change_shutdown, { "--reset" } },
	{ NULL, NULL, 0, 0, NULL, { NULL } }
};
