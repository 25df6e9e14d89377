/* SPDX-License-Identifier: BSD-2-Clause */
/* reason.c - sentences out of what the library refused; see ration_reason.h. */
#include "ration_reason.h"

void ration_reason_text(struct ration_reason *to, const char *text)
{
	while (*text != '\0' && to->length < RATION_REASON_SIZE - 1)
		to->text[to->length++] = *text++;
	to->text[to->length] = '\0';
}

void ration_reason_number(struct ration_reason *to, uint64_t number)
{
	char digits[21];
	uint32_t at = sizeof digits - 1;

	digits[at] = '\0';
	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	ration_reason_text(to, digits + at);
}

void ration_reason_percent(struct ration_reason *to, uint64_t ppm)
{
	/* Not (ppm + 500) / 1000, which could wrap. */
	uint64_t tenths = ppm / 1000 + (ppm % 1000 >= 500);

	ration_reason_number(to, tenths / 10);
	ration_reason_text(to, ".");
	ration_reason_number(to, tenths % 10);
	ration_reason_text(to, " %");
}

/* In ms, whole microseconds: "16.667 ms". */
static void reason_time(struct ration_reason *to, ration_ns ns)
{
	uint32_t us = (uint32_t)(ns % RATION_NS_PER_MS / RATION_NS_PER_US);
	char part[5] = { '.', (char)('0' + us / 100), (char)('0' + us / 10 % 10),
	                 (char)('0' + us % 10), '\0' };

	for (uint32_t at = 3; us != 0 && part[at] == '0'; at--)
		part[at] = '\0';
	ration_reason_number(to, ns / RATION_NS_PER_MS);
	ration_reason_text(to, us != 0 ? part : "");
	ration_reason_text(to, " ms");
}

/* What share would fit; of deadlines also as a slice of the same period, and as a
 * period of the same slice. */
static void reason_fit(struct ration_reason *to, const struct ration_refusal *why,
                       const struct ration_attr *attr)
{
	ration_ns slice_ns, period_ns;

	ration_reason_text(to, ", at most ");
	ration_reason_percent(to, why->fit_ppm);
	ration_reason_text(to, " would fit");
	if (why->reason != RATION_REFUSED_DEADLINE || attr == NULL || why->fit_ppm == 0)
		return;
	/* 10 s * 10^6 < 2^54; rounded so that both fit. */
	slice_ns = attr->period_ns * why->fit_ppm / RATION_PPM;
	period_ns = (attr->slice_ns * RATION_PPM / why->fit_ppm / RATION_NS_PER_US + 1) *
	            RATION_NS_PER_US;
	if (slice_ns < RATION_NS_PER_US)
		return;
	ration_reason_text(to, ": a slice of ");
	reason_time(to, slice_ns);
	if (period_ns > 10 * RATION_NS_PER_S)
		return;
	ration_reason_text(to, ", or a period of ");
	reason_time(to, period_ns);
}

static void reason_cpus(struct ration_reason *to, ration_cpuset cpus)
{
	char list[RATION_CPULIST_SIZE];

	if (cpus == 0) {
		ration_reason_text(to, "the machine");
		return;
	}
	(void)ration_cpulist_format(cpus, list, sizeof list);
	ration_reason_text(to, ration_cpuset_rest(cpus) != 0 ? "CPUs " : "CPU ");
	ration_reason_text(to, list);
}

static void reason_holders(struct ration_reason *to, const struct ration_refusal *why,
                           ration_reason_name *name, void *context)
{
	for (uint32_t i = 0; i < why->holder_count && i < RATION_HOLDERS_MAX; i++) {
		ration_reason_text(to, i == 0 ? "; held by " : ", ");
		name(context, why->holder[i], to);
	}
}

void ration_reason_refusal(struct ration_reason *to, int status, const struct ration_refusal *why,
                           const struct ration_attr *attr, ration_reason_name *name, void *context)
{
	if (status != RATION_E_CAPACITY || why == NULL || why->reason == RATION_REFUSED_NOTHING) {
		ration_reason_text(to, status == RATION_E_POLICY ?
		                   "the policy in force does not honour it" : ration_status_text(status));
		return;
	}
	reason_cpus(to, why->cpus);
	if (why->reason == RATION_REFUSED_CPU) {
		ration_reason_text(to, " must stay: deadlines are admitted there, and elsewhere ");
		ration_reason_percent(to, why->missing_ppm);
		ration_reason_text(to, " of a CPU are missing");
	} else {
		ration_reason_text(to, ration_cpuset_rest(why->cpus) != 0 ? " lack " : " lacks ");
		ration_reason_percent(to, why->missing_ppm);
		ration_reason_text(to, " of a CPU");
		reason_fit(to, why, attr);
	}
	reason_holders(to, why, name, context);
}

const char *ration_reason_attr_name(enum ration_attr_bit bit)
{
	switch (bit) {
	case RATION_ATTR_WEIGHT:
		return "weight";
	case RATION_ATTR_CAP:
		return "cap";
	case RATION_ATTR_FLOOR:
		return "floor";
	case RATION_ATTR_BURST:
		return "burst";
	case RATION_ATTR_PERIOD:
		return "period";
	case RATION_ATTR_SLICE:
		return "slice";
	case RATION_ATTR_LATENCY:
		return "latency";
	case RATION_ATTR_EXTRATIME:
		return "extratime";
	case RATION_ATTR_SHADOW:
		return "shadow";
	case RATION_ATTR_TSLICE:
		return "tslice";
	case RATION_ATTR_RATELIMIT:
		return "ratelimit";
	default:
		return "attribute";
	}
}

void ration_reason_attr(struct ration_reason *to, const struct ration_attr *attr)
{
	enum ration_attr_bit bad;

	if (ration_attr_check(attr, &bad) == RATION_OK)
		return;
	ration_reason_text(to, ration_reason_attr_name(bad));
	ration_reason_text(to, " is out of range, expected ");
	if (bad == RATION_ATTR_WEIGHT)
		ration_reason_text(to, "1 to 65535");
	else if (bad == RATION_ATTR_PERIOD)
		ration_reason_text(to, "10us to 10s");
	else if (bad == RATION_ATTR_SLICE)
		ration_reason_text(to, "0, or 5us to the period");
	else if (bad == RATION_ATTR_LATENCY)
		ration_reason_text(to, "0 to the period");
	else if (bad == RATION_ATTR_BURST)
		ration_reason_text(to, "0 to 10s");
	else if (bad == RATION_ATTR_CAP)
		ration_reason_text(to, "0 to 6400 %");
	else
		ration_reason_text(to, "0 to 6400 %, and not above the cap");
}
