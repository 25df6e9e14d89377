/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains' attributes, and which of them a policy honours. */
#include <inttypes.h>
#include <string.h>

#include "quantity.h"
#include "report.h"

static const char *const attr_name[] = {
	"weight", "cap", "floor", "burst", "period", "slice", "latency", "extratime", "shadow"
};
#define ATTR_COUNT (sizeof(attr_name) / sizeof(attr_name[0]))

uint32_t report_unheard(const struct scenario_domain *d, const struct ration_policy *policy)
{
	return d->attr_given & ~ration_attr_honoured(policy) & ((1u << ATTR_COUNT) - 1);
}

#define WARN_DOMAINS 3u

/* "weight (of web1, web2 and 3 more)"; false: everybody is heard. */
static bool warn_attr(FILE *out, const struct scenario *s, const struct ration_policy *policy,
                      uint32_t attr, const char *before)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->domain_count; i++) {
		if ((report_unheard(&s->domain[i], policy) & 1u << attr) == 0)
			continue;
		if (count == 0)
			fprintf(out, "%s%s (of ", before, attr_name[attr]);
		if (count < WARN_DOMAINS)
			fprintf(out, "%s%s", count == 0 ? "" : ", ", s->domain[i].name);
		count++;
	}
	if (count > WARN_DOMAINS)
		fprintf(out, " and %" PRIu32 " more", count - WARN_DOMAINS);
	if (count != 0)
		fputc(')', out);
	return count != 0;
}

void report_warn(FILE *out, const struct scenario *s, const struct ration_policy *policy)
{
	char begin[64];
	bool any = false;

	(void)snprintf(begin, sizeof(begin), "ration: warning: policy %s does not honour ",
	               ration_policy_name(policy));
	for (uint32_t i = 0; i < ATTR_COUNT; i++)
		any |= warn_attr(out, s, policy, i, any ? ", " : begin);
	if (any)
		fputc('\n', out);
}

struct report_attr report_attr_columns(struct table *t, const struct scenario *s)
{
	struct report_attr shown = { false, false };

	for (uint32_t i = 0; i < s->domain_count; i++) {
		shown.slice |= s->domain[i].attr.slice_ns != 0;
		shown.burst |= s->domain[i].attr.burst_ns != 0;
	}
	table_add_column(t, NULL, "vCPUs", TABLE_RIGHT);
	table_add_column(t, NULL, "weight", TABLE_RIGHT);
	table_add_column(t, NULL, "cap", TABLE_RIGHT);
	table_add_column(t, NULL, "floor", TABLE_RIGHT);
	if (shown.burst)
		table_add_column(t, NULL, "burst", TABLE_RIGHT);
	if (shown.slice)
		table_add_column(t, NULL, "slice/period", TABLE_RIGHT);
	return shown;
}

/* A value with a mark behind it if the policy ignores it; a value that means
 * nothing in particular as a dash. */
static void attr_cell(struct table *t, const char *text, bool none, bool unheard)
{
	if (none)
		table_add_cell(t, STYLE_DIM, "-");
	else
		table_add_cell(t, unheard ? STYLE_WARN : STYLE_PLAIN, "%s%s", text, unheard ? "*" : "");
}

void report_attr_cells(struct table *t, const struct scenario_domain *d, struct report_attr shown,
                       const struct ration_policy *policy)
{
	const struct ration_attr *a = &d->attr;
	uint32_t unheard = policy != NULL ? report_unheard(d, policy) : 0;
	char text[2 * QUANTITY_SIZE + 2], number[QUANTITY_SIZE];

	table_add_cell(t, STYLE_PLAIN, "%" PRIu32, d->vcpu_count);
	(void)snprintf(text, sizeof(text), "%" PRIu32, a->weight);
	attr_cell(t, text, false, (unheard & RATION_ATTR_WEIGHT) != 0);
	(void)snprintf(text, sizeof(text), "%s%s", quantity_percent_format(a->cap_ppm, number),
	               a->shadow ? "~" : "");
	attr_cell(t, text, a->cap_ppm == 0,
	          (unheard & (RATION_ATTR_CAP | RATION_ATTR_SHADOW)) != 0);
	attr_cell(t, quantity_percent_format(a->floor_ppm, number), a->floor_ppm == 0,
	          (unheard & RATION_ATTR_FLOOR) != 0);
	if (shown.burst)
		attr_cell(t, quantity_time_format(a->burst_ns, number), a->burst_ns == 0,
		          (unheard & RATION_ATTR_BURST) != 0);
	if (!shown.slice)
		return;
	(void)snprintf(text, sizeof(text), "%s/", quantity_time_format(a->slice_ns, number));
	(void)strcat(text, quantity_time_format(a->period_ns, number));
	attr_cell(t, text, a->slice_ns == 0, (unheard & RATION_ATTR_SLICE) != 0);
}

void report_attr_notes(const struct page *page, const struct scenario *s,
                       const struct ration_policy *policy)
{
	uint32_t unheard = 0;
	bool shadow = false;

	for (uint32_t i = 0; i < s->domain_count; i++) {
		unheard |= report_unheard(&s->domain[i], policy);
		shadow |= s->domain[i].attr.shadow && s->domain[i].attr.cap_ppm != 0;
	}
	if (unheard != 0)
		fprintf(page->out, "%s* not honoured by %s%s\n", page_begin(page, STYLE_WARN),
		        ration_policy_name(policy), page_end(page, STYLE_WARN));
	if (shadow)
		fputs("~ a shadow: not enforced\n", page->out);
}
