/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests that do anything, and the run around them. */
#include "stress_world.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "allocate.h"
#include "progress.h"
#include "scenario.h"
#include "thread_log.h"

#define STRESS_WORK_NS  20000u
#define STRESS_STEP_NS  (50 * RATION_NS_PER_MS)
#define STRESS_CALM_NS  (30 * RATION_NS_PER_S)   /* valgrind is slow */
#define STRESS_ROUNDS   1000u
#define STRESS_ROUNDS_NS (2 * RATION_NS_PER_S)

/* ---- Guests ------------------------------------------------------------ */

static bool stress_pending(void *world, struct context *home)
{
	(void)world;
	return flag_get(&((struct stress_vcpu *)(void *)home)->event) != 0;
}

/* Another vCPU of the same domain, where one may be named; else NULL. */
static struct stress_vcpu *stress_sibling(struct stress *s, const struct stress_vcpu *g,
                                          struct context *x)
{
	struct stress_vcpu *other = &s->vcpu[stress_draw(&x->count, STRESS_VCPUS)];
	uint64_t slot = flag_get(&g->dom_slot);

	if (slot % 2 != 0 && slot >= STRESS_KEPT)
		return NULL;
	return flag_get(&other->present) != 0 && flag_get(&other->dom_slot) == slot ? other : NULL;
}

static struct ration_vcpu *stress_named(struct stress_vcpu *g)
{
	return (struct ration_vcpu *)(uintptr_t)flag_get(&g->present);
}

static void stress_wake(struct stress *s, struct rig_cpu *cpu, struct stress_vcpu *other)
{
	struct ration_vcpu *v = other != NULL ? stress_named(other) : NULL;

	if (v == NULL)
		return;
	flag_set(&other->event, 1);
	(void)__atomic_fetch_add(&s->wakes, 1, __ATOMIC_RELAXED);
	ration_port_wake(&s->machine.port, cpu->id, v);
}

/* What the guest does next. */
static struct ration_port_exit stress_next(struct stress *s, struct rig_cpu *cpu,
                                           struct stress_vcpu *g, struct context *x)
{
	struct ration_port_exit exit = { RATION_EXIT_NONE, NULL };
	struct stress_vcpu *other;

	flag_set(&g->runs, flag_get(&g->runs) + 1);
	x->left_ns = stress_draw(&x->count, STRESS_WORK_NS);
	switch (stress_draw(&x->count, 8)) {
	case 0:
	case 1:
		if (flag_take(&g->event) == 0)
			exit.why = RATION_EXIT_BLOCK;
		break;
	case 2:
		exit.why = RATION_EXIT_YIELD;
		break;
	case 3:
		other = stress_sibling(s, g, x);
		exit.other = other != NULL ? stress_named(other) : NULL;
		exit.why = exit.other != NULL ? RATION_EXIT_YIELD_TO : RATION_EXIT_YIELD;
		break;
	case 4:
		stress_wake(s, cpu, stress_sibling(s, g, x));
		break;
	default:
		break;
	}
	return exit;
}

static struct ration_port_exit stress_run_guest(void *world, struct rig_cpu *cpu)
{
	struct stress_vcpu *g = (struct stress_vcpu *)(void *)cpu->home;
	struct ration_port_exit exit = { RATION_EXIT_NONE, NULL };
	struct context *x = &cpu->live;
	struct stress *s = world;
	ration_ns from_ns = rig_now(&s->machine), spent_ns;

	/* A context of two halves would not fit together. */
	RATION_ASSERT(x->arrival_ns == ~x->count);
	while (exit.why == RATION_EXIT_NONE && flag_get(&cpu->leave) == 0) {
		spent_ns = rig_now(&s->machine) - from_ns;
		if (spent_ns < x->left_ns) {
			rig_burn();
			continue;
		}
		exit = stress_next(s, cpu, g, x);
		from_ns += spent_ns;
	}
	x->arrival_ns = ~x->count;
	return exit;
}

static const struct rig_guest stress_guest = { stress_run_guest, stress_pending };

/* ---- Its end ----------------------------------------------------------- */

static void stress_broken(struct stress *s, const char *text)
{
	if (s->result->broken == NULL)
		s->result->broken = text;
}

static void stress_pause(void)
{
	struct timespec moment = { 0, 100000 };

	(void)nanosleep(&moment, NULL);
}

/* Has every vCPU run since? */
static bool stress_all_ran(struct stress *s, const uint64_t *runs)
{
	uint32_t i;

	for (i = 0; i < STRESS_VCPUS; i++)
		if (flag_get(&s->vcpu[i].present) != 0 && flag_get(&s->vcpu[i].runs) == runs[i])
			return false;
	return true;
}

/* Wake each of them, once; each must do something.  One that is about to block
 * just now is what this is about. */
static bool stress_round(struct stress *s, ration_ns end_ns)
{
	uint64_t runs[STRESS_VCPUS];
	uint32_t i;

	for (i = 0; i < STRESS_VCPUS; i++) {
		struct ration_vcpu *v = stress_named(&s->vcpu[i]);

		runs[i] = flag_get(&s->vcpu[i].runs);
		flag_set(&s->vcpu[i].event, 1);
		if (v != NULL)
			ration_port_wake(&s->machine.port, RATION_CPU_NONE, v);
	}
	while (!stress_all_ran(s, runs)) {
		if (rig_now(&s->machine) > end_ns)
			return false;
		stress_pause();
	}
	return true;
}

