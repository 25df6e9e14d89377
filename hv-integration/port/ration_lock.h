/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_lock.h - a lock for hosts that have none: CPUs get it in the order in
 * which they asked.
 *
 * A ticket lock (as in Mellor-Crummey and Scott, 1991): fair, two words, one
 * atomic step to take it.  Who waits spins: for hosts whose CPUs are real, and
 * whose holders are not preempted.
 */
#ifndef RATION_LOCK_H
#define RATION_LOCK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zeroed: free. */
struct ration_lock {
	uint32_t next;       /* the ticket of who comes next */
	uint32_t serving;    /* the ticket of who holds it */
};

/* Tell the CPU that it spins; QEMU's deterministic mode also needs that to go on. */
static inline void ration_lock_relax(void)
{
#if defined(__x86_64__)
	__asm__ volatile("pause" ::: "memory");
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

static inline void ration_lock_take(struct ration_lock *lock)
{
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		ration_lock_relax();
}

static inline void ration_lock_release(struct ration_lock *lock)
{
	uint32_t ticket = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);

	__atomic_store_n(&lock->serving, ticket + 1, __ATOMIC_RELEASE);
}

#ifdef __cplusplus
}
#endif
#endif
