/* SPDX-License-Identifier: BSD-2-Clause */
/* Why something was refused, as a sentence. */
#include "refusal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "quantity.h"

/* A sentence that grows, cut off at the end of its place. */
struct sentence {
	char *text;
	size_t size, length;
};

__attribute__((format(printf, 2, 3)))
static void refusal_say(struct sentence *to, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(to->text + to->length, to->size - to->length, format, arguments);
	va_end(arguments);
	if (length > 0)
		to->length += (size_t)length < to->size - to->length ?
		              (size_t)length : to->size - to->length - 1;
}

/* Millionths of a CPU as per cent with one decimal, rounded. */
static void refusal_percent(struct sentence *to, uint64_t ppm)
{
	uint64_t tenths = (ppm + 500) / 1000;

	refusal_say(to, "%" PRIu64 ".%" PRIu64 " %%", tenths / 10, tenths % 10);
}

static void refusal_cpus(struct sentence *to, ration_cpuset cpus)
{
	char list[RATION_CPULIST_SIZE];

	(void)ration_cpulist_format(cpus, list, sizeof list);
	refusal_say(to, "CPU%s %s", ration_cpuset_rest(cpus) != 0 ? "s" : "", list);
}

/* Domains are numbered as `xm list` would: dom0 is 0. */
const char *refusal_name(const struct scenario *s, uint32_t id)
{
	uint32_t first = s->domain_count != 0 && s->domain[0].is_dom0 ? 0 : 1;

	return id >= first && id - first < s->domain_count ? s->domain[id - first].name : "?";
}

static void refusal_holders(const struct scenario *s, struct sentence *to,
                           const struct ration_refusal *why)
{
	uint32_t i;

	if (why->holder_count == 0)
		return;
	refusal_say(to, "; held by ");
	for (i = 0; i < why->holder_count && i < RATION_HOLDERS_MAX; i++)
		refusal_say(to, "%s%s", i == 0 ? "" : ", ", refusal_name(s, why->holder[i]));
}

/* What share would fit, as a slice of the same period, and as a period of the same slice. */
static void refusal_fit(struct sentence *to, const struct ration_refusal *why,
                        const struct ration_attr *attr)
{
	ration_ns slice_ns, period_ns;
	char slice[QUANTITY_SIZE], period[QUANTITY_SIZE];

	refusal_say(to, ", at most ");
	refusal_percent(to, why->fit_ppm);
	refusal_say(to, " would fit");
	if (why->reason != RATION_REFUSED_DEADLINE || attr == NULL || why->fit_ppm == 0)
		return;
	/* 10 s * 10^6 < 2^54; rounded so that both fit. */
	slice_ns = attr->period_ns * why->fit_ppm / RATION_PPM;
	period_ns = (attr->slice_ns * RATION_PPM / why->fit_ppm / RATION_NS_PER_US + 1) *
	            RATION_NS_PER_US;
	slice_ns -= slice_ns % RATION_NS_PER_US;
	if (slice_ns != 0)
		refusal_say(to, ": a slice of %s", quantity_time_format(slice_ns, slice));
	if (slice_ns != 0 && period_ns <= 10 * RATION_NS_PER_S)
		refusal_say(to, ", or a period of %s", quantity_time_format(period_ns, period));
}

static void refusal_reason(const struct scenario *s, struct sentence *to, int status,
                          const struct ration_refusal *why, const struct ration_attr *attr)
{
	if (status != RATION_E_CAPACITY || why == NULL || why->reason == RATION_REFUSED_NOTHING) {
		refusal_say(to, "%s", status == RATION_E_POLICY ? "the policy in force does not honour it" :
		           ration_status_text(status));
		return;
	}
	if (why->cpus != 0)
		refusal_cpus(to, why->cpus);
	else
		refusal_say(to, "the machine");
	if (why->reason == RATION_REFUSED_CPU)
		refusal_say(to, " must stay: deadlines are admitted there, and elsewhere ");
	else
		refusal_say(to, "%s ", ration_cpuset_rest(why->cpus) != 0 ? " lack" : " lacks");
	refusal_percent(to, why->missing_ppm);
	refusal_say(to, why->reason == RATION_REFUSED_CPU ? " of a CPU are missing" : " of a CPU");
	if (why->reason != RATION_REFUSED_CPU)
		refusal_fit(to, why, attr);
	refusal_holders(s, to, why);
}

/* A new line of the list, begun: "SUBJECT refused: ". */
static struct sentence refusal_begin(struct sim_result *result, ration_ns at_ns,
                                     struct scenario_mark mark, const char *subject)
{
	struct sim_refusal *refusal;
	struct sentence to;

	result->refusal = allocate_room(result->refusal, result->refusal_count,
	                                sizeof *result->refusal);
	refusal = &result->refusal[result->refusal_count++];
	memset(refusal, 0, sizeof *refusal);
	refusal->at_ns = at_ns;
	refusal->mark = mark;
	to.text = refusal->text;
	to.size = sizeof refusal->text;
	to.length = 0;
	refusal_say(&to, "%s refused: ", subject);
	return to;
}

const char *refusal_add(struct sim_result *result, const struct scenario *s, ration_ns at_ns,
                        struct scenario_mark mark, const char *subject, int status,
                        const struct ration_refusal *why, const struct ration_attr *attr)
{
	struct sentence to = refusal_begin(result, at_ns, mark, subject);
	struct sim_refusal *refusal = &result->refusal[result->refusal_count - 1];

	refusal_reason(s, &to, status, why, attr);
	refusal->status = status;
	if (status == RATION_E_CAPACITY && why != NULL)
		refusal->why = *why;
	return refusal->text;
}

const char *refusal_add_because(struct sim_result *result, ration_ns at_ns,
                                struct scenario_mark mark, const char *subject,
                                const char *reason)
{
	struct sentence to = refusal_begin(result, at_ns, mark, subject);

	refusal_say(&to, "%s", reason);
	return to.text;
}

void refusal_subject(char text[REFUSAL_SUBJECT_SIZE], const struct scenario_domain *d,
                     uint32_t idx)
{
	const struct ration_attr *attr = &d->attr;
	const char *name = d->name;
	char slice[QUANTITY_SIZE], period[QUANTITY_SIZE];

	if (attr->slice_ns != 0)
		(void)snprintf(text, REFUSAL_SUBJECT_SIZE,
		               "domain %.80s: vCPU %u with a slice of %s in %s", name, idx,
		               quantity_time_format(attr->slice_ns, slice),
		               quantity_time_format(attr->period_ns, period));
	else if (attr->floor_ppm != 0)
		(void)snprintf(text, REFUSAL_SUBJECT_SIZE,
		               "domain %.80s: vCPU %u under a floor of %u.%u %%", name, idx,
		               attr->floor_ppm / 10000, attr->floor_ppm / 1000 % 10);
	else
		(void)snprintf(text, REFUSAL_SUBJECT_SIZE, "domain %.80s: vCPU %u", name, idx);
}