/* Nothing holds a vCPU back any more: no wake-up and no kick may be lost. */
static void stress_liveness(struct stress *s)
{
	ration_ns end_ns = rig_now(&s->machine) + STRESS_CALM_NS;
	ration_ns rounds_ns = s->options->time_ns / 4 < STRESS_ROUNDS_NS ?
	                      s->options->time_ns / 4 : STRESS_ROUNDS_NS;
	uint32_t round;

	while (!stress_calm(s)) {
		if (rig_now(&s->machine) > end_ns) {
			stress_broken(s, "a CPU or vCPU that was told to leave is still there");
			return;
		}
		stress_pause();
	}
	rounds_ns += rig_now(&s->machine);
	for (round = 0; round < STRESS_ROUNDS && rig_now(&s->machine) < rounds_ns; round++) {
		if (!stress_round(s, end_ns)) {
			stress_broken(s, "a vCPU that was woken never ran");
			return;
		}
	}
}

static void stress_books(struct stress *s)
{
	struct stress_result *r = s->result;
	struct ration_cpu_ledger ledger;
	const char *broken;
	ration_ns now = stress_begin(s);
	uint32_t c;

	broken = ration_check(s->machine.ration);
	if (broken != NULL)
		stress_broken(s, broken);
	for (c = 0; c < s->machine.cpu_count; c++) {
		ration_cpu_ledger_get(s->machine.ration, c, now, &ledger);
		r->dispatches += ledger.dispatches;
		if (ledger.refusals != 0)
			stress_broken(s, "the core refused a decision of a policy");
	}
	r->wakes = flag_get(&s->wakes);
	r->wall_s = (double)now / 1e9;
	ration_record_end(&s->machine.port.record, now);
	stress_end(s);
}

/* ---- The run ----------------------------------------------------------- */

/* Until the time is over, a signal came, or something is broken. */
static void stress_wait(struct stress *s)
{
	struct timespec step = { 0, (long)STRESS_STEP_NS };
	struct progress progress;
	sigset_t set;
	ration_ns now;
	bool broken = false;
	int number;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	progress_begin(&progress, "stress", s->options->time_ns, s->options->progress);
	while (!broken && (now = rig_now(&s->machine)) < s->options->time_ns) {
		number = sigtimedwait(&set, NULL, &step);
		if (number > 0) {
			s->result->signal = number;
			break;
		}
		progress_step(&progress, now);
		(void)stress_begin(s);
		broken = s->result->broken != NULL;
		stress_end(s);
	}
	progress_end(&progress);
}

static bool stress_threads(struct stress *s)
{
	struct stress_thread thread[STRESS_THREADS];
	uint32_t i, made = 0;
	int error = 0;

	if (!rig_begin(&s->machine))
		return false;
	rig_go(&s->machine);
	for (i = 0; i < STRESS_THREADS && error == 0; i++) {
		thread[i].stress = s;
		thread[i].random = s->options->seed * 1000003 + i + 1;
		error = pthread_create(&thread[i].thread, NULL, stress_thread, &thread[i]);
		made += error == 0;
	}
	if (error == 0)
		stress_wait(s);
	flag_set(&s->stop, 1);
	for (i = 0; i < made; i++)
		(void)pthread_join(thread[i].thread, NULL);
	if (error == 0)
		stress_liveness(s);
	stress_books(s);
	rig_end(&s->machine);
	errno = error;
	return error == 0;
}

static bool stress_recorded(struct stress *s, const struct ration_config *config)
{
	struct ration_record *record = &s->machine.port.record;
	uint64_t random = s->options->seed;
	struct thread_log log;
	bool ok;

	if (s->options->log != NULL &&
	    !thread_log_begin(&log, record, s->options->log, THREAD_LOG_WORDS, config, "stress"))
		return false;
	stress_admit_kept(s, &random);
	ok = stress_threads(s);
	if (s->options->log == NULL)
		return ok;
	(void)thread_log_end(&log);
	s->result->log_events = ration_record_events(record);
	s->result->log_lost = ration_record_lost(record);
	s->result->log_bytes = log.bytes;
	s->result->log_error = log.error;
	return ok;
}

bool stress_run(const struct stress_options *options, struct stress_result *result)
{
	struct ration_config config = { .limits = { options->cpu_count, STRESS_DOMAINS, STRESS_VCPUS },
	                                .policies = scenario_policies,
	                                .policy_count = scenario_policy_count,
	                                .params = { RATION_NS_PER_MS, RATION_NS_PER_MS / 10 },
	                                .topology = NULL };
	struct stress *s = allocate(1, sizeof(*s));
	sigset_t set, before;
	bool ok;

	memset(result, 0, sizeof(*result));
	s->options = options;
	s->result = result;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &set, &before);
	rig_init(&s->machine, &config, &stress_guest, s);
	ok = stress_recorded(s, &config);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	rig_fini(&s->machine);
	free(s);
	return ok;
}
