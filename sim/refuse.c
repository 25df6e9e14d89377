/* SPDX-License-Identifier: BSD-2-Clause */
/* What is refused stands in the result and in the trace. */
#include "engine.h"
#include "refusal.h"

static void refuse_note(struct sim *s, const char *text)
{
	if (s->trace != NULL)
		trace_note(s->trace, s->now_ns, RATION_CPU_NONE, text, NULL, UINT32_MAX);
}

void refuse(struct sim *s, struct scenario_mark mark, const char *subject, int status,
            const struct ration_refusal *why, const struct ration_attr *attr)
{
	refuse_note(s, refusal_add(s->result, s->scenario, s->now_ns, mark, subject, status, why,
	                           attr));
}

void refuse_because(struct sim *s, struct scenario_mark mark, const char *subject,
                    const char *reason)
{
	refuse_note(s, refusal_add_because(s->result, s->now_ns, mark, subject, reason));
}
