/* SPDX-License-Identifier: BSD-2-Clause */
/* The invariants of sedf.h, tested in their order. */
#include "sedf.h"

#define CHECK(condition, text) do { if (!(condition)) return "sedf: " text; } while (0)

/* Where it waits, as its state wants it. */
static bool check_is_filed(const struct ration_vcpu *v)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	const unsigned flags = self->flags & SEDF_FILED;
	bool extra = sedf_has_extra(v);

	if ((v->flags & RATION_VCPU_READY) == 0)
		return flags == 0;
	if (sedf_has_budget(v))
		return flags == SEDF_DUE || (extra && flags == (SEDF_DUE | SEDF_SPARE));
	if (ration_wait_is_held(v) == extra)
		return false;
	return flags == ((sedf_is_server(v) ? (unsigned)SEDF_HELD : 0) |
	                 (extra ? (unsigned)SEDF_SLACK : 0));
}

/* That window of that CPU is v's, and may be. */
static bool check_window(const struct ration *r, const struct ration_vcpu *v, ration_cpu c,
                         uint32_t side)
{
	return ration_cpuset_has(sedf_allowed(r, v), c) && sedf_cpu_of(r, c)->window[side].v == v &&
	       sedf_cpu_of(r, c)->window[side].length_ns != 0;
}

static const char *check_vcpu(const struct ration *r, const struct ration_vcpu *v)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	const int64_t slice_ns = (int64_t)sedf_dom_of(v->dom)->slice_ns;
	const int64_t least_ns = -slice_ns - (int64_t)RATION_OVERHEAD_MAX_NS;

	CHECK((self->flags & (SEDF_JOINED | SEDF_CHANGED | SEDF_MOVED)) == SEDF_JOINED,
	      "a vCPU has not joined, or its change is not finished");
	CHECK(check_is_filed(v), "a vCPU waits where it should not");
	if (sedf_is_split(v))
		CHECK(sedf_is_server(v) && check_window(r, v, self->home, SEDF_TAIL) &&
		      check_window(r, v, self->peer, SEDF_HEAD),
		      "a split vCPU has no window at its home or at its peer");
	if (!sedf_is_server(v))
		return NULL;
	CHECK(slice_ns != 0 && ration_cpuset_has(sedf_allowed(r, v), self->home),
	      "a vCPU's home is not on line, or not allowed to it, or it has no slice");
	CHECK(self->budget_ns >= least_ns &&
	      (self->budget_ns <= slice_ns || ration_vcpu_is_current(v)),
	      "a budget is more than a slice, or overdrawn by more");
	return NULL;
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
	uint32_t windows = 0;

	for (ration_cpu c = 0; c < limits->cpu_count; c++) {
		const struct sedf_cpu *cpu = sedf_cpu_of(r, c);

		left[c] = cpu->used - sedf_of(r)->reserve.share;
		for (uint32_t side = 0; side < 2; side++)
			windows += cpu->window[side].v != NULL;
		CHECK(cpu->used <= SEDF_ONE && (ration_ns)cpu->window[SEDF_HEAD].length_ns +
		      cpu->window[SEDF_TAIL].length_ns <= sedf_of(r)->slot_ns,
		      "more than a whole CPU is promised");
	}
	for (uint32_t i = 0; i < limits->vcpu_count; i++) {
		const struct ration_vcpu *v = ration_vcpu_slot(r, i);

		if (v != NULL && sedf_is_split(v))
			windows -= 2;
		else if (v != NULL && sedf_is_server(v))
			left[sedf_vcpu_of(v)->home] -= sedf_dom_of(v->dom)->share;
	}
	CHECK(windows == 0, "a window belongs to a vCPU that is not split there");
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

	for (uint32_t i = 0; i < 2 * RATION_CLASS_MAX && broken == NULL; i++) {
		const struct heap *heap = &sedf->turns[i & 1][i / 2];

		CHECK(ration_classes_has(&sedf->waiting[i & 1], i / 2) == (heap->count != 0),
		      "a class is marked waiting without a vCPU, or the reverse");
		broken = ration_heap__check(heap);
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
