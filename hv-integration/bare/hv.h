/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hv.h - the hypervisor: its CPUs, and the loop that each of them runs.
 *
 * Interrupts are off wherever the hypervisor runs.  They are taken at three places only:
 * after a guest has left (svm_entry.S), while a CPU is idle, and while it waits for its
 * turn (turn.h); and all that their handlers do is to set `leave`.  So no lock is ever
 * asked for by a handler.
 *
 * LOCKS, in the order in which they are taken:
 *   1. dom0's channel (channel.c).
 *   2. hv.admin: the list of domains, their life, the commands (verb.h).
 *   3. one CPU's timers (timer.c).
 *   4. the port's, or one domain's: its memory and console.
 *   5. memory's, the console's, the turns'.
 *
 * A vCPU's registers, APIC and VMCB belong to the CPU that has it loaded; what others
 * want of it they say through its flags (vcpu.h), and kick or wake it.
 */
#ifndef HV_H
#define HV_H

#include "layout.h"
#include "ration_lock.h"
#include "ration_port.h"
#include "x86.h"

struct vcpu;
struct domain;

struct cpu {
	/* constant */
	uint32_t id, apic_id;
	bool present;                    /* it runs */
	void *host_save, *host_state;    /* pages: for VMRUN, for VMSAVE */

	bool stands;                     /* it has stopped */
	bool leave;                      /* set by handlers: decide before the next guest */

	/* its own */
	struct vcpu *loaded;             /* whose context it has; NULL: none */
	bool is_named;                   /* it runs by another one's YIELD_TO */
	ration_ns port_timer_ns;         /* what the port wants */
	ration_ns armed_ns;              /* what the local APIC's timer is set to */
	ration_ns load_ns, save_ns;      /* when it last had loaded, or began to save, a context */
	uint64_t asid_round;
	uint32_t asid_next;
	uint64_t exits, interrupts;

	/* guests' timers that end a block here: timer.h */
	struct ration_lock timer_lock;
	struct vcpu *timer_first;
};

struct hv {
	struct ration_port port;
	struct ration *ration;
	struct ration_config config;
	struct ration_lock port_lock, admin;
	uint32_t cpu_count;
	bool go;                         /* CPUs may begin */
	bool stop;                       /* the run is over: CPUs stand still */
	uint32_t work;                   /* something for admin_work() to do */
	struct cpu cpu[RATION_CPU_MAX];
};

extern struct hv hv;
extern uint8_t cpu_stacks[RATION_CPU_MAX][STACK_SIZE];

/* The CPU that runs this: its number lies at the foot of its stack. */
static inline struct cpu *cpu_self(void)
{
	uint64_t at;

	__asm__("movq %%rsp, %0" : "=r"(at));
	return *(struct cpu **)(at & ~(uint64_t)(STACK_SIZE - 1));
}

/* ---- host.c: the port's host, and the loop ------------------------------ */

void host_init(void);
/* Never returns. */
void host_run(struct cpu *cpu);
/* v is admitted: the port's answers lead to it. */
void host_vcpu_set(struct vcpu *v);
/* Have the CPU come out of its guest or wait. */
void host_kick(uint32_t cpu);

/* ---- trap.c, apic.c, clock.c, smp.c ------------------------------------- */

void trap_init(void);                /* on each CPU */
void panic_stop(void) __attribute__((noreturn));

void apic_init(uint64_t base);       /* the first CPU: registers are at `base` */
void apic_begin(void);               /* on each CPU */
uint32_t apic_id(void);
void apic_end_of_interrupt(void);
/* An interrupt to another CPU, or to this one. */
void apic_send(uint32_t apic_id, uint32_t vector);
void apic_wake(uint32_t apic_id, uint32_t page);   /* INIT, then SIPI */
/* The timer fires in `ns`, or at the end of its range, whichever comes first; RATION_NEVER
 * stops it. */
void apic_timer(ration_ns ns);

void clock_init(void);             /* once; all CPUs' TSCs go together */
ration_ns clock_now(void);
uint32_t clock_khz(void);            /* of the TSC */
ration_ns clock_of_tsc(uint64_t tsc);
uint64_t clock_to_tsc(ration_ns ns);
void clock_wait(ration_ns ns);

/* Start all CPUs but this one; those that come are `present`. */
void smp_start(const struct cpu *self);

#endif
