/* SPDX-License-Identifier: BSD-2-Clause */
/* machine.h - the machine as ration_acpi.h reads it, and its printed form. */
#ifndef MACHINE_H
#define MACHINE_H

#include "ration_acpi.h"

/* The model, and the APIC id of each CPU; second threads are off line where smt is false.
 * What the firmware says and nobody can read is left out, and said. */
const struct ration_acpi_machine *machine_read(uint32_t maxcpus, bool smt, uint32_t boot_apic_id);

/* The model, for the instance; CPUs that did not come up are marked here before. */
struct ration_topology *machine_model(void);

/*
 *      (hv) topology: 8 CPUs, 4 cores, 2 caches, 2 packages, 2 nodes
 *      (hv) topology cpu=0 apic=0 core=0 llc=0 package=0 node=0 online=1
 *      (hv) topology node=0 distances=10,21
 */
void machine_print(void);

#endif
