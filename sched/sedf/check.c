/* SPDX-License-Identifier: BSD-2-Clause */
/* The invariants of sedf.h, tested in their order. */
#include "sedf.h"

#define CHECK(condition, text) do { if (!(condition)) return "sedf: " text; } while (0)

static bool check_filed_once(const struct sedf_vcpu *self)
{
	const unsigned flags = self->flags;

	if ((flags & SEDF_ASIDE) != 0)
		return (flags & SEDF_FILED) == SEDF_ASIDE;
	if ((flags & SEDF_DUE) != 0)
		return (flags & (SEDF_HELD | SEDF_SLACK)) == 0;
	return (flags & (SEDF_HELD | SEDF_SLACK)) != 0 && (flags & SEDF_SPARE) == 0;
}

static const char *check_queues(const struct ration_vcpu *v)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	const unsigned flags = self->flags;
	bool extra = sedf_has_extra(v);

	if ((flags & SEDF_DUE) != 0) {
		CHECK(sedf_has_budget(v), "a vCPU is due without budget");
		CHECK(((flags & SEDF_SPARE) != 0) == extra,
		      "a due vCPU is spare without extratime, or the reverse");
	}
	if ((flags & SEDF_HELD) != 0) {
		CHECK(sedf_is_server(v) && self->budget_ns <= 0, "a vCPU is held with budget");
		CHECK(ration_wait_is_held(v) == !extra,
		      "a held vCPU is not booked to budget, or one with extratime is");
		CHECK(((flags & SEDF_SLACK) != 0) == extra,
		      "a held vCPU has slack without extratime, or the reverse");
	}
	return NULL;
}

static const char *check_vcpu(const struct ration *r, const struct ration_vcpu *v)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	const struct sedf_dom *dom = sedf_dom_of(v->dom);

	CHECK((self->flags & SEDF_JOINED) != 0, "a vCPU has not joined");
	CHECK((self->flags & (SEDF_CHANGED | SEDF_MOVED)) == 0, "a vCPU's change is not finished");
	if ((v->flags & RATION_VCPU_READY) != 0)
		CHECK(check_filed_once(self), "a ready vCPU is in no queue, or in two");
	else
		CHECK((self->flags & SEDF_FILED) == 0, "a vCPU that is not ready is in a queue");
	if (self->home == SEDF_HOME_NONE)
		return check_queues(v);
	CHECK(dom->slice_ns != 0, "a vCPU without a slice has a home");
	CHECK(ration_cpuset_has(v->affinity.hard & ration_cpu_online(r), self->home),
	      "a vCPU's home is not on line, or not allowed to it");
	CHECK(self->budget_ns <= (int64_t)dom->slice_ns || ration_vcpu_is_current(v),
	      "a budget is more than a slice");
	CHECK(self->budget_ns >= -(int64_t)dom->slice_ns, "a budget is overdrawn by over a slice");
	return check_queues(v);
}

static const char *check_vcpus(const struct ration *r)
{
	const uint32_t count = ration_limits_get(r)->vcpu_count;

	for (uint32_t i = 0; i < count; i++) {
		const struct ration_vcpu *v = ration_vcpu_slot(r, i);
		const char *broken = v == NULL ? NULL : check_vcpu(r, v);

		if (broken != NULL)
			return broken;
	}
	return NULL;
}

static const char *check_shares(const struct ration *r)
{
	const struct ration_limits *limits = ration_limits_get(r);
	uint64_t left[RATION_CPU_MAX];

	for (ration_cpu c = 0; c < limits->cpu_count; c++) {
		left[c] = sedf_cpu_of(r, c)->used;
		CHECK(left[c] <= SEDF_ONE, "more than a whole CPU is promised");
	}
	for (uint32_t i = 0; i < limits->vcpu_count; i++) {
		const struct ration_vcpu *v = ration_vcpu_slot(r, i);

		if (v != NULL && sedf_is_server(v))
			left[sedf_vcpu_of(v)->home] -= sedf_dom_of(v->dom)->share;
	}
	for (ration_cpu c = 0; c < limits->cpu_count; c++)
		CHECK(left[c] == 0, "what is used of a CPU is not the sum of the shares there");
	return NULL;
}

static const char *check_counts(const struct ration *r)
{
	const uint32_t count = ration_limits_get(r)->dom_count;

	for (uint32_t i = 0; i < count; i++) {
		const struct ration_dom *d = ration_dom_slot(r, i);
		uint32_t counted = 0;

		if (d == NULL)
			continue;
		for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next)
			if ((sedf_vcpu_of(v)->flags & SEDF_COUNTED) != 0)
				counted++;
		CHECK(counted == sedf_dom_of(d)->slack_count,
		      "a domain miscounts its vCPUs that compete for slack");
	}
	return NULL;
}

static const char *check_heaps(const struct ration *r)
{
	const struct sedf *sedf = sedf_of(r);
	const uint32_t cpu_count = ration_limits_get(r)->cpu_count;
	const char *broken = ration_heap__check(&sedf->held);

	for (uint32_t k = 0; k < RATION_CLASS_MAX; k++) {
		CHECK(ration_classes_has(&sedf->slack_waiting, k) == (sedf->slack[k].count != 0),
		      "a class is marked waiting without a vCPU, or the reverse");
		CHECK(ration_classes_has(&sedf->spare_waiting, k) == (sedf->spare[k].count != 0),
		      "a class is marked spare without a vCPU, or the reverse");
		if (broken == NULL)
			broken = ration_heap__check(&sedf->slack[k]);
		if (broken == NULL)
			broken = ration_heap__check(&sedf->spare[k]);
	}
	for (ration_cpu c = 0; c < cpu_count && broken == NULL; c++)
		broken = ration_heap__check(&sedf_cpu_of(r, c)->due);
	return broken;
}

const char *ration_sedf__check(const struct ration *r)
{
	const char *broken = check_vcpus(r);

	if (broken == NULL)
		broken = check_shares(r);
	if (broken == NULL)
		broken = check_counts(r);
	if (broken == NULL)
		broken = check_heaps(r);
	return broken;
}
