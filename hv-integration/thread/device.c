/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest timers: a thread that sleeps until the next one, as a device would. */
#include "thread_world.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "allocate.h"

/* ---- The heap ---------------------------------------------------------- */

static void heap_put(struct device *d, uint32_t place, struct vcpu *v)
{
	d->heap[place] = v;
	v->place = place;
}

static void heap_up(struct device *d, uint32_t place, struct vcpu *v)
{
	while (place > 1 && d->heap[place / 2]->at_ns > v->at_ns) {
		heap_put(d, place, d->heap[place / 2]);
		place /= 2;
	}
	heap_put(d, place, v);
}

static void heap_down(struct device *d, uint32_t place, struct vcpu *v)
{
	uint32_t child;

	while ((child = 2 * place) <= d->count) {
		if (child < d->count && d->heap[child + 1]->at_ns < d->heap[child]->at_ns)
			child++;
		if (d->heap[child]->at_ns >= v->at_ns)
			break;
		heap_put(d, place, d->heap[child]);
		place = child;
	}
	heap_put(d, place, v);
}

static void heap_remove(struct device *d, struct vcpu *v)
{
	struct vcpu *last = d->heap[d->count--];
	uint32_t place = v->place;

	v->place = 0;
	if (last == v)
		return;
	if (place > 1 && d->heap[place / 2]->at_ns > last->at_ns)
		heap_up(d, place, last);
	else
		heap_down(d, place, last);
}

/* ---- Timers ------------------------------------------------------------ */

void device_arm(struct world *w, struct vcpu *v, ration_ns at_ns)
{
	struct device *d = &w->device;

	(void)pthread_mutex_lock(&d->lock);
	if (v->place != 0)
		heap_remove(d, v);
	v->at_ns = at_ns;
	heap_up(d, ++d->count, v);
	if (v->place == 1)
		(void)pthread_cond_signal(&d->changed);
	(void)pthread_mutex_unlock(&d->lock);
}

void device_cancel(struct world *w, struct vcpu *v)
{
	struct device *d = &w->device;

	(void)pthread_mutex_lock(&d->lock);
	if (v->place != 0)
		heap_remove(d, v);
	(void)pthread_mutex_unlock(&d->lock);
}

/* Sleep until at_ns, or until the first timer is another one. */
static void device_wait(struct world *w, ration_ns at_ns)
{
	struct device *d = &w->device;
	struct timespec at;

	if (at_ns == RATION_NEVER) {
		(void)pthread_cond_wait(&d->changed, &d->lock);
		return;
	}
	at_ns += w->machine.start_ns;
	at.tv_sec = (time_t)(at_ns / RATION_NS_PER_S);
	at.tv_nsec = (long)(at_ns % RATION_NS_PER_S);
	(void)pthread_cond_timedwait(&d->changed, &d->lock, &at);
}

static void *device_thread(void *argument)
{
	struct world *w = argument;
	struct device *d = &w->device;
	struct vcpu *v;
	ration_ns at_ns;

	/* The usual 50 us of slack would stand in every latency. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	(void)pthread_mutex_lock(&d->lock);
	while (!d->stop) {
		v = d->count != 0 ? d->heap[1] : NULL;
		at_ns = v != NULL ? v->at_ns : RATION_NEVER;
		if (v == NULL || at_ns > rig_now(&w->machine)) {
			device_wait(w, at_ns);
			continue;
		}
		heap_remove(d, v);
		(void)pthread_mutex_unlock(&d->lock);
		program_event(w, v, at_ns);
		(void)pthread_mutex_lock(&d->lock);
	}
	(void)pthread_mutex_unlock(&d->lock);
	return NULL;
}

bool device_begin(struct world *w)
{
	int error = pthread_create(&w->device.thread, NULL, device_thread, w);

	errno = error;
	return error == 0;
}

void device_end(struct world *w)
{
	struct device *d = &w->device;

	(void)pthread_mutex_lock(&d->lock);
	d->stop = true;
	(void)pthread_cond_signal(&d->changed);
	(void)pthread_mutex_unlock(&d->lock);
	(void)pthread_join(d->thread, NULL);
}
