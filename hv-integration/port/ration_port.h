/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_port.h - an instance of libration on real CPUs: the one lock around
 * it, kicks, timers, and the order of calls, once for every host.
 *
 * The host supplies seven functions (struct ration_port_host) and runs on each
 * of its CPUs the loop
 *
 *      struct ration_port_exit exit = { RATION_EXIT_NONE, NULL };
 *      for (;;) {
 *              struct ration_vcpu *v = ration_port_run(port, c, exit);
 *              exit = v != NULL ? enter the guest of v : wait for a kick or timer;
 *      }
 *
 * and calls ration_port_wake() from wherever an event for a vCPU comes.  All
 * other verbs go between ration_port_begin() and ration_port_end():
 *
 *      ration_ns now = ration_port_begin(port, c);
 *      int status = ration_record_dom_set(&port->record, dom, &attr, now, &fx, &why);
 *      ration_port_end(port, &fx);
 *
 * THE ORDER.  ration_port_run() tells the library that a vCPU blocks or yields
 * and asks for the next one in one hold of the lock; then, with the lock free,
 * has the host save the old context; and only then reports it saved.  So no
 * other CPU can be given a context that is still live here.  A wake-up that
 * comes between a guest's last look at its events and its block is not lost:
 * after the block, and under the lock, the port asks `pending` once more.
 *
 * LOCKING.  `lock` is taken by ration_port_run() (once, and once more for each
 * context that it has saved), _wake() and _begin(), held for a few verbs, and never while
 * any other host function is called but `now` and `pending`.  No host function
 * may call the port.  ration_lock.h has a lock for hosts that have none.
 *
 * TIME that a host reads on different CPUs may differ by a little: the port
 * never lets it go back.
 *
 * RECORDING.  The recorder is port->record; ration_record_start() turns it on
 * before the first verb.
 */
#ifndef RATION_PORT_H
#define RATION_PORT_H

#include "ration_record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the machine below does for the port.  `context` is handed through. */
struct ration_port_host {
	void *context;

	/* Mutual exclusion between all CPUs and threads that call the port; with
	 * interrupts off where an interrupt handler calls the port too. */
	void (*lock)(void *context);
	void (*unlock)(void *context);

	/* The time.  Called under the lock. */
	ration_ns (*now)(void *context);

	/* Make CPU c leave its guest, or its wait, soon, and call ration_port_run().
	 * A kick that comes while c is outside of both must not be lost: its next
	 * guest or wait ends at once.  Without the lock; c may be the CPU that calls,
	 * in ration_port_wake() or _end(). */
	void (*kick)(void *context, ration_cpu c);

	/* Set c's one-shot timer, in place of what it was set to; RATION_NEVER
	 * stops it.  When it fires, c leaves its guest or its wait as by a kick,
	 * and one that fires while c is outside of both is not lost either.
	 * A time that has passed fires at once.  Called on c only. */
	void (*timer)(void *context, ration_cpu c, ration_ns at_ns);

	/* Save the context of v, which has just run on c, to where any other CPU
	 * can load it.  Called on c only, without the lock. */
	void (*save)(void *context, ration_cpu c, struct ration_vcpu *v);

	/* Has v, which is about to block, got an event that it has not seen?
	 * Called under the lock. */
	bool (*pending)(void *context, struct ration_vcpu *v);
};

/* Why a CPU left its guest or its wait. */
enum ration_exit {
	RATION_EXIT_NONE,        /* a kick, a timer, or for no reason */
	RATION_EXIT_BLOCK,       /* the guest has nothing to do */
	RATION_EXIT_YIELD,       /* the guest lets others go first */
	RATION_EXIT_YIELD_TO     /* the same, and rather `other` than any */
};

struct ration_port_exit {
	enum ration_exit why;
	struct ration_vcpu *other;   /* YIELD_TO: a vCPU that is still there */
};

struct ration_port_cpu {
	struct ration_vcpu *running; /* NULL: idle */
	ration_ns until_ns;          /* of the last decision */
	ration_ns timer_ns;          /* what the host's timer is set to */
};

struct ration_port {
	struct ration_record record;
	struct ration_port_host host;

	/* under the lock */
	ration_ns now_ns;
	ration_ns expire_ns;         /* when the library wants ration_expire() */
	ration_cpu expirer;          /* whose timer sees to that */
	ration_cpuset kicked;        /* to decide, and have not yet */
	ration_cpuset sent;          /* whose kick is under way */

	struct ration_port_cpu cpu[RATION_CPU_MAX];
};

/* A port around an instance on which no verb was called yet.  O(CPUs). */
void ration_port_init(struct ration_port *p, const struct ration_port_host *host,
                      struct ration *instance, const struct ration_config *config);

/*
 * CPU c has left its guest, or its wait, because of `exit`; the answer is what
 * it runs next, whose context the host loads; NULL: nothing.  The timer is
 * set.  Called on c only.  RATION_EXIT_BLOCK and _YIELD are about what runs on
 * c; they say nothing where nothing does.
 */
struct ration_vcpu *ration_port_run(struct ration_port *p, ration_cpu c,
                                    struct ration_port_exit exit);

/* An event came for v.  `c`: the CPU that calls, or RATION_CPU_NONE. */
void ration_port_wake(struct ration_port *p, ration_cpu c, struct ration_vcpu *v);

/*
 * Take the lock, to call verbs: the time for them.  Between two verbs of one
 * hold, and after the last one, their effects are handed over; NULL at the end
 * where no verb was called.  `c`: as above.
 */
ration_ns ration_port_begin(struct ration_port *p, ration_cpu c);
void ration_port_effects(struct ration_port *p, const struct ration_effects *fx);
void ration_port_end(struct ration_port *p, const struct ration_effects *fx);

#ifdef __cplusplus
}
#endif
#endif
