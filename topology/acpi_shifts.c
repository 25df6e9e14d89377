/* SPDX-License-Identifier: BSD-2-Clause */
/* acpi_shifts.c - how an APIC id is taken apart: what CPUID says of it. */
#include "acpi_shifts.h"

#define SHIFT_MAX 31u

#define LEAF_EXTENDED 0x80000000u

enum shifts_vendor {
	VENDOR_OTHER,
	VENDOR_AMD          /* or one that kept its leaves */
};

struct shifts_reader {
	const struct ration_cpuid *leaf;
	uint32_t count;
	enum shifts_vendor vendor;
	uint32_t last, last_extended;    /* the highest leaf of either range */
};

static struct ration_cpuid shifts_raw(const struct shifts_reader *r, uint32_t leaf,
                                      uint32_t subleaf)
{
	struct ration_cpuid none = { leaf, subleaf, 0, 0, 0, 0 };

	for (uint32_t i = 0; i < r->count; i++)
		if (r->leaf[i].leaf == leaf && r->leaf[i].subleaf == subleaf)
			return r->leaf[i];
	return none;
}

/* Zeros for a leaf that the processor does not have: some answer with another one then. */
static struct ration_cpuid shifts_leaf(const struct shifts_reader *r, uint32_t leaf,
                                       uint32_t subleaf)
{
	struct ration_cpuid none = { leaf, subleaf, 0, 0, 0, 0 };

	if (leaf > (leaf < LEAF_EXTENDED ? r->last : r->last_extended))
		return none;
	return shifts_raw(r, leaf, subleaf);
}

/* The bits that number `count` things. */
static uint32_t shifts_bits(uint32_t count)
{
	uint32_t bits = 0;

	while (bits < SHIFT_MAX && ((uint64_t)1 << bits) < count)
		bits++;
	return bits;
}

static bool shifts_has_extensions(const struct shifts_reader *r)
{
	return r->vendor == VENDOR_AMD && (shifts_leaf(r, 0x80000001, 0).ecx >> 22 & 1) != 0;
}

/* Leaf 0xB: a level of threads (type 1), then of cores (2), each with the shift
 * to the next one.  False: it is not there. */
static bool shifts_by_levels(const struct shifts_reader *r, struct acpi_shifts *shifts)
{
	bool found = false;

	for (uint32_t i = 0; i < 3; i++) {
		struct ration_cpuid level = shifts_leaf(r, 0xB, i);
		uint32_t type = level.ecx >> 8 & 0xFF, shift = level.eax & 31;

		if (type == 0 || (level.ebx & 0xFFFF) == 0)
			break;
		found = true;
		if (type == 1)
			shifts->core = shift;
		if (shift > shifts->package)
			shifts->package = shift;
	}
	return found;
}

/* Before leaf 0xB: counts, from which the bits follow. */
static void shifts_by_counts(const struct shifts_reader *r, struct acpi_shifts *shifts)
{
	struct ration_cpuid first = shifts_leaf(r, 1, 0), sizes = shifts_leaf(r, 0x80000008, 0);
	bool is_many = (first.edx >> 28 & 1) != 0;
	uint32_t cores;

	if (!is_many)
		return;
	shifts->package = shifts_bits(first.ebx >> 16 & 0xFF);
	if (r->vendor == VENDOR_AMD) {
		if ((sizes.ecx >> 12 & 15) != 0)
			shifts->package = sizes.ecx >> 12 & 15;
		else if ((sizes.ecx & 0xFF) != 0)
			shifts->package = shifts_bits((sizes.ecx & 0xFF) + 1);
		if (shifts_has_extensions(r))
			shifts->core = shifts_bits((shifts_leaf(r, 0x8000001E, 0).ebx >> 8 & 0xFF) + 1);
		return;
	}
	cores = shifts_bits((shifts_leaf(r, 4, 0).eax >> 26) + 1);
	shifts->core = shifts->package > cores ? shifts->package - cores : 0;
}

/* Leaf 4 and 8000_001D have one form: type (1 data, 3 unified), level, and how
 * many ids share the cache. */
static void shifts_caches(const struct shifts_reader *r, struct acpi_shifts *shifts)
{
	uint32_t leaf = shifts_has_extensions(r) ? 0x8000001D : 4;
	bool found = false;

	for (uint32_t i = 0; i < 5; i++) {
		uint32_t eax = shifts_leaf(r, leaf, i).eax, type = eax & 31;
		uint32_t bits = shifts_bits((eax >> 14 & 0xFFF) + 1);

		if (type == 0)
			break;
		if ((type != 1 && type != 3) || (eax >> 5 & 7) < 3 || bits > shifts->package)
			continue;
		if (!found || bits > shifts->llc)
			shifts->llc = bits;
		found = true;
	}
	if (!found)
		shifts->llc = shifts->package;
}

struct acpi_shifts ration_acpi__shifts(const struct ration_cpuid *leaf, uint32_t count)
{
	struct shifts_reader r = { leaf, count, VENDOR_OTHER, 0, 0 };
	struct acpi_shifts shifts = { 0, 0, 0 };
	struct ration_cpuid name = shifts_raw(&r, 0, 0);

	r.last = name.eax;
	r.last_extended = shifts_raw(&r, LEAF_EXTENDED, 0).eax;
	/* "AuthenticAMD", "HygonGenuine": by their middle words. */
	if (name.edx == 0x69746E65 || name.edx == 0x6E65476E)
		r.vendor = VENDOR_AMD;
	if (r.last == 0)
		shifts.package = SHIFT_MAX;
	else if (!shifts_by_levels(&r, &shifts))
		shifts_by_counts(&r, &shifts);
	if (shifts.core > shifts.package)
		shifts.core = shifts.package;
	shifts_caches(&r, &shifts);
	if (shifts.llc < shifts.core)
		shifts.llc = shifts.core;
	return shifts;
}
