/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUs made of threads: their loop, contexts, kicks and timers. */
#include "rig.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "allocate.h"

#define CONTEXT_SAVED  0x5AFEC0DEu
#define CONTEXT_POISON 0xA5
#define KICK_SIGNAL    SIGUSR1
#define TIMER_SIGNAL   SIGUSR2

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* ---- Signals ----------------------------------------------------------- */

static __thread struct rig_cpu *rig_self;

static void rig_signal(int number)
{
	(void)number;
	if (rig_self != NULL)
		flag_set(&rig_self->leave, 1);
}

static void rig_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, KICK_SIGNAL);
	(void)sigaddset(set, TIMER_SIGNAL);
}

void rig_signals_block(void)
{
	sigset_t set;

	rig_signals(&set);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void rig_signals_catch(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = rig_signal;
	action.sa_flags = SA_RESTART;
	rig_signals(&action.sa_mask);
	(void)sigaction(KICK_SIGNAL, &action, NULL);
	(void)sigaction(TIMER_SIGNAL, &action, NULL);
}

/* ---- Contexts ---------------------------------------------------------- */

void context_init(struct context *x)
{
	memset(x, 0, sizeof(*x));
	x->mark = CONTEXT_SAVED;
	x->last_cpu = RATION_CPU_NONE;
}

static void rig_load(struct rig_cpu *c, struct ration_vcpu *v)
{
	struct context *home;

	c->fresh = false;
	if (c->loaded == v)
		return;
	RATION_ASSERT(c->loaded == NULL);
	home = c->machine->home[ration_vcpu_slot_of(v)];
	/* Else some CPU has it still, or has not saved it yet. */
	RATION_ASSERT(home->mark == CONTEXT_SAVED);
	c->live = *home;
	memset(home, CONTEXT_POISON, sizeof(*home));
	c->loaded = v;
	c->home = home;
	c->fresh = true;
	c->live.dispatches++;
	c->live.migrations += c->live.last_cpu != RATION_CPU_NONE && c->live.last_cpu != c->id;
	c->live.last_cpu = c->id;
	c->live.loaded_ns = rig_now(c->machine);
}

/* The port may decide twice before it lets the CPU go on: what was picked in
 * between was never loaded, and is at home as it was. */
static void rig_save(void *context, ration_cpu cpu, struct ration_vcpu *v)
{
	struct rig *m = context;
	struct rig_cpu *c = &m->cpu[cpu];

	if (c->loaded != v)
		return;
	RATION_ASSERT(c->home->mark != CONTEXT_SAVED);
	c->live.saved_ns = rig_now(m);
	c->live.run_done_ns += c->live.saved_ns - c->live.loaded_ns;
	*c->home = c->live;
	c->loaded = NULL;
	c->home = NULL;
}

void rig_home_set(struct rig *m, const struct ration_vcpu *v, struct context *home)
{
	m->home[ration_vcpu_slot_of(v)] = home;
}

/* Between a decision and its saved the library names the new vCPU, the port the
 * old one. */
bool rig_is_on_cpu(struct rig *m, const struct ration_vcpu *v)
{
	bool is_on = false;
	uint32_t c;

	(void)pthread_mutex_lock(&m->lock);
	for (c = 0; c < m->cpu_count; c++)
		is_on |= ration_cpu_vcpu(m->ration, c) == v || m->port.cpu[c].running == v;
	(void)pthread_mutex_unlock(&m->lock);
	return is_on;
}

/* ---- What the port asks for -------------------------------------------- */

static void rig_lock(void *context)
{
	(void)pthread_mutex_lock(&((struct rig *)context)->lock);
}

static void rig_unlock(void *context)
{
	(void)pthread_mutex_unlock(&((struct rig *)context)->lock);
}

static ration_ns rig_time(void *context)
{
	return rig_now(context);
}

static void rig_kick(void *context, ration_cpu cpu)
{
	struct rig *m = context;

	/* Before the threads are there nobody runs anything. */
	if (cpu < m->thread_count)
		(void)pthread_kill(m->cpu[cpu].thread, KICK_SIGNAL);
}

static void rig_timer(void *context, ration_cpu cpu, ration_ns at_ns)
{
	struct rig *m = context;
	struct itimerspec spec;

	memset(&spec, 0, sizeof(spec));
	if (at_ns != RATION_NEVER) {
		at_ns += m->start_ns;
		spec.it_value.tv_sec = (time_t)(at_ns / RATION_NS_PER_S);
		spec.it_value.tv_nsec = (long)(at_ns % RATION_NS_PER_S);
	}
	(void)timer_settime(m->cpu[cpu].timer, TIMER_ABSTIME, &spec, NULL);
}

static bool rig_pending(void *context, struct ration_vcpu *v)
{
	struct rig *m = context;

	return m->guest->pending(m->world, m->home[ration_vcpu_slot_of(v)]);
}

/* ---- A CPU ------------------------------------------------------------- */

/* TSan holds a signal back until it thinks fit, and now and then, when the thread
 * is about to wait, for ever: there a wait ends by itself, for no reason, which
 * the port allows.  Elsewhere it must not: a lost kick has to be seen. */
#ifdef __SANITIZE_THREAD__
static const struct timespec rig_longest = { 0, 20000000 }, *const rig_patience = &rig_longest;
#else
static const struct timespec *const rig_patience;
#endif

static void rig_wait(struct rig_cpu *c)
{
	sigset_t set, open;

	rig_signals(&set);
	(void)pthread_sigmask(SIG_BLOCK, &set, &open);
	/* What comes now stays pending until it is waited for. */
	while (flag_get(&c->leave) == 0)
		if (sigtimedwait(&set, NULL, rig_patience) > 0 || errno == EAGAIN)
			break;
	(void)pthread_sigmask(SIG_SETMASK, &open, NULL);
}

static bool rig_timer_make(struct rig_cpu *c)
{
	struct sigevent event;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = TIMER_SIGNAL;
	event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	return timer_create(CLOCK_MONOTONIC, &event, &c->timer) == 0;
}

static void rig_loop(struct rig_cpu *c)
{
	struct ration_port_exit exit = { RATION_EXIT_NONE, NULL }, none = exit;
	struct rig *m = c->machine;
	struct ration_vcpu *v;

	for (;;) {
		flag_set(&c->leave, 0);
		/* After, not before: rig_end() sets `stop` and then kicks. */
		if (flag_get(&m->stop) != 0)
			break;
		c->entries++;
		v = ration_port_run(&m->port, c->id, exit);
		exit = none;
		if (v != NULL) {
			rig_load(c, v);
			exit = m->guest->run(m->world, c);
		} else {
			rig_wait(c);
		}
	}
	if (c->loaded != NULL)
		rig_save(m, c->id, c->loaded);
}

static void *rig_thread(void *argument)
{
	struct rig_cpu *c = argument;
	struct rig *m = c->machine;
	int error = rig_timer_make(c) ? 0 : errno;
	sigset_t set;

	rig_self = c;
	(void)pthread_mutex_lock(&m->lock);
	m->ready_count++;
	if (error != 0)
		m->error = error;
	(void)pthread_cond_broadcast(&m->news);
	while (!m->going)
		(void)pthread_cond_wait(&m->news, &m->lock);
	(void)pthread_mutex_unlock(&m->lock);
	if (error != 0)
		return NULL;
	rig_signals(&set);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	rig_loop(c);
	(void)timer_delete(c->timer);
	return NULL;
}

/* ---- All of them ------------------------------------------------------- */

uint32_t rig_host_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	return (uint32_t)CPU_COUNT(&set);
}

