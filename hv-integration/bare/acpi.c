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

uint32_t acpi_apics(uint32_t ids[], uint32_t most, uint64_t *base)
{
	const struct acpi_header *madt = acpi_find("APIC");
	const uint8_t *at, *end;
	uint32_t count = 0, word;

	if (madt == NULL || madt->length < sizeof(*madt) + 8)
		return 0;
	memcpy(&word, madt + 1, sizeof(word));
	*base = word;
	at = (const uint8_t *)(madt + 1) + 8;
	end = (const uint8_t *)madt + madt->length;
	for (; at + 2 <= end && at[1] >= 2 && at + at[1] <= end; at += at[1])
		if (at[0] == 0 && at[1] >= 8 && (at[4] & 1) != 0 && count < most)
			ids[count++] = at[3];
	return count;
}
