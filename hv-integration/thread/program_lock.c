/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests whose vCPUs wait for each other: spin locks and barriers.  A vCPU that
 * spins burns its CPU until what it waits for happens, and sees it only while
 * it runs: whether the holder of a lock has a CPU is thus everything.
 */
#include "thread_world.h"

static const struct ration_port_exit exit_none = { RATION_EXIT_NONE, NULL };

static ration_ns lock_spin_ns(const struct vcpu *v)
{
	ration_ns spin_ns = v->dom->load->spin_ns;

	return spin_ns == 0 ? RATION_NEVER : spin_ns;
}

/* Spun long enough: others first, then for as long again. */
static struct ration_port_exit lock_yield(const struct vcpu *v, struct context *x,
                                          struct ration_vcpu *other)
{
	struct ration_port_exit exit = { RATION_EXIT_YIELD, NULL };

	x->left_ns = lock_spin_ns(v);
	if (other != NULL) {
		exit.why = RATION_EXIT_YIELD_TO;
		exit.other = other;
	}
	return exit;
}

bool program_lock_is_over(const struct vcpu *v, const struct context *x)
{
	if (v->dom->load->kind == WORKLOAD_SPINLOCK)
		return flag_get(&v->dom->holder) == 0;
	return flag_get(&v->dom->round) + 1 != x->count;
}

/* ---- Spin lock --------------------------------------------------------- */

static void spinlock_think(struct world *w, struct vcpu *v, struct context *x)
{
	program_begin(x, ACTIVITY_WORK, program_draw(w, v, &v->dom->load->run, RANDOM_RUN, 1));
}

/* It has wanted the lock since arrival_ns.  False: another one has it. */
static bool spinlock_take(struct world *w, struct vcpu *v, struct context *x)
{
	ration_ns now;

	if (!flag_change(&v->dom->holder, 0, v->idx + 1u))
		return false;
	now = rig_now(&w->machine);
	histogram_add(&v->response_ns, now - x->arrival_ns);
	x->holds = true;
	program_begin(x, ACTIVITY_WORK, program_draw(w, v, &v->dom->load->hold, RANDOM_HOLD, 1));
	return true;
}

struct ration_port_exit program_spinlock_done(struct world *w, struct vcpu *v, struct context *x)
{
	uint64_t holder = flag_get(&v->dom->holder);

	if (x->activity == ACTIVITY_SPIN)
		return lock_yield(v, x, holder != 0 ? v->dom->vcpu[holder - 1].ration : NULL);
	if (x->holds) {
		x->holds = false;
		v->loops++;
		(void)flag_change(&v->dom->holder, v->idx + 1u, 0);
		spinlock_think(w, v, x);
		return exit_none;
	}
	x->arrival_ns = rig_now(&w->machine);
	if (!spinlock_take(w, v, x))
		program_begin(x, ACTIVITY_SPIN, lock_spin_ns(v));
	return exit_none;
}

/* ---- Barrier ----------------------------------------------------------- */

static void barrier_run(struct world *w, struct vcpu *v, struct context *x)
{
	v->stands = 0;
	x->count = 0;
	program_begin(x, ACTIVITY_WORK, program_draw(w, v, &v->dom->load->run, RANDOM_RUN, 1));
}

/* All are there.  Who sleeps is woken; who spins sees it when it has a CPU. */
static void barrier_open(struct world *w, struct domain *d)
{
	uint64_t stood = flag_get(&d->round) + 1;
	uint32_t i;

	flag_set(&d->round, stood);
	d->arrived = 0;
	for (i = 0; i < d->vcpu_count; i++)
		if (d->vcpu[i].stands == stood)
			program_wake(w, &d->vcpu[i]);
}

bool program_barrier_find(struct world *w, struct vcpu *v, struct context *x)
{
	if (v->stands == 0 || v->stands == flag_get(&v->dom->round) + 1)
		return false;
	barrier_run(w, v, x);
	return true;
}

struct ration_port_exit program_barrier_done(struct world *w, struct vcpu *v, struct context *x)
{
	struct domain *d = v->dom;

	if (x->activity == ACTIVITY_SPIN)
		return lock_yield(v, x, NULL);
	v->loops++;
	(void)pthread_mutex_lock(&d->lock);
	v->stands = flag_get(&d->round) + 1;
	x->count = v->stands;
	/* One that goes off line is counted out already. */
	if (!v->is_down)
		d->arrived++;
	if (d->arrived >= d->online)
		barrier_open(w, d);
	if (d->load->spin)
		program_begin(x, ACTIVITY_SPIN, lock_spin_ns(v));
	else
		x->activity = ACTIVITY_NONE;
	(void)pthread_mutex_unlock(&d->lock);
	return exit_none;
}

void program_barrier_down(struct world *w, struct vcpu *v)
{
	struct domain *d = v->dom;

	(void)v;
	if (d->online != 0 && d->arrived >= d->online)
		barrier_open(w, d);
}

void program_barrier_up(struct world *w, struct vcpu *v)
{
	(void)w;
	if (v->stands == flag_get(&v->dom->round) + 1)
		v->dom->arrived++;
}

/* ---- Both -------------------------------------------------------------- */

void program_lock_look(struct world *w, struct vcpu *v, struct context *x)
{
	if (v->dom->load->kind == WORKLOAD_SPINLOCK) {
		(void)spinlock_take(w, v, x);
		return;
	}
	(void)pthread_mutex_lock(&v->dom->lock);
	barrier_run(w, v, x);
	(void)pthread_mutex_unlock(&v->dom->lock);
}