/* Where there is a CPU of the host for each, each has its own. */
static void rig_pin(struct rig *m)
{
	cpu_set_t all, one;
	uint32_t c = 0;
	size_t host;

	if (sched_getaffinity(0, sizeof(all), &all) != 0 || m->cpu_count > (uint32_t)CPU_COUNT(&all))
		return;
	for (host = 0; host < (size_t)CPU_SETSIZE && c < m->cpu_count; host++) {
		if (!CPU_ISSET(host, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(host, &one);
		(void)pthread_setaffinity_np(m->cpu[c++].thread, sizeof(one), &one);
	}
}

void rig_init(struct rig *m, const struct ration_config *config,
                  const struct rig_guest *guest, void *world)
{
	struct ration_port_host host = { m, rig_lock, rig_unlock, rig_time, rig_kick,
	                                 rig_timer, rig_save, rig_pending };
	pthread_mutexattr_t kind;
	int status;

	memset(m, 0, sizeof(*m));
	m->guest = guest;
	m->world = world;
	m->cpu_count = config->limits.cpu_count;
	m->home = allocate(config->limits.vcpu_count, sizeof(*m->home));
	m->memory_size = ration_size(config->policies, config->policy_count, &config->limits);
	assert(m->memory_size != 0);
	m->memory = allocate(1, m->memory_size);
	status = ration_init(m->memory, m->memory_size, config, 0, &m->ration);
	assert(status == RATION_OK);
	(void)status;
	(void)pthread_mutexattr_init(&kind);
	(void)pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ADAPTIVE_NP);
	(void)pthread_mutex_init(&m->lock, &kind);
	(void)pthread_mutexattr_destroy(&kind);
	(void)pthread_cond_init(&m->news, NULL);
	ration_port_init(&m->port, &host, m->ration, config);
}

void rig_fini(struct rig *m)
{
	(void)pthread_cond_destroy(&m->news);
	(void)pthread_mutex_destroy(&m->lock);
	free(m->memory);
	free(m->home);
}

bool rig_begin(struct rig *m)
{
	int error = 0, failed;
	uint32_t c;

	rig_signals_block();
	rig_signals_catch();
	for (c = 0; c < m->cpu_count && error == 0; c++) {
		m->cpu[c].machine = m;
		m->cpu[c].id = c;
		error = pthread_create(&m->cpu[c].thread, NULL, rig_thread, &m->cpu[c]);
		m->thread_count += error == 0;
	}
	(void)pthread_mutex_lock(&m->lock);
	while (m->ready_count != m->thread_count)
		(void)pthread_cond_wait(&m->news, &m->lock);
	failed = m->error;
	(void)pthread_mutex_unlock(&m->lock);
	if (error != 0 || failed != 0) {
		rig_end(m);
		errno = error != 0 ? error : failed;
		return false;
	}
	rig_pin(m);
	return true;
}

/* Those that stand at the start run. */
static void rig_release(struct rig *m)
{
	(void)pthread_mutex_lock(&m->lock);
	m->going = true;
	(void)pthread_cond_broadcast(&m->news);
	(void)pthread_mutex_unlock(&m->lock);
}

void rig_go(struct rig *m)
{
	m->start_ns = rig_clock();
	rig_release(m);
}

void rig_end(struct rig *m)
{
	uint32_t c;

	flag_set(&m->stop, 1);
	rig_release(m);
	for (c = 0; c < m->thread_count; c++)
		rig_kick(m, c);
	for (c = 0; c < m->thread_count; c++)
		(void)pthread_join(m->cpu[c].thread, NULL);
	m->thread_count = 0;
}
