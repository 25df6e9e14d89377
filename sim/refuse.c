/* SPDX-License-Identifier: BSD-2-Clause */
/* Why something was refused, as a sentence. */
#include "engine.h"
#include "allocate.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A sentence that grows, cut off at the end of its place. */
struct sentence {
	char *text;
	size_t size, length;
};

__attribute__((format(printf, 2, 3)))
static void refuse_say(struct sentence *to, const char *format, ...)
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
static void refuse_percent(struct sentence *to, uint64_t ppm)
{
	uint64_t tenths = (ppm + 500) / 1000;

	refuse_say(to, "%" PRIu64 ".%" PRIu64 " %%", tenths / 10, tenths % 10);
}

static void refuse_cpus(struct sentence *to, ration_cpuset cpus)
{
	char list[RATION_CPULIST_SIZE];

	(void)ration_cpulist_format(cpus, list, sizeof list);
	refuse_say(to, "CPU%s %s", ration_cpuset_rest(cpus) != 0 ? "s" : "", list);
}

static const char *refuse_name(const struct sim *s, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < s->domain_count; i++)
		if (s->domain[i].id == id)
			return s->domain[i].scenario->name;
	return "?";
}

static void refuse_holders(const struct sim *s, struct sentence *to,
                           const struct ration_refusal *why)
{
	uint32_t i;

	if (why->holder_count == 0)
		return;
	refuse_say(to, "; held by ");
	for (i = 0; i < why->holder_count && i < RATION_HOLDERS_MAX; i++)
		refuse_say(to, "%s%s", i == 0 ? "" : ", ", refuse_name(s, why->holder[i]));
}

static void refuse_reason(const struct sim *s, struct sentence *to, int status,
                          const struct ration_refusal *why)
{
	if (status != RATION_E_CAPACITY || why == NULL || why->reason == RATION_REFUSED_NOTHING) {
		refuse_say(to, "%s", status == RATION_E_POLICY ? "the policy in force does not honour it" :
		           ration_status_text(status));
		return;
	}
	if (why->cpus != 0)
		refuse_cpus(to, why->cpus);
	else
		refuse_say(to, "the machine");
	if (why->reason == RATION_REFUSED_CPU)
		refuse_say(to, " must stay: deadlines are admitted there, and elsewhere ");
	else
		refuse_say(to, "%s ", ration_cpuset_rest(why->cpus) != 0 ? " lack" : " lacks");
	refuse_percent(to, why->missing_ppm);
	refuse_say(to, why->reason == RATION_REFUSED_CPU ? " of a CPU are missing" : " of a CPU");
	if (why->reason != RATION_REFUSED_CPU) {
		refuse_say(to, ", at most ");
		refuse_percent(to, why->fit_ppm);
		refuse_say(to, " would fit");
	}
	refuse_holders(s, to, why);
}

/* A new line of the list, begun: "SUBJECT refused: ". */
static struct sentence refuse_begin(struct sim *s, struct scenario_mark mark, const char *subject)
{
	struct sim_result *result = s->result;
	struct sim_refusal *refusal;
	struct sentence to;

	result->refusal = allocate_room(result->refusal, result->refusal_count,
	                                sizeof *result->refusal);
	refusal = &result->refusal[result->refusal_count++];
	memset(refusal, 0, sizeof *refusal);
	refusal->at_ns = s->now_ns;
	refusal->mark = mark;
	to.text = refusal->text;
	to.size = sizeof refusal->text;
	to.length = 0;
	refuse_say(&to, "%s refused: ", subject);
	return to;
}

static void refuse_end(struct sim *s, const struct sentence *to)
{
	if (s->trace != NULL)
		trace_note(s->trace, s->now_ns, RATION_CPU_NONE, to->text, NULL, UINT32_MAX);
}

void refuse(struct sim *s, struct scenario_mark mark, const char *subject, int status,
            const struct ration_refusal *why)
{
	struct sentence to = refuse_begin(s, mark, subject);

	refuse_reason(s, &to, status, why);
	refuse_end(s, &to);
}

void refuse_because(struct sim *s, struct scenario_mark mark, const char *subject,
                    const char *reason)
{
	struct sentence to = refuse_begin(s, mark, subject);

	refuse_say(&to, "%s", reason);
	refuse_end(s, &to);
}
