/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images: Linux by its 64-bit boot protocol (as the kernel's documentation describes it),
 * and static ELF64.  Nothing of an image is trusted: each offset is held against its size.
 */
#include "domain.h"
#include "module.h"
#include "text.h"

/* Where things lie in the guest until it has its own. */
#define BOOT_GDT     0x1000u
#define BOOT_PML4    0x2000u           /* then one pointer table, four directories */
#define BOOT_STACK   0x9000u
#define BOOT_LINE    0x9000u
#define BOOT_PARAMS  0xA000u
#define LINUX_ADDRESS 0x1000000u
#define LOW_END      0x9FC00u

/* boot_params */
#define BP_RSDP      0x070u
#define BP_E820_COUNT 0x1E8u
#define BP_HEADER    0x1F1u
#define BP_E820      0x2D0u
#define BP_LOADER    0x210u
#define BP_INITRD    0x218u
#define BP_INITRD_SIZE 0x21Cu
#define BP_LINE      0x228u
#define BP_INIT_SIZE 0x260u
#define BP_XLOADFLAGS 0x236u
#define BP_SIZE      0x1000u

struct e820 {
	uint64_t base, length;
	uint32_t type;                     /* 1 usable, 2 reserved, 3 ACPI */
} __attribute__((packed));

static uint32_t get16(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) | get16(at + 2) << 16;
}

static uint64_t get64(const uint8_t *at)
{
	return get32(at) | (uint64_t)get32(at + 4) << 32;
}

static void put32(uint8_t *at, uint64_t value)
{
	uint32_t word = (uint32_t)value;

	memcpy(at, &word, sizeof(word));
}

/* ---- What both kinds find ---------------------------------------------- */

static uint64_t image_memory_end(const struct domain *d)
{
	return (uint64_t)d->config.mem_mib << 20;
}

static void image_e820(const struct domain *d, uint8_t *params)
{
	const struct e820 map[4] = {
		{ 0, LOW_END, 1 },
		{ LOW_END, 0xE0000 - LOW_END, 2 },
		{ 0xE0000, 0x20000, 3 },
		{ 0x100000, image_memory_end(d) - 0x100000, 1 }
	};

	memcpy(params + BP_E820, map, sizeof(map));
	params[BP_E820_COUNT] = 4;
}

/* Page tables for the lowest 4 GiB, and a GDT. */
static bool image_tables(struct domain *d)
{
	static const uint64_t gdt[4] = { 0, 0, 0x00AF9B000000FFFFull, 0x00CF93000000FFFFull };
	uint64_t entry[512], i, k;
	bool good = npt_write(d, BOOT_GDT, gdt, sizeof(gdt));

	memset(entry, 0, sizeof(entry));
	entry[0] = BOOT_PML4 + PAGE_SIZE + 7;
	good &= npt_write(d, BOOT_PML4, entry, sizeof(entry));
	for (i = 0; i < 4; i++)
		entry[i] = BOOT_PML4 + (2 + i) * PAGE_SIZE + 7;
	good &= npt_write(d, BOOT_PML4 + PAGE_SIZE, entry, sizeof(entry));
	for (k = 0; k < 4; k++) {
		for (i = 0; i < 512; i++)
			entry[i] = (k * 512 + i) * LARGE_SIZE + 0x83;
		good &= npt_write(d, BOOT_PML4 + (2 + k) * PAGE_SIZE, entry, sizeof(entry));
	}
	return good;
}

static void image_segment(struct vmcb_segment *s, uint16_t selector, uint16_t attributes)
{
	s->selector = selector;
	s->attributes = attributes;
	s->limit = UINT32_MAX;
	s->base = 0;
}

/* vCPU 0 stands at the entry, in long mode. */
static void image_enter(struct domain *d, uint64_t entry)
{
	struct vcpu *v = d->vcpu[0];
	struct vmcb *b = v->vmcb;

	image_segment(&b->cs, CODE_SELECTOR, SEGMENT_CODE64);
	image_segment(&b->ds, DATA_SELECTOR, SEGMENT_DATA);
	b->es = b->ss = b->fs = b->gs = b->ds;
	b->gdtr.base = BOOT_GDT;
	b->gdtr.limit = 31;
	b->cr3 = BOOT_PML4;
	b->cr4 = 0x620;                    /* PAE, FXSR */
	b->cr0 = 0x80010033;
	b->efer = EFER_LME | EFER_LMA | EFER_SVME;
	b->rip = entry;
	b->rsp = BOOT_STACK;
	v->reg[6] = BOOT_PARAMS;
	v->waits_for_sipi = false;
}

/* Into the upper end of the memory, whole pages. */
static bool image_initrd(struct domain *d, uint8_t *params, uint64_t above)
{
	const struct module *m = d->config.initrd;
	uint64_t at = image_memory_end(d);

	if (m == NULL)
		return true;
	if (m->size > at || at - m->size < above + PAGE_SIZE)
		return false;
	at = (at - m->size) & ~(uint64_t)(PAGE_SIZE - 1);
	put32(params + BP_INITRD, at);
	put32(params + BP_INITRD_SIZE, m->size);
	return npt_write(d, at, m->bytes, m->size);
}

