/* SPDX-License-Identifier: BSD-2-Clause */
/* acpi.h - the tables of the machine's firmware. */
#ifndef ACPI_H
#define ACPI_H

#include "ration_types.h"

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

/* The table of that name, its checksum right; or NULL. */
const struct acpi_header *acpi_find(const char *signature);

/* Where the MADT says that the local APICs' registers are; else where they always are. */
uint64_t acpi_apic_base(void);

/* Put a checksum at `at`, so that all `length` bytes add up to 0. */
void acpi_sum(void *table, size_t length, uint8_t *at);

#endif
