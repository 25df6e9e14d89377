/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests whose vCPUs wait for each other: spin locks and barriers.  A vCPU that
 * spins burns its CPU until what it waits for happens, and sees it only while
 * it runs: whether the holder of a lock has a CPU is thus everything.
 */
#include "engine.h"

static ration_ns lock_spin_ns(const struct vcpu *v)
{
	ration_ns spin_ns = v->dom->load->spin_ns;

	return spin_ns == 0 ? RATION_NEVER : spin_ns;
}

/* Spun long enough: others first, then for as long again. */
static void lock_yield(struct sim *s, struct vcpu *v, struct vcpu *other)
{
	v->left_ns = lock_spin_ns(v);
	machine_yield(s, v, other);
}

/* ---- Spin lock --------------------------------------------------------- */

static void spinlock_think(struct sim *s, struct vcpu *v)
{
	guest_begin(s, v, ACTIVITY_WORK, guest_draw(s, v, &v->dom->load->run, RANDOM_RUN, 1));
}

/* It has wanted the lock since arrival_ns, and now it has it. */
static void spinlock_hold(struct sim *s, struct vcpu *v)
{
	v->dom->holder = v;
	histogram_add(&v->dom->result->response_ns, s->now_ns - v->arrival_ns);
	guest_begin(s, v, ACTIVITY_WORK, guest_draw(s, v, &v->dom->load->hold, RANDOM_HOLD, 1));
}

/* The lock is free: of those that spin, and run, the one that came first has it. */
static void spinlock_pass(struct sim *s, struct domain *d)
{
	struct vcpu *first = NULL;
	ration_cpuset set;

	d->holder = NULL;
	for (set = d->running; set != 0; set = ration_cpuset_rest(set)) {
		struct vcpu *v = s->cpu[ration_cpuset_first(set)].running;

		if (v->activity == ACTIVITY_SPIN && (first == NULL || v->arrival_ns < first->arrival_ns))
			first = v;
	}
	if (first != NULL)
		spinlock_hold(s, first);
}

void spinlock_done(struct sim *s, struct vcpu *v)
{
	struct domain *d = v->dom;

	if (v->activity == ACTIVITY_SPIN) {
		lock_yield(s, v, d->holder);
	} else if (d->holder == v) {
		d->result->loops++;
		spinlock_pass(s, d);
		spinlock_think(s, v);
	} else {
		v->arrival_ns = s->now_ns;
		if (d->holder == NULL)
			spinlock_hold(s, v);
		else
			guest_begin(s, v, ACTIVITY_SPIN, lock_spin_ns(v));
	}
}

void spinlock_look(struct sim *s, struct vcpu *v)
{
	if (v->dom->holder == NULL)
		spinlock_hold(s, v);
}

void spinlock_down(struct sim *s, struct vcpu *v)
{
	if (v->dom->holder == v)
		spinlock_pass(s, v->dom);
}

/* ---- Barrier ----------------------------------------------------------- */

/* v->pending: 1 + the round at whose end it stands, or stood when it last ran. */
static bool barrier_is_at(const struct vcpu *v)
{
	return v->pending == v->dom->round + 1;
}

static void barrier_run(struct sim *s, struct vcpu *v)
{
	v->pending = 0;
	guest_begin(s, v, ACTIVITY_WORK, guest_draw(s, v, &v->dom->load->run, RANDOM_RUN, 1));
}

/* All are there.  Who sleeps is woken, who spins and runs goes on; who spins
 * without a CPU sees it when it has one. */
static void barrier_open(struct sim *s, struct domain *d)
{
	uint64_t stood = ++d->round;
	uint32_t i;

	d->arrived = 0;
	for (i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = &d->vcpu[i];

		if (v->pending == stood && (v->cpu != NULL || guest_own(v) == ACTIVITY_NONE) &&
		    !(v->activity == ACTIVITY_HELP && v->own_activity == ACTIVITY_SPIN))
			barrier_run(s, v);
	}
}

void barrier_done(struct sim *s, struct vcpu *v)
{
	struct domain *d = v->dom;

	if (v->activity == ACTIVITY_SPIN) {
		lock_yield(s, v, NULL);
		return;
	}
	d->result->loops++;
	v->pending = d->round + 1;
	d->arrived++;
	if (d->arrived >= d->online)
		barrier_open(s, d);
	else if (d->load->spin)
		guest_begin(s, v, ACTIVITY_SPIN, lock_spin_ns(v));
	else
		guest_rest(s, v);
}

void barrier_look(struct sim *s, struct vcpu *v)
{
	if (!barrier_is_at(v))
		barrier_run(s, v);
}

void barrier_down(struct sim *s, struct vcpu *v)
{
	struct domain *d = v->dom;

	if (barrier_is_at(v))
		d->arrived--;
	if (d->online != 0 && d->arrived >= d->online)
		barrier_open(s, d);
}

void barrier_up(struct sim *s, struct vcpu *v)
{
	(void)s;
	if (barrier_is_at(v))
		v->dom->arrived++;
}
