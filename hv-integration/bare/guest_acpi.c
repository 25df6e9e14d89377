/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's ACPI tables, for hardware-reduced ACPI (specification 5.0 and later): the vCPUs,
 * a way to power off and to reset, and nothing else.
 */
#include "acpi.h"
#include "domain.h"
#include "text.h"

#define TABLES 0xE0000u                /* RSDP, XSDT, FADT, MADT, DSDT: 0x100, 0x200 .. on */

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t checksum2, reserved[3];
} __attribute__((packed));

struct acpi_address {
	uint8_t space, width, offset, access;  /* space 1: ports */
	uint64_t address;
} __attribute__((packed));

struct fadt {
	struct acpi_header header;
	uint32_t facs, dsdt;
	uint8_t reserved1[109 - 44];
	uint16_t boot_flags;               /* at 109 */
	uint8_t reserved2;
	uint32_t flags;                    /* at 112 */
	struct acpi_address reset;
	uint8_t reset_value;
	uint16_t arm_flags;
	uint8_t minor;
	uint64_t facs64, dsdt64;           /* at 132 */
	uint8_t reserved3[244 - 148];
	struct acpi_address sleep_control, sleep_status;
} __attribute__((packed));

_Static_assert(__builtin_offsetof(struct fadt, flags) == 112, "flags");
_Static_assert(__builtin_offsetof(struct fadt, dsdt64) == 140, "dsdt64");
_Static_assert(sizeof(struct fadt) == 268, "FADT 5");

#define FADT_WBINVD      (1u << 0)
#define FADT_RESET       (1u << 10)
#define FADT_HW_REDUCED  (1u << 20)
#define BOOT_NO_VGA      (1u << 2)
#define BOOT_NO_CMOS     (1u << 5)

/* Name(_S5, Package() { 5, 5, 0, 0 }) */
static const uint8_t dsdt_code[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04,
	                                 0x0A, 0x05, 0x0A, 0x05, 0x00, 0x00 };

static void table_write(struct domain *d, uint64_t gpa, const char *signature, uint8_t revision,
                        void *table, uint32_t length)
{
	struct acpi_header *h = table;

	memcpy(h->signature, signature, 4);
	h->length = length;
	h->revision = revision;
	memcpy(h->oem, "RATION", 6);
	memcpy(h->oem_table, "LIBRATION", 8);
	h->oem_revision = 1;
	memcpy(&h->creator, "RATN", 4);
	h->creator_revision = 1;
	acpi_sum(table, length, &h->checksum);
	(void)npt_write(d, gpa, table, length);
}

static void fadt_write(struct domain *d, uint64_t gpa, uint64_t dsdt)
{
	struct fadt f;

	memset(&f, 0, sizeof(f));
	f.dsdt = (uint32_t)dsdt;
	f.dsdt64 = dsdt;
	f.boot_flags = BOOT_NO_VGA | BOOT_NO_CMOS;
	f.flags = FADT_WBINVD | FADT_RESET | FADT_HW_REDUCED;
	f.reset = (struct acpi_address){ 1, 8, 0, 1, PORT_RESET };
	f.reset_value = 6;
	f.sleep_control = (struct acpi_address){ 1, 8, 0, 1, PORT_SLEEP };
	f.sleep_status = (struct acpi_address){ 1, 8, 0, 1, PORT_SLEEP + 1 };
	table_write(d, gpa, "FACP", 5, &f, sizeof(f));
}

static void madt_write(struct domain *d, uint64_t gpa)
{
	uint8_t table[sizeof(struct acpi_header) + 8 + 8 * DOMAIN_VCPU_MAX];
	uint8_t *at = table + sizeof(struct acpi_header);
	uint32_t i, base = 0xFEE00000u;

	memset(table, 0, sizeof(table));
	memcpy(at, &base, sizeof(base));
	at += 8;
	for (i = 0; i < d->config.vcpu_count; i++, at += 8) {
		at[1] = 8;
		at[2] = at[3] = (uint8_t)i;
		at[4] = 1;
	}
	table_write(d, gpa, "APIC", 3, table, (uint32_t)(at - table));
}

uint64_t guest_acpi_write(struct domain *d)
{
	uint64_t xsdt = TABLES + 0x100, fadt = TABLES + 0x200, madt = TABLES + 0x400,
	         dsdt = TABLES + 0x600;
	struct {
		struct acpi_header header;
		uint64_t table[2];
	} __attribute__((packed)) x;
	uint8_t code[sizeof(struct acpi_header) + sizeof(dsdt_code)];
	struct rsdp r;

	memset(code, 0, sizeof(code));
	memcpy(code + sizeof(struct acpi_header), dsdt_code, sizeof(dsdt_code));
	table_write(d, dsdt, "DSDT", 2, code, sizeof(code));
	fadt_write(d, fadt, dsdt);
	madt_write(d, madt);
	memset(&x, 0, sizeof(x));
	x.table[0] = fadt;
	x.table[1] = madt;
	table_write(d, xsdt, "XSDT", 1, &x, sizeof(x));
	memset(&r, 0, sizeof(r));
	memcpy(r.signature, "RSD PTR ", 8);
	memcpy(r.oem, "RATION", 6);
	r.revision = 2;
	r.length = sizeof(r);
	r.xsdt = xsdt;
	acpi_sum(&r, 20, &r.checksum);
	acpi_sum(&r, sizeof(r), &r.checksum2);
	(void)npt_write(d, TABLES, &r, sizeof(r));
	return TABLES;
}
