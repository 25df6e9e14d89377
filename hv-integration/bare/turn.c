/* SPDX-License-Identifier: BSD-2-Clause */
#include "turn.h"

#include "ration_cpuset.h"

static struct {
	ration_ns length_ns;               /* 0: no turns */
	struct ration_lock lock;
	uint32_t holder;                   /* a flag, written under the lock; or NONE */
	ration_cpuset waiting;
	ration_ns end_ns;                  /* of the holder's turn */
} turn = { .holder = RATION_CPU_NONE, .end_ns = RATION_NEVER };

void turn_init(ration_ns length_ns)
{
	turn.length_ns = hv.cpu_count > 1 ? length_ns : 0;
}

static bool turn_is_mine(const struct cpu *cpu)
{
	return FLAG_GET(turn.holder) == cpu->id;
}

/* Under the lock: from the holder to the next one after it that waits. */
static void turn_pass(const struct cpu *cpu)
{
	ration_cpuset after = turn.waiting & ~ration_cpuset_first_count(cpu->id + 1);
	uint32_t next = RATION_CPU_NONE;

	if (turn.waiting != 0)
		next = ration_cpuset_first(after != 0 ? after : turn.waiting);
	if (next != RATION_CPU_NONE)
		turn.waiting &= ~ration_cpuset_of(next);
	turn.end_ns = turn.waiting != 0 ? clock_now() + turn.length_ns : RATION_NEVER;
	FLAG_SET(turn.holder, next);
}

/* Ask for a turn; who has an endless one is told that it ends. */
static void turn_ask(struct cpu *cpu)
{
	uint32_t tell = RATION_CPU_NONE;

	ration_lock_take(&turn.lock);
	if (turn.holder == RATION_CPU_NONE) {
		FLAG_SET(turn.holder, cpu->id);
		turn.end_ns = RATION_NEVER;
	} else {
		turn.waiting |= ration_cpuset_of(cpu->id);
		if (turn.end_ns == RATION_NEVER) {
			turn.end_ns = clock_now() + turn.length_ns;
			tell = turn.holder;
		}
	}
	ration_lock_release(&turn.lock);
	if (tell != RATION_CPU_NONE)
		host_kick(tell);
}

/* It does not want it any more; if it has just got it, it is passed on. */
static void turn_withdraw(struct cpu *cpu)
{
	ration_lock_take(&turn.lock);
	turn.waiting &= ~ration_cpuset_of(cpu->id);
	if (turn.holder == cpu->id)
		turn_pass(cpu);
	ration_lock_release(&turn.lock);
}

/* The holder waits for another one. */
static void turn_next(const struct cpu *cpu)
{
	ration_lock_take(&turn.lock);
	turn.waiting |= ration_cpuset_of(cpu->id);
	turn_pass(cpu);
	ration_lock_release(&turn.lock);
}

bool turn_yield(struct cpu *cpu)
{
	if (turn.length_ns == 0 || !turn_is_mine(cpu) || FLAG_GET(turn.end_ns) == RATION_NEVER)
		return false;
	turn_next(cpu);
	return true;
}

bool turn_take(struct cpu *cpu)
{
	if (turn.length_ns == 0)
		return true;
	if (!turn_is_mine(cpu))
		turn_ask(cpu);
	else if (clock_now() < FLAG_GET(turn.end_ns))
		return true;
	else
		turn_next(cpu);
	while (!turn_is_mine(cpu)) {
		interrupts_take();
		if (FLAG_GET(cpu->leave)) {
			turn_withdraw(cpu);
			return false;
		}
		ration_lock_relax();
	}
	return true;
}

void turn_give(struct cpu *cpu)
{
	if (turn.length_ns != 0 && turn_is_mine(cpu))
		turn_withdraw(cpu);
}

ration_ns turn_end(const struct cpu *cpu)
{
	return turn.length_ns != 0 && turn_is_mine(cpu) ? FLAG_GET(turn.end_ns) : RATION_NEVER;
}
