/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "scenario_reader.h"

/* The index of an attribute's bit. */
static uint32_t attr_index(enum ration_attr_bit bit)
{
	uint32_t i = 0;

	while ((1u << i) != (uint32_t)bit && i + 1 < READER_ATTR_COUNT)
		i++;
	return i;
}

static bool attr_read(struct reader *r, const struct tree_field *f, enum ration_attr_bit bit,
                      struct ration_attr *attr)
{
	switch (bit) {
	case RATION_ATTR_WEIGHT:
		return tree_count(&r->tree, f, 1, RATION_WEIGHT_MAX, &attr->weight);
	case RATION_ATTR_CAP:
		return tree_percent(&r->tree, f, &attr->cap_ppm);
	case RATION_ATTR_FLOOR:
		return tree_percent(&r->tree, f, &attr->floor_ppm);
	case RATION_ATTR_BURST:
		return tree_time(&r->tree, f, &attr->burst_ns);
	case RATION_ATTR_PERIOD:
		return tree_time(&r->tree, f, &attr->period_ns);
	case RATION_ATTR_SLICE:
		return tree_time(&r->tree, f, &attr->slice_ns);
	case RATION_ATTR_LATENCY:
		return tree_time(&r->tree, f, &attr->latency_ns);
	case RATION_ATTR_EXTRATIME:
		return tree_bool(&r->tree, f, &attr->extratime);
	case RATION_ATTR_SHADOW:
		return tree_bool(&r->tree, f, &attr->shadow);
	case RATION_ATTR_TSLICE:
	case RATION_ATTR_RATELIMIT:
		break;
	}
	return false;
}

void reader_attr_read(struct reader *r, const struct tree_field *field, struct reader_attr *a)
{
	for (uint32_t i = 0; i < READER_ATTR_COUNT; i++) {
		enum ration_attr_bit bit = (enum ration_attr_bit)(1u << i);

		if (field[i].value == NULL || !attr_read(r, &field[i], bit, &a->value))
			continue;
		a->given |= (uint32_t)bit;
		a->mark[i] = tree_mark(&r->tree, field[i].value);
	}
}

static struct scenario_mark attr_mark(const struct reader_attr *a, enum ration_attr_bit bit,
                                      struct scenario_mark fallback)
{
	return (a->given & (uint32_t)bit) != 0 ? a->mark[attr_index(bit)] : fallback;
}

/* The sentence for an attribute that the library found out of its range. */
static void attr_report_range(struct reader *r, const struct reader_attr *a,
                              enum ration_attr_bit bad, struct scenario_mark at)
{
	char given[QUANTITY_SIZE], period[QUANTITY_SIZE];

	(void)quantity_time_format(a->value.period_ns, period);
	switch (bad) {
	case RATION_ATTR_WEIGHT:
		diagnostics_error(r->errors, at, "weight %" PRIu32 " is out of range, expected 1 "
		                  "to %u", a->value.weight, RATION_WEIGHT_MAX);
		break;
	case RATION_ATTR_BURST:
		diagnostics_error(r->errors, at, "burst of %s is out of range, expected 0 to 10 s",
		                  quantity_time_format(a->value.burst_ns, given));
		break;
	case RATION_ATTR_PERIOD:
		diagnostics_error(r->errors, at, "period of %s is out of range, expected 10 us to "
		                  "10 s", period);
		break;
	case RATION_ATTR_SLICE:
		diagnostics_error(r->errors, at, "slice of %s is out of range, expected 5 us to "
		                  "its period of %s, or 0 for best effort",
		                  quantity_time_format(a->value.slice_ns, given), period);
		break;
	case RATION_ATTR_LATENCY:
		diagnostics_error(r->errors, at, "latency of %s is out of range, expected 0 to its "
		                  "period of %s", quantity_time_format(a->value.latency_ns, given),
		                  period);
		break;
	case RATION_ATTR_CAP:
	case RATION_ATTR_FLOOR:
	case RATION_ATTR_EXTRATIME:
	case RATION_ATTR_SHADOW:
	case RATION_ATTR_TSLICE:
	case RATION_ATTR_RATELIMIT:
		diagnostics_error(r->errors, at, "attribute out of range, expected less");
		break;
	}
}

static bool attr_check_share(struct reader *r, const struct reader_attr *a,
                             enum ration_attr_bit bit, uint32_t vcpus,
                             struct scenario_mark fallback)
{
	uint32_t ppm = bit == RATION_ATTR_CAP ? a->value.cap_ppm : a->value.floor_ppm;
	char given[QUANTITY_SIZE];

	if (ppm <= (uint64_t)vcpus * RATION_PPM)
		return true;
	diagnostics_error(r->errors, attr_mark(a, bit, fallback),
	                  "%s %s is above what %u vCPU%s can use, expected 0 to %" PRIu64
	                  " (100 is one CPU)", bit == RATION_ATTR_CAP ? "cap" : "floor",
	                  quantity_percent_format(ppm, given), vcpus, vcpus == 1 ? "" : "s",
	                  (uint64_t)vcpus * 100);
	return false;
}

bool reader_attr_check(struct reader *r, const struct reader_attr *a, uint32_t vcpus,
                       struct scenario_mark fallback)
{
	enum ration_attr_bit bad = RATION_ATTR_WEIGHT;
	char floor[QUANTITY_SIZE], cap[QUANTITY_SIZE];

	if (!attr_check_share(r, a, RATION_ATTR_CAP, vcpus, fallback) ||
	    !attr_check_share(r, a, RATION_ATTR_FLOOR, vcpus, fallback))
		return false;
	if (a->value.cap_ppm != 0 && a->value.floor_ppm > a->value.cap_ppm) {
		diagnostics_error(r->errors, attr_mark(a, RATION_ATTR_FLOOR, fallback),
		                  "floor %s is above the cap, expected at most %s",
		                  quantity_percent_format(a->value.floor_ppm, floor),
		                  quantity_percent_format(a->value.cap_ppm, cap));
		return false;
	}
	if ((a->given & RATION_ATTR_SHADOW) != 0 && a->value.shadow && a->value.cap_ppm == 0) {
		diagnostics_error(r->errors, attr_mark(a, RATION_ATTR_SHADOW, fallback),
		                  "shadow without a cap, expected a cap that is not to be enforced");
		return false;
	}
	if (ration_attr_check(&a->value, &bad) == RATION_OK)
		return true;
	attr_report_range(r, a, bad, attr_mark(a, bad, fallback));
	return false;
}
