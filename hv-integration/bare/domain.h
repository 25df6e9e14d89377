/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain.h - how domains come, end, and begin anew.
 *
 * All but domain_end() and the input are called with hv.admin held.  A domain that
 * ends or resets is paused first; when no CPU has a context of it, domain_settle() does the rest.
 */
#ifndef DOMAIN_H
#define DOMAIN_H

#include "ration_reason.h"
#include "vcpu.h"

/* Ports that its ACPI tables name. */
#define PORT_SLEEP  0x600u
#define SLEEP_S5    0x34u              /* type 5, enable */
#define PORT_POWER  0x604u
#define PORT_RESET  0xCF9u

extern struct domain domain_list[DOMAIN_MAX];

/* By name; NULL: there is none. */
struct domain *domain_find(const char *name);

/* Make it and let it run.  NULL, or why not, valid until the next call. */
const char *domain_create(const struct domain_config *config);

/* What the library refused to WHAT, and why, as a sentence; valid until the next call. */
const char *domain_refused(const char *what, int status, const struct ration_refusal *why);

/* It ends or resets, and why: from any CPU, with or without the lock. */
void domain_end(struct domain *d, enum domain_state state, const char *why);

/* Go on with those that end or reset; true: some are not done yet. */
bool domain_settle(void);
bool domain_is_any(void);
/* Its vCPUs wait until as many calls let them go on; under hv.admin. */
void domain_pause(struct domain *d, bool pause);

/* The vCPU runs, or a CPU holds its context. */
bool domain_vcpu_is_on_cpu(const struct vcpu *v);

/* Under d->lock.  It printed a byte.  What it printed from byte *from on, at most `size`
 * of it; *from is set to the first that is still there. */
void domain_output_put(struct domain *d, char c);
uint32_t domain_output_read(const struct domain *d, uint64_t *from, uint8_t *to, uint32_t size);
/* Typed input: a byte for it, if there is room; the next one, 0 if none; is there one? */
bool domain_input_put(struct domain *d, uint8_t byte);
uint8_t domain_input_take(struct domain *d);
uint32_t domain_input_is_there(const struct domain *d);

/* ---- image.c, guest_acpi.c ----------------------------------------------- */

/* Put image, tables and what else it needs into the memory, and vCPU 0 at its entry. */
const char *image_load(struct domain *d);
/* The address of the RSDP. */
uint64_t guest_acpi_write(struct domain *d);

#endif
