/* SPDX-License-Identifier: BSD-2-Clause */
/* Affinity classes: the distinct hard masks in use, numbered. */
#include "core.h"

static void class_begin(struct ration *r, uint32_t k, ration_cpuset hard, ration_ns now)
{
	struct core_class *class = &r->class_of[k];

	class->hard = hard;
	class->away_ns = 0;
	class->away_since_ns = (r->idle & ~hard) != 0 ? now : RATION_NEVER;
	for (ration_cpuset s = hard; s != 0; s = ration_cpuset_rest(s))
		ration_classes_add(&r->cpu[ration_cpuset_first(s)].classes, k);
}

uint32_t ration_core__class_find(const struct ration *r, ration_cpuset hard)
{
	uint32_t free_class = RATION_CLASS_MAX;

	for (uint32_t k = 0; k < RATION_CLASS_MAX; k++) {
		if (r->class_of[k].vcpu_count == 0) {
			if (free_class == RATION_CLASS_MAX)
				free_class = k;
		} else if (r->class_of[k].hard == hard) {
			return k;
		}
	}
	return free_class;
}

void ration_core__class_take(struct ration *r, struct ration_vcpu *v, uint32_t class_idx,
                             ration_ns now)
{
	if (r->class_of[class_idx].vcpu_count == 0)
		class_begin(r, class_idx, v->affinity.hard, now);
	v->class_idx = (uint8_t)class_idx;
	r->class_of[class_idx].vcpu_count++;
}

void ration_core__class_drop(struct ration *r, struct ration_vcpu *v)
{
	struct core_class *class = &r->class_of[v->class_idx];

	RATION_ASSERT(class->vcpu_count > 0);
	class->vcpu_count--;
	if (class->vcpu_count != 0)
		return;
	for (ration_cpuset s = class->hard; s != 0; s = ration_cpuset_rest(s))
		ration_classes_remove(&r->cpu[ration_cpuset_first(s)].classes, v->class_idx);
}

ration_ns ration_core__class_away(const struct ration *r, uint32_t class_idx, ration_ns now)
{
	const struct core_class *class = &r->class_of[class_idx];

	return class->away_since_ns == RATION_NEVER ?
	       class->away_ns : class->away_ns + (now - class->away_since_ns);
}
