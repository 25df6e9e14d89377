/* SPDX-License-Identifier: BSD-2-Clause */
/* acpi_shifts.h - how an APIC id is taken apart. */
#ifndef ACPI_SHIFTS_H
#define ACPI_SHIFTS_H

#include "ration_acpi.h"

/* Bits of an APIC id below the number of its core, last-level cache, package:
 * core <= llc <= package <= 31. */
struct acpi_shifts {
	uint32_t core, llc, package;
};

/* What CPUID says; where it says nothing, every APIC id is a core of one package. */
struct acpi_shifts ration_acpi__shifts(const struct ration_cpuid *leaf, uint32_t count);

#endif
