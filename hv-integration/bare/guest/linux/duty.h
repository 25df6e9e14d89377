/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * duty.h - the one program, beside busybox, in the initramfs of the Linux guests.
 *
 * `duty JOB [ARG]...`: see main.c.  It is an ordinary static process; its calls to the
 * hypervisor are made from ring 3.  Without the hypervisor (plain QEMU, or a desk)
 * the console is standard output, the time the system's, and the ledger empty.
 */
#ifndef DUTY_H
#define DUTY_H

#include "guest_call.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

/* What the hypervisor books of this domain, or of one vCPU; `now` is its time. */
struct duty_books {
	uint64_t now_ns, running_ns, waiting_ns, blocked_ns, down_ns;
};
void duty_books_get(uint64_t vcpu, struct duty_books *books);
uint64_t duty_now(void);
/* Sleep until the hypervisor's time is `at_ns`. */
void duty_sleep_until(uint64_t at_ns);

/* "10ms", "2s", "500us"; ends the program if it is something else. */
uint64_t duty_time(const char *text);
/* Run before every other process of this guest, on one vCPU if `cpu` is not -1. */
void duty_first(int cpu);
_Noreturn void duty_die(const char *what);

int duty_burn(int argc, char **argv);
int duty_busy(int argc, char **argv);
int duty_periodic(int argc, char **argv);
int duty_say(int argc, char **argv);
int duty_screen(int argc, char **argv);

#endif
