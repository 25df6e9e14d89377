/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests as a log has them: each vCPU's own CPU time and own sleeps, in the
 * order in which they came (load.h says how they are read off a log).  A closed
 * loop: a sleep begins where its burst ends here, not where it ended there.
 */
#include "engine.h"

/* CPU time of the burst at hand; at least 1, so that time moves on. */
static ration_ns recorded_run(const struct vcpu *v)
{
	const struct scenario_recorded *recorded = &v->dom->load->recorded[v->idx];

	if (recorded->count == 0)
		return RATION_NEVER;
	return recorded->burst[v->pending].run_ns != 0 ? recorded->burst[v->pending].run_ns : 1;
}

void recorded_event(struct sim *s, struct vcpu *v)
{
	guest_begin(s, v, ACTIVITY_WORK, recorded_run(v));
}

void recorded_done(struct sim *s, struct vcpu *v)
{
	const struct scenario_recorded *recorded = &v->dom->load->recorded[v->idx];
	ration_ns then_ns = recorded->burst[v->pending].then_ns;

	if (++v->pending == recorded->count)
		v->pending = 0;
	if (then_ns == BURST_GOES_ON) {
		guest_begin(s, v, ACTIVITY_WORK, recorded_run(v));
		return;
	}
	v->dom->result->loops++;
	if (then_ns == BURST_YIELDS) {
		v->left_ns = recorded_run(v);
		v->carry = 0;
		machine_yield(s, v, NULL);
		return;
	}
	if (!v->leaving && then_ns != BURST_SLEEPS)
		sim_arm(s, &v->event, s->now_ns + then_ns);
	guest_rest(s, v);
}
