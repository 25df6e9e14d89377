/* SPDX-License-Identifier: BSD-2-Clause */
/* module.h - the files that the boot loader handed over. */
#ifndef MODULE_H
#define MODULE_H

#include "ration_types.h"

#define MODULE_MAX 48u

enum module_kind { MODULE_DATA, MODULE_LINUX, MODULE_ELF, MODULE_SCRIPT };

struct module {
	const uint8_t *bytes;
	size_t size;
	const char *text;                  /* its line */
	char file[32];                     /* its name, without folders */
	enum module_kind kind;
};

extern struct module module_list[MODULE_MAX];
extern uint32_t module_count;

struct multiboot_info;

/* Take them over; returns the first byte above all of them. */
uint64_t module_init(const struct multiboot_info *info, uint64_t above);
const struct module *module_find(const char *file);

#endif
