/* SPDX-License-Identifier: BSD-2-Clause */
/* multiboot.h - what the boot loader hands over (Multiboot specification 0.6.96). */
#ifndef MULTIBOOT_H
#define MULTIBOOT_H

#include <stdint.h>

#define MULTIBOOT_LOADED  0x2BADB002u
#define MULTIBOOT_CMDLINE (1u << 2)
#define MULTIBOOT_MODULES (1u << 3)
#define MULTIBOOT_MEMORY  (1u << 6)

struct multiboot_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
};

struct multiboot_module {
	uint32_t begin, end, text, reserved;
};

struct multiboot_memory {
	uint32_t size;               /* of what follows */
	uint64_t base, length;
	uint32_t type;               /* 1: usable */
} __attribute__((packed));

#endif
