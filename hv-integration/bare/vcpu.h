/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpu.h - a vCPU and its domain, as the hypervisor has them. */
#ifndef VCPU_H
#define VCPU_H

#include "console.h"
#include "domain_config.h"
#include "hv.h"
#include "svm.h"

/* What others want of a vCPU: seen by it before it next runs. */
#define WANT_INIT (1u << 0)
#define WANT_SIPI (1u << 1)
#define WANT_NMI  (1u << 2)
#define WANT_KICK (1u << 3)            /* its HLT ends */

/* A local APIC in x2APIC mode: vapic.c. */
struct vapic {
	uint32_t irr[8];                   /* flags: others set bits */
	uint32_t isr[8];
	uint32_t tpr, svr, lvt[6], error, divide;
	uint64_t icr, count;
	uint64_t deadline_tsc;             /* the guest's TSC; 0: none */
	ration_ns fire_ns;                 /* the timer; RATION_NEVER: not armed */
	ration_ns period_ns;               /* 0: once */
};

enum { LVT_TIMER, LVT_THERMAL, LVT_COUNTER, LVT_LINT0, LVT_LINT1, LVT_ERROR };

struct vcpu {
	/* constant while it is there */
	struct domain *dom;
	uint32_t idx;
	struct ration_vcpu *ration;
	struct vmcb *vmcb;

	/* flags */
	uint32_t want;                     /* WANT_x */
	uint32_t sipi_page;
	bool sleeping;                     /* it blocks, or is about to */
	uint32_t on_cpu;                   /* in a guest or on its way there; else NONE */

	/* whose context it is */
	uint64_t reg[16];                  /* by number; RAX and RSP are in the VMCB */
	uint8_t fpu[512] __attribute__((aligned(16)));
	uint64_t dr[4];
	struct vapic apic;
	uint32_t offered;                  /* the vector that the guest may take; 0: none */
	uint64_t shadow_rip;               /* the instruction behind STI where it left */
	uint32_t shadow_tries;             /* to get over that; 0: it is not there */
	ration_ns look_ns;                 /* something is held back: look again then */
	bool waits_for_sipi, in_nmi;
	bool halted;                       /* it executed HLT, and nothing has ended that */
	uint64_t steal_gpa;                /* bit 0: on */
	ration_ns steal_ns;                /* as last shown */
	uint32_t pause_count;
	ration_ns pause_ns;
	uint32_t last_cpu;
	uint64_t asid_round;
	uint64_t exits;

	/* under the lock of that CPU's timers */
	uint32_t timer_cpu;                /* RATION_CPU_NONE: in no list */
	struct vcpu *timer_next;
};

enum domain_state { DOMAIN_NONE, DOMAIN_LIVES, DOMAIN_ENDS, DOMAIN_RESETS };

struct domain {
	/* constant while it is there */
	struct domain_config config;
	uint32_t id;
	struct ration_dom *ration;
	struct vcpu *vcpu[DOMAIN_VCPU_MAX];
	uint64_t frame_count;
	uint64_t tsc_begin;                /* the machine's, when the guest's was 0 */

	uint32_t state;                    /* a flag: enum domain_state */
	uint64_t owed_ns;                  /* a flag: switches that it has not paid for yet */
	const char *why;                   /* it ends */
	bool must_pause;                   /* a flag: it ends, and may still run */

	struct ration_lock lock;           /* what follows */
	void **frame;                      /* of 2 MiB; NULL: not touched yet */
	uint64_t frames_taken;
	uint64_t *npt;                     /* root of the nested tables */
	uint64_t *npt_directory[2];
	struct console_line line;
	uint8_t *output;                   /* the last page of what it printed */
	uint64_t output_count;
	uint8_t input[256];
	uint32_t input_begin, input_count;
	uint8_t uart[16];                  /* registers; from 8 on, its divisor */

	/* under hv.admin */
	bool paused;
	ration_ns reset_ns;                /* running time at its last reset */
	uint32_t resets;
};

static inline bool vcpu_is_boot(const struct vcpu *v)
{
	return v->idx == 0;
}

/* ---- vcpu.c ------------------------------------------------------------- */

/* Run v on this CPU until the scheduler is to be asked again. */
struct ration_port_exit vcpu_run(struct cpu *cpu, struct vcpu *v);

/* Has v something that it has not seen: what ends a HLT, INIT, its timer? */
bool vcpu_is_pending(const struct vcpu *v);
/* Something came for v (its flags say what): have it look. */
void vcpu_notify(struct vcpu *v);
void vcpu_want(struct vcpu *v, uint32_t want);

/* ---- npt.c: memory of a guest ------------------------------------------- */

bool npt_init(struct domain *d);
void npt_fini(struct domain *d);
/* The guest touched gpa: map it.  False: there is nothing. */
bool npt_fault(struct domain *d, uint64_t gpa);
/* Where `size` bytes at gpa lie, in one large frame; NULL: not in its memory. */
void *npt_bytes(struct domain *d, uint64_t gpa, uint64_t size);
/* Copy into the guest's memory, or clear it where `from` is NULL; false if it does not
 * fit there. */
bool npt_write(struct domain *d, uint64_t gpa, const void *from, uint64_t size);

/* ---- what exits lead to --------------------------------------------------- */

void cpuid_exit(struct vcpu *v);
/* False: #GP. */
bool msr_get(struct vcpu *v, uint32_t msr, uint64_t *value);
bool msr_set(struct vcpu *v, uint32_t msr, uint64_t value);
uint32_t ioport_read(struct vcpu *v, uint16_t port, uint32_t size);
void ioport_write(struct vcpu *v, uint16_t port, uint32_t size, uint32_t value);
struct ration_port_exit hypercall_exit(struct cpu *cpu, struct vcpu *v);

/* steal.c: what its kernel is told of the time that it could not run. */
bool steal_set(struct vcpu *v, uint64_t value);
void steal_load(struct cpu *cpu, struct vcpu *v);
void steal_save(struct vcpu *v);

/* ---- vapic.c ------------------------------------------------------------- */

void vapic_reset(struct vcpu *v);
bool vapic_get(struct vcpu *v, uint32_t msr, uint64_t *value);
bool vapic_set(struct vcpu *v, uint32_t msr, uint64_t value);
void vapic_deadline_set(struct vcpu *v, uint64_t tsc);
/* The timer is due: its interrupt comes. */
void vapic_timer_check(struct vcpu *v, ration_ns now);
void vapic_raise(struct vcpu *v, uint32_t vector);
/* The highest vector that may be delivered now, or 0; deliver it. */
uint32_t vapic_pending(const struct vcpu *v);
void vapic_take(struct vcpu *v, uint32_t vector);
/* To that APIC id; vector 2's mode is NMI.  False: there is none. */
bool vapic_send(struct domain *d, uint32_t id, uint32_t mode, uint32_t vector);

/* ---- timer.c: timers of vCPUs that block ----------------------------------- */

/* v leaves its CPU and sleeps; it is loaded again, or goes. */
void timer_add(struct cpu *cpu, struct vcpu *v);
void timer_remove(struct vcpu *v);
/* Wake whose time has come. */
void timer_expire(struct cpu *cpu, ration_ns now);
/* Arm the CPU's timer for what comes first: the port's, the lists', v's own (or NULL). */
void timer_arm(struct cpu *cpu, const struct vcpu *v);

#endif
