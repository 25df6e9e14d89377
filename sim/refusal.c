/* SPDX-License-Identifier: BSD-2-Clause */
/* Why something was refused, as a sentence. */
#include "refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "quantity.h"
#include "ration_reason.h"

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

/* Domains are numbered as `xm list` would: dom0 is 0. */
const char *refusal_name(const struct scenario *s, uint32_t id)
{
	uint32_t first = s->domain_count != 0 && s->domain[0].is_dom0 ? 0 : 1;

	return id >= first && id - first < s->domain_count ? s->domain[id - first].name : "?";
}

static void refusal_holder(void *scenario, uint32_t id, struct ration_reason *to)
{
	ration_reason_text(to, refusal_name(scenario, id));
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
	struct ration_reason reason = { .length = 0 };

	/* Cast: it is only read. */
	ration_reason_refusal(&reason, status, why, attr, refusal_holder, (void *)(uintptr_t)s);
	refusal_say(&to, "%s", reason.text);
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