static bool image_line(struct domain *d, uint8_t *params, bool is_linux)
{
	char line[DOMAIN_LINE_SIZE + 64];
	size_t length = 0;

	if (is_linux)
		length = text_print(line, sizeof(line), "tsc=reliable tsc_early_khz=%u ", clock_khz());
	(void)text_copy(line + length, sizeof(line) - length, d->config.line);
	put32(params + BP_LINE, BOOT_LINE);
	return npt_write(d, BOOT_LINE, line, text_length(line) + 1);
}

/*
 * What a BIOS has at F000:FFF0, where kernels go in real mode to restart the machine: with
 * reduced hardware and no EFI, Linux 6 knows no other way.  MOV AL,6; MOV DX,CF9; OUT; HLT.
 */
static bool image_restart(struct domain *d)
{
	static const uint8_t code[] = { 0xB0, 0x06, 0xBA, PORT_RESET & 0xFF, PORT_RESET >> 8, 0xEE,
		                            0xF4 };

	return npt_write(d, 0xFFFF0, code, sizeof(code));
}

/* The rest, once image and header are in place. */
static const char *image_finish(struct domain *d, uint8_t *params, uint64_t above, uint64_t entry)
{
	uint64_t rsdp = guest_acpi_write(d);

	image_e820(d, params);
	memcpy(params + BP_RSDP, &rsdp, sizeof(rsdp));
	if (!image_initrd(d, params, above))
		return "the initrd does not fit into its memory";
	if (!image_line(d, params, d->config.image->kind == MODULE_LINUX) || !image_tables(d) ||
	    !image_restart(d) || !npt_write(d, BOOT_PARAMS, params, BP_SIZE))
		return "its memory is too small";
	image_enter(d, entry);
	return NULL;
}

/* ---- Linux ------------------------------------------------------------- */

static const char *image_linux(struct domain *d)
{
	const struct module *m = d->config.image;
	uint8_t params[BP_SIZE];
	uint64_t setup, header_end;

	setup = ((uint64_t)(m->bytes[BP_HEADER] != 0 ? m->bytes[BP_HEADER] : 4) + 1) * 512;
	header_end = 0x202u + m->bytes[0x201];
	if (get16(m->bytes + 0x206) < 0x20C || (m->bytes[BP_XLOADFLAGS] & 1) == 0)
		return "this kernel has no 64-bit entry";
	if (setup >= m->size || header_end > 0x290)
		return "this kernel is cut off";
	memset(params, 0, sizeof(params));
	memcpy(params + BP_HEADER, m->bytes + BP_HEADER, header_end - BP_HEADER);
	params[BP_LOADER] = 0xFF;
	if (LINUX_ADDRESS + (uint64_t)get32(m->bytes + BP_INIT_SIZE) > image_memory_end(d) ||
	    !npt_write(d, LINUX_ADDRESS, m->bytes + setup, m->size - setup))
		return "its memory is too small for this kernel";
	return image_finish(d, params, LINUX_ADDRESS + get32(m->bytes + BP_INIT_SIZE),
	                    LINUX_ADDRESS + 0x200);
}

/* ---- ELF --------------------------------------------------------------- */

#define ELF_ENTRY   0x18u
#define ELF_PHOFF   0x20u
#define ELF_PHSIZE  0x36u
#define ELF_PHCOUNT 0x38u
#define PH_OFFSET   0x08u
#define PH_PADDR    0x18u
#define PH_FILE     0x20u
#define PH_MEMORY   0x28u

/* One segment; *end: the first byte above all of them. */
static bool image_elf_part(struct domain *d, const uint8_t *ph, uint64_t *end)
{
	const struct module *m = d->config.image;
	uint64_t offset = get64(ph + PH_OFFSET), at = get64(ph + PH_PADDR),
	         size = get64(ph + PH_FILE), whole = get64(ph + PH_MEMORY), top = image_memory_end(d);

	if (get32(ph) != 1 || whole == 0)
		return true;
	if (offset > m->size || size > m->size - offset || size > whole || at < 0x100000 ||
	    at > top || whole > top - at)
		return false;
	*end = at + whole > *end ? at + whole : *end;
	/* What begins anew finds its variables as they were. */
	return npt_write(d, at, m->bytes + offset, size) &&
	       npt_write(d, at + size, NULL, whole - size);
}

static const char *image_elf(struct domain *d)
{
	const struct module *m = d->config.image;
	uint64_t at = get64(m->bytes + ELF_PHOFF), size = get16(m->bytes + ELF_PHSIZE), i,
	         count = get16(m->bytes + ELF_PHCOUNT), end = 0x100000;
	uint8_t params[BP_SIZE];

	if (size < 56 || at > m->size || count * size > m->size - at)
		return "this ELF file is cut off";
	for (i = 0; i < count; i++)
		if (!image_elf_part(d, m->bytes + at + i * size, &end))
			return "a segment of this ELF file does not fit into its memory";
	memset(params, 0, sizeof(params));
	return image_finish(d, params, end, get64(m->bytes + ELF_ENTRY));
}

const char *image_load(struct domain *d)
{
	if (d->config.image->kind == MODULE_LINUX)
		return image_linux(d);
	return image_elf(d);
}
