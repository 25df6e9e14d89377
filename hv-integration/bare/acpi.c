/* SPDX-License-Identifier: BSD-2-Clause */
#include "acpi.h"

#include "text.h"

#define RSDP_BEGIN 0xE0000u
#define RSDP_END   0x100000u

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
} __attribute__((packed));

static uint8_t acpi_total(const void *bytes, size_t length)
{
	const uint8_t *b = bytes;
	uint8_t total = 0;

	while (length-- != 0)
		total = (uint8_t)(total + *b++);
	return total;
}

void acpi_sum(void *table, size_t length, uint8_t *at)
{
	*at = 0;
	*at = (uint8_t)(0 - acpi_total(table, length));
}

static const struct acpi_header *acpi_rsdt(void)
{
	uintptr_t at;

	for (at = RSDP_BEGIN; at < RSDP_END; at += 16) {
		const struct acpi_rsdp *rsdp = (const void *)at;

		if (memcmp(rsdp->signature, "RSD PTR ", 8) == 0 &&
		    acpi_total(rsdp, sizeof(*rsdp)) == 0)
			return (const void *)(uintptr_t)rsdp->rsdt;
	}
	return NULL;
}

const struct acpi_header *acpi_find(const char *signature)
{
	const struct acpi_header *rsdt = acpi_rsdt(), *table;
	uint32_t i, count;

	if (rsdt == NULL || rsdt->length < sizeof(*rsdt))
		return NULL;
	count = (rsdt->length - (uint32_t)sizeof(*rsdt)) / 4;
	for (i = 0; i < count; i++) {
		uint32_t at;

		memcpy(&at, (const uint8_t *)(rsdt + 1) + i * 4, sizeof(at));
		table = (const void *)(uintptr_t)at;
		if (memcmp(table->signature, signature, 4) == 0 &&
		    acpi_total(table, table->length) == 0)
			return table;
	}
	return NULL;
}

uint64_t acpi_apic_base(void)
{
	const struct acpi_header *madt = acpi_find("APIC");
	uint32_t base = 0xFEE00000u;

	if (madt != NULL && madt->length >= sizeof(*madt) + sizeof(base))
		memcpy(&base, madt + 1, sizeof(base));
	return base;
}
